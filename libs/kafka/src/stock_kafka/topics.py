"""The topic job: `python -m stock_kafka.topics` makes what is missing, by KAFKA_*. Safe to run again."""

from __future__ import annotations

import argparse
import sys
import time

from confluent_kafka.admin import AdminClient
from pydantic import Field

from stock_common.run import FatalError
from stock_common.settings import load_or_exit
from stock_common.topics import ALL
from stock_kafka.cluster import Unreachable, make
from stock_kafka.config import KafkaSettings

TRIES = 10


class TopicSettings(KafkaSettings):
    kafka_replication_factor: int = Field(1, ge=1, le=5, description="Copies of each partition: 3 on AWS.")


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m stock_kafka.topics",
        description="Makes the topics that are missing.",
        epilog="Example: KAFKA_BOOTSTRAP_SERVERS=localhost:9092 KAFKA_REPLICATION_FACTOR=1 python -m stock_kafka.topics",
    ).parse_args()
    settings = load_or_exit(TopicSettings)
    admin = AdminClient(settings.admin("topics"))
    for last in (*[False] * (TRIES - 1), True):
        try:
            made = make(admin, ALL, settings.kafka_replication_factor)
        except Unreachable as error:
            if last:
                print(f"Kafka at {settings.kafka_bootstrap_servers}: {error}", file=sys.stderr)
                return 1
            time.sleep(2)
        except FatalError as error:
            print(error, file=sys.stderr)
            return 1
        else:
            print(f"Topics made: {', '.join(made) or 'none, all were there'}.")
            return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

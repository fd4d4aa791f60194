"""The topic job: `python -m stock_kafka.topics` makes what is missing, by KAFKA_*. Safe to run again."""

from __future__ import annotations

from functools import partial

from confluent_kafka.admin import AdminClient
from pydantic import Field

from stock_common import cli, retry
from stock_common.printable import say
from stock_common.retry import Policy
from stock_common.run import FatalError, Stop
from stock_common.settings import load_or_exit
from stock_common.topics import ALL
from stock_kafka import connection
from stock_kafka.cluster import Made, Unreachable, make
from stock_kafka.config import KafkaSettings

BROKER_STARTS = Policy(first=2.0, longest=4.0, attempts=10)
"""A broker that has just started answers after a few seconds."""
RIGHTS = ({"topic": "stock-", "prefix": True, "allow": ["Create", "Describe", "DescribeConfigs"]},)
"""What the job's user may do, in the form of services.yaml."""
EXAMPLE = """\
example:
  KAFKA_BOOTSTRAP_SERVERS=localhost:9092 KAFKA_REPLICATION_FACTOR=1 python -m stock_kafka.topics
"""


class TopicSettings(KafkaSettings):
    kafka_replication_factor: int = Field(1, ge=1, le=5, description="Copies of each partition: 3 on AWS.")


def make_all(settings: TopicSettings) -> int:
    """Makes the topics and prints which, and what is not as asked for. Raises FatalError."""
    admin = AdminClient(settings.admin("topics"))

    def job() -> Made:
        connection.require(settings, "topics")
        return make(admin, ALL, settings.kafka_replication_factor)

    try:
        made = retry.call(job, BROKER_STARTS, retryable=Unreachable, wait=Stop().wait)
    except Unreachable as error:
        raise FatalError(f"Kafka at {settings.kafka_bootstrap_servers}: {error}") from None
    say(f"Topics made: {', '.join(made.topics) or 'none, all were there'}.")
    for note in made.notes:
        say(note)
    return 0


def main() -> int:
    cli.parser("python -m stock_kafka.topics", "Makes the topics that are missing.", EXAMPLE).parse_args()
    settings = load_or_exit(TopicSettings)
    return cli.run(partial(make_all, settings))


if __name__ == "__main__":
    raise SystemExit(main())

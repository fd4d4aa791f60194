"""The topic job: `python -m stock_kafka.topics` makes what is missing, by KAFKA_*. Safe to run again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import partial

from confluent_kafka.admin import AdminClient
from pydantic import Field

from stock_common import cli, retry
from stock_common.printable import say
from stock_common.retry import Policy
from stock_common.run import FatalError, Stop
from stock_common.settings import load_or_exit
from stock_common.topics import ALL
from stock_kafka import connection, rights
from stock_kafka.cluster import Made, Unreachable, make
from stock_kafka.config import KafkaSettings

BROKER_STARTS = Policy(first=2.0, longest=4.0, attempts=10)
"""A broker that has just started answers after a few seconds."""
RIGHTS = ({"topic": "stock-", "prefix": True, "allow": ["Create", "Describe", "DescribeConfigs"]},)
"""What the job's user may do, in the form of services.yaml."""
EXAMPLE = """\
examples:
  KAFKA_BOOTSTRAP_SERVERS=localhost:9092 KAFKA_REPLICATION_FACTOR=1 python -m stock_kafka.topics
  python -m stock_kafka.topics --grant '{"sf-loader": [{"topic": "stock-status", "allow": ["Write"]}]}'
"""


class TopicSettings(KafkaSettings):
    kafka_replication_factor: int = Field(1, ge=1, le=5, description="Copies of each partition: 3 on AWS.")


def granted(text: str) -> list[rights.Right]:
    """The rights that --grant names. Raises ArgumentTypeError."""
    try:
        return [right for user, entries in json.loads(text).items() for right in rights.of(user, entries)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise argparse.ArgumentTypeError(f"no JSON of users and rights ({error})") from None


def make_all(settings: TopicSettings, wanted: Sequence[rights.Right]) -> int:
    """Makes the topics and prints which, and what is not as asked for. Then the rights. Raises FatalError."""
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
    if wanted:
        _grant(admin, settings.kafka_sasl_username, wanted)
    return 0


def _grant(admin: AdminClient, own: str | None, wanted: Sequence[rights.Right]) -> None:
    if own is None:
        raise FatalError(
            "--grant needs a user of the job's own: set KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_."
        )
    # Its own are in the same request: from the first ACL on, nobody without one may change any.
    rights.grant(admin, [*rights.administrator(own), *rights.of(own, RIGHTS), *wanted])
    say(f"Rights granted: {', '.join(_users(wanted))}. The cluster is {own}'s to administer.")


def _users(wanted: Iterable[rights.Right]) -> list[str]:
    return sorted({right.user for right in wanted})


def main() -> int:
    parser = cli.parser("python -m stock_kafka.topics", "Makes the topics that are missing.", EXAMPLE)
    parser.add_argument(
        "--grant",
        metavar="JSON",
        type=granted,
        default=[],
        help="user: rights, as services.yaml writes them. Grants them, and the job's user the cluster",
    )
    given = parser.parse_args()
    settings = load_or_exit(TopicSettings)
    return cli.run(partial(make_all, settings, given.grant))


if __name__ == "__main__":
    raise SystemExit(main())

"""How many quotes each stage holds, from Kafka's end offsets and the services' `stock-status` messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from stock_common.deadline import Deadline
from stock_common.status import ChainStatus, LoaderStatus, Status
from stock_common.topics import QUOTES, SUNK
from stock_kafka.cluster import offsets
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import read
from stock_kafka.status import StatusReader

CATCH_UP_SECONDS = 10.0
"""Kept data hold a state of each minute of earlier runs, and the first of them say nothing of now."""
Place = tuple[str, int]
"""(topic, partition)."""
PLACES: tuple[Place, ...] = tuple(
    (topic.name, partition) for topic in SUNK for partition in range(topic.partitions)
)


@dataclass(frozen=True)
class Counts:
    """End offsets of each partition in the three stages: the next offset to come.

    newest: the broker's time of the newest row in Snowflake.
    """

    kafka: Mapping[Place, int]
    s3: Mapping[Place, int]
    snowflake: Mapping[Place, int]
    newest: datetime | None = None

    def quotes(self, stage: Mapping[Place, int]) -> int:
        return sum(end for (topic, _), end in stage.items() if topic == QUOTES.name)

    def drained(self) -> bool:
        """Whether everything in Kafka is on S3 and in Snowflake."""
        return all(
            self.s3.get(place, 0) >= end and self.snowflake.get(place, 0) >= end
            for place, end in self.kafka.items()
        )


def stages(states: Iterable[Status], ends: Mapping[Place, int]) -> Counts:
    """Counts from the services' status messages and Kafka's end offsets."""
    s3: dict[Place, int] = {}
    snowflake: dict[Place, int] = {}
    times: list[datetime] = []
    for state in states:
        if isinstance(state, ChainStatus):
            s3[state.topic, state.partition] = state.last_offset + 1
        elif isinstance(state, LoaderStatus):
            for part in state.partitions:
                snowflake[part.topic, part.partition] = part.last_offset + 1
                if part.topic == QUOTES.name and part.last_kafka_time is not None:
                    times.append(part.last_kafka_time)
    return Counts(ends, s3, snowflake, max(times, default=None))


class Progress:
    """Reads the counts of the cluster at `servers` (host:port)."""

    def __init__(self, servers: str) -> None:
        # Every setting is given here: the caller's environment may be about another cluster.
        given = {
            "kafka_bootstrap_servers": servers,
            "kafka_security_protocol": "PLAINTEXT",
            "log_level": "INFO",
        }
        settings = KafkaSettings.model_validate(given)
        self._admin = AdminClient(settings.admin("stack"))
        self._reader = StatusReader(settings, "stack")
        self._settings = settings

    def read(self, seconds: float) -> Counts:
        """The counts after listening for `seconds`, the first time until all states were read.

        Raises stock_kafka's Unreachable.
        """
        deadline = Deadline(CATCH_UP_SECONDS)
        self._reader.poll(seconds)
        while not self._reader.caught_up and not deadline.passed:
            self._reader.poll(seconds)
        return stages(
            self._reader.states.values(),
            {place: end for place, (_, end) in offsets(self._admin, PLACES).items()},
        )

    def faults(self) -> dict[Place, str]:
        """What the sinks say is wrong with a partition, as of the last `read`."""
        chains = (state for state in self._reader.states.values() if isinstance(state, ChainStatus))
        return {(chain.topic, chain.partition): chain.fault for chain in chains if chain.fault}

    def symbols(self, counts: Counts, seconds: float) -> int:
        """How many different symbols the quotes in Kafka have.

        Raises TimeoutError when they cannot be read in `seconds`, and stock_kafka's Unreachable.
        """
        deadline, found = Deadline(seconds), set[bytes]()
        consumer = Consumer(self._settings.reader("stack"))
        try:
            for (topic, partition), end in counts.kafka.items():
                if topic == QUOTES.name:
                    for message in read(consumer, topic, partition, 0, end):
                        found.add(message.key() or b"")
                        if deadline.passed:
                            raise TimeoutError(f"the quotes in Kafka could not be read in {seconds:.0f} s")
        finally:
            consumer.close()
        return len(found)

    def close(self) -> None:
        self._reader.close()

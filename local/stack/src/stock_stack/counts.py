"""How far the quotes have come: offsets in Kafka, on S3 and in Snowflake, as the services publish them on `stock-status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_common.deadline import Deadline
from stock_common.status import ChainStatus, LoaderStatus, Status
from stock_common.topics import QUOTES, SUNK
from stock_kafka.cluster import offsets
from stock_kafka.config import KafkaSettings
from stock_kafka.status import StatusReader

Place = tuple[str, int]
"""(topic, partition)."""
PLACES: tuple[Place, ...] = tuple((topic.name, partition) for topic in SUNK for partition in range(topic.partitions))


@dataclass(frozen=True)
class Counts:
    """End offsets (next offset) of each partition in the three stages; `newest` is the broker's time of the newest row in Snowflake."""

    kafka: Mapping[Place, int]
    s3: Mapping[Place, int]
    snowflake: Mapping[Place, int]
    newest: datetime | None = None

    def quotes(self, stage: Mapping[Place, int]) -> int:
        return sum(end for (topic, _), end in stage.items() if topic == QUOTES.name)

    def drained(self) -> bool:
        """Everything in Kafka is on S3 and in Snowflake."""
        return all(self.s3.get(place, 0) >= end and self.snowflake.get(place, 0) >= end for place, end in self.kafka.items())


def stages(states: Iterable[Status], ends: Mapping[Place, int]) -> Counts:
    """The counts that status messages and Kafka's end offsets make together."""
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
        # All that could come from the caller's environment, which is about another cluster, is given.
        given = {"kafka_bootstrap_servers": servers, "kafka_security_protocol": "PLAINTEXT", "log_level": "INFO"}
        settings = KafkaSettings.model_validate(given)
        self._admin = AdminClient(settings.admin("stack"))
        self._reader = StatusReader(settings, "stack")
        self._config = settings.client("stack")

    def read(self, seconds: float) -> Counts:
        """The counts after listening for `seconds`. Raises stock_kafka's Unreachable when Kafka does not answer."""
        self._reader.poll(seconds)
        return stages(self._reader.states.values(), {place: end for place, (_, end) in offsets(self._admin, PLACES).items()})

    def symbols(self, counts: Counts, seconds: float) -> int:
        """How many different symbols the quotes in Kafka have. Raises TimeoutError when they cannot be read in `seconds`."""
        places = {place: end for place, end in counts.kafka.items() if place[0] == QUOTES.name and end}
        consumer = Consumer(
            self._config | {"group.id": "stack-count", "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True}
        )
        found: set[bytes] = set()
        deadline, left = Deadline(seconds), set(places)
        try:
            consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in places])
            while left:
                if deadline.passed:
                    raise TimeoutError(f"the quotes in Kafka could not be read in {seconds:.0f} s")
                for message in consumer.consume(1000, 1.0):
                    fault = message.error()
                    if fault is None:
                        found.add(message.key() or b"")
                    elif fault.code() == KafkaError._PARTITION_EOF:
                        left.discard((message.topic() or "", message.partition()))
                    else:
                        raise KafkaException(fault)
        finally:
            consumer.close()
        return len(found)

    def close(self) -> None:
        self._reader.close()

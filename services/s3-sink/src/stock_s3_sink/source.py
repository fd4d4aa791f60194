"""Kafka's adapter: consumes in batches by partition, and asks the sink where each assigned partition begins."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_common.run import FatalError
from stock_kafka import cluster
from stock_kafka.config import KafkaSettings
from stock_s3_sink.chunks import Records

Place = tuple[str, int]
"""(topic, partition)."""
PREFETCH_KILOBYTES = 16_384
FETCH_BACKOFF_MS = 10
"""A partition whose prefetch is full is looked at again after this; librdkafka's default of a second leaves the sink without records meanwhile."""
METADATA_MS = 30_000
"""A new topic or partition is found after this."""


class Listener(Protocol):
    """What the sink does when partitions come and go. All are called from within `consume` or `close`."""

    def assigned(self, places: list[Place]) -> Mapping[Place, int]:
        """The offset that each partition is to be read from."""
        ...

    def revoked(self, places: list[Place]) -> None:
        """Flush them, under a deadline: another sink has them afterwards."""
        ...

    def lost(self, places: list[Place]) -> None:
        """Another sink may have them already: put nothing."""
        ...


class Fetched(NamedTuple):
    """Records by partition, and partitions whose position the broker's log no longer has."""

    records: dict[Place, Records]
    out_of_range: set[Place]


class Source(Protocol):
    """What the loop needs of Kafka: `KafkaSource` is one."""

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None: ...
    def consume(self, count: int, seconds: float) -> Fetched: ...
    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]: ...
    def watermarks(self, place: Place) -> tuple[int, int]: ...
    def end(self, place: Place) -> int: ...
    def commit(self, positions: Mapping[Place, int], wait: bool) -> None: ...
    def reposition(self, place: Place, offset: int) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


_FATAL = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "the principal may not read the topic: grant READ and DESCRIBE",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the principal may not join the group: grant READ on KAFKA_GROUP",
    KafkaError._LOG_TRUNCATION: "the broker's log was cut back behind what was read: see docs/operations.md, 'log truncated'",
}


class KafkaSource:
    """One consumer of a group. Raises FatalError from any method where an operator must act."""

    def __init__(self, settings: KafkaSettings, group: str) -> None:
        config = settings.consumer("s3-sink", group) | {
            "queued.max.messages.kbytes": PREFETCH_KILOBYTES,
            "fetch.queue.backoff.ms": FETCH_BACKOFF_MS,
            "topic.metadata.refresh.interval.ms": METADATA_MS,
        }
        self._consumer = Consumer(config)
        self._admin = AdminClient(settings.admin("s3-sink-admin"))

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None:
        """Joins the group; the listener hears of partitions from then on."""

        def places(partitions: list[TopicPartition]) -> list[Place]:
            return [(tp.topic, tp.partition) for tp in partitions]

        def on_assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            offsets = listener.assigned(places(partitions))
            consumer.incremental_assign([TopicPartition(*place, offset) for place, offset in offsets.items()])

        def on_revoke(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            listener.revoked(places(partitions))
            consumer.incremental_unassign(partitions)

        def on_lost(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            listener.lost(places(partitions))
            consumer.incremental_unassign(partitions)

        self._consumer.subscribe(list(topics), on_assign=on_assign, on_revoke=on_revoke, on_lost=on_lost)

    def consume(self, count: int, seconds: float) -> Fetched:
        """What came within `seconds`, at most `count` records. Calls the listener when partitions come and go."""
        fetched = Fetched({}, set())
        groups: dict[Place, list[Message]] = {}
        for message in self._consumer.consume(count, seconds):
            error = message.error()
            if error is None:
                groups.setdefault((message.topic(), message.partition()), []).append(message)  # type: ignore[arg-type]
            else:
                self._fault(error, message, fetched)
        for place, messages in groups.items():
            fetched.records[place] = _records(place, messages)
        return fetched

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Topic → id, as the cluster says now. Raises cluster.Unreachable."""
        return {name: state.topic_id for name, state in cluster.describe(self._admin, topics).items()}

    def watermarks(self, place: Place) -> tuple[int, int]:
        """(first, end) of the log now. Raises cluster.Unreachable."""
        return cluster.watermarks(self._consumer, *place)

    def end(self, place: Place) -> int:
        """The log's end as the last fetch said, -1 when unknown. No request."""
        low_high = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        return low_high[1] if low_high else -1

    def require_append_time(self, topics: Iterable[str]) -> None:
        for topic in topics:
            cluster.require_append_time(self._admin, topic)

    def commit(self, positions: Mapping[Place, int], wait: bool) -> None:
        """Commits for lag tools only; nothing reads it back. A failure is of no consequence."""
        offsets = [TopicPartition(*place, offset) for place, offset in positions.items()]
        if offsets:
            with suppress(KafkaException):  # the group moved on; S3 decides where to read
                self._consumer.commit(offsets=offsets, asynchronous=not wait)

    def reposition(self, place: Place, offset: int) -> None:
        """Reads the assigned partition from `offset` on. A new assignment rather than a seek: what was fetched before is gone for certain."""
        self._consumer.incremental_unassign([TopicPartition(*place)])
        self._consumer.incremental_assign([TopicPartition(*place, offset)])

    def pause(self) -> None:
        self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(self._consumer.assignment())

    def close(self) -> None:
        """Leaves the group; calls the listener's `revoked`."""
        self._consumer.close()

    @staticmethod
    def _fault(error: KafkaError, message: Message, fetched: Fetched) -> None:
        code = error.code()
        if code in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            topic, partition = message.topic(), message.partition()
            if topic is None or partition is None:
                raise FatalError(f"Kafka: {error.str()}")
            fetched.out_of_range.add((topic, partition))
        elif code in _FATAL:
            raise FatalError(f"Kafka, {message.topic() or 'group'}: {_FATAL[code]}.")
        elif error.fatal():
            raise FatalError(f"Kafka: {error.str()}. The consumer cannot go on; start it again.")


def _records(place: Place, messages: list[Message]) -> Records:
    stamps = [message.timestamp() for message in messages]
    if any(kind != TIMESTAMP_LOG_APPEND_TIME for kind, _ in stamps):
        raise FatalError(f"Topic {place[0]} gives records their producer's time: set message.timestamp.type=LogAppendTime (kafka-configs --alter).")
    values = [message.value() or b"" for message in messages]
    offsets = array("q", [message.offset() for message in messages])  # type: ignore[list-item]
    epoch = messages[-1].leader_epoch()
    return Records(values, offsets, array("q", [time for _, time in stamps]), -1 if epoch is None else epoch, sum(map(len, values)))  # type: ignore[arg-type]

"""The adapter of Kafka: it consumes in batches, and asks the sink where an assigned partition resumes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from typing import Protocol

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from stock_kafka import cluster
from stock_kafka.closing import let_go
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import read_alone
from stock_s3_sink.cutter import NO_TIME, Records
from stock_s3_sink.fetched import Fetched, PartitionId, sort

PREFETCH_KILOBYTES = 16_384
FETCH_BACKOFF_MS = 10
"""After this time a partition whose prefetch was full is fetched again.

With librdkafka's default of a second the sink runs out of records.
"""
REREAD_SECONDS = 10.0
"""A broker that sends a fresh reader nothing for so long counts as unreachable."""
METADATA_MS = 30_000
"""A new topic or partition is found within this time."""


class Listener(Protocol):
    """What the sink does on a rebalance. Every method is called from within `consume` or `close`."""

    def assigned(self, partition_ids: list[PartitionId]) -> Mapping[PartitionId, int]:
        """The offset from which each partition is read."""
        ...

    def revoked(self, partition_ids: list[PartitionId]) -> None:
        """Flush the partitions, under a deadline: another sink owns them afterwards."""
        ...

    def lost(self, partition_ids: list[PartitionId]) -> None:
        """Put nothing: another sink may own the partitions already."""
        ...


class Source(Protocol):
    """What the loop needs of Kafka: `KafkaSource` is one."""

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None: ...
    def consume(self, count: int, seconds: float) -> Fetched: ...
    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]: ...
    def watermarks(self, partition_id: PartitionId) -> tuple[int, int]: ...
    def ends(self, partition_ids: Iterable[PartitionId]) -> dict[PartitionId, int]: ...
    def reread(self, partition_id: PartitionId, first: int, last: int, most: int) -> Records: ...
    def commit(self, positions: Mapping[PartitionId, int]) -> None: ...
    def hold(self, partition_id: PartitionId) -> None: ...
    def reposition(self, moved: Iterable[PartitionId], positions: Mapping[PartitionId, int]) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class KafkaSource:
    """One consumer of a group. Raises FatalError from any method where an operator must act."""

    def __init__(self, settings: KafkaSettings, group: str) -> None:
        config = settings.consumer("s3-sink", group) | {
            "queued.max.messages.kbytes": PREFETCH_KILOBYTES,
            "fetch.queue.backoff.ms": FETCH_BACKOFF_MS,
            "topic.metadata.refresh.interval.ms": METADATA_MS,
        }
        self._consumer = Consumer(config)
        self._reader_config = settings.reader("s3-sink-reread")
        self._admin = AdminClient(settings.admin("s3-sink-admin"))

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None:
        """Joins the group. The listener is called on every rebalance from then on."""

        def partition_ids(partitions: list[TopicPartition]) -> list[PartitionId]:
            return [(tp.topic, tp.partition) for tp in partitions]

        def on_assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            offsets = listener.assigned(partition_ids(partitions))
            self.reposition(offsets, offsets)

        def on_revoke(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            listener.revoked(partition_ids(partitions))
            consumer.unassign()

        def on_lost(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            listener.lost(partition_ids(partitions))
            consumer.unassign()

        self._consumer.subscribe(list(topics), on_assign=on_assign, on_revoke=on_revoke, on_lost=on_lost)

    def consume(self, count: int, seconds: float) -> Fetched:
        """The records that came within `seconds`, `count` at most. Calls the listener on a rebalance."""
        fetched = Fetched.empty()
        groups: dict[PartitionId, list[Message]] = {}
        for message in self._consumer.consume(count, seconds):
            error = message.error()
            if error is None:
                partition_id = (message.topic(), message.partition())
                groups.setdefault(partition_id, []).append(message)  # type: ignore[arg-type]
            else:
                sort(error, message, fetched)
        for partition_id, messages in groups.items():
            fetched.records[partition_id] = _records(messages)
        return fetched

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Topic → id, as the cluster reports now. Raises cluster.Unreachable."""
        return {name: state.topic_id for name, state in cluster.describe(self._admin, topics).items()}

    def watermarks(self, partition_id: PartitionId) -> tuple[int, int]:
        """(first, end) of the log now. Raises cluster.Unreachable."""
        return cluster.watermarks(self._consumer, *partition_id)

    def ends(self, partition_ids: Iterable[PartitionId]) -> dict[PartitionId, int]:
        """Each partition's end as the brokers say now, past the consumer. Raises cluster.Unreachable."""
        return cluster.ends(self._admin, partition_ids)

    def reread(self, partition_id: PartitionId, first: int, last: int, most: int) -> Records:
        """The records that a fresh consumer gets of `first..last`, the first `most` of them.

        Raises cluster.Unreachable, or stock_kafka.reader.Unreadable where the log cannot be read.
        """
        make = partial(Consumer, self._reader_config)
        with closing(read_alone(make, *partition_id, first, last + 1, REREAD_SECONDS)) as messages:
            return _records(list(islice(messages, most)))

    def require_append_time(self, topics: Iterable[str]) -> None:
        for topic in topics:
            cluster.require_append_time(self._admin, topic)

    def commit(self, positions: Mapping[PartitionId, int]) -> None:
        """Commits for lag tools, without a wait: a group that is being rebalanced may not answer.

        The sink never reads committed offsets, so a failure is ignored.
        """
        offsets = [TopicPartition(*partition_id, offset) for partition_id, offset in positions.items()]
        if offsets:
            with suppress(KafkaException):  # as after a rebalance
                self._consumer.commit(offsets=offsets, asynchronous=True)

    def hold(self, partition_id: PartitionId) -> None:
        """Delivers nothing of the partition until it is repositioned or all are resumed."""
        self._consumer.pause([TopicPartition(*partition_id)])

    def reposition(self, moved: Iterable[PartitionId], positions: Mapping[PartitionId, int]) -> None:
        """Reads each partition of this sink from its position on. What is held of `moved` is let go.

        A new assignment rather than a seek, because it discards what was fetched before. It is of all
        partitions, because the group's strategy has only whole assignments. A pause outlives an assignment,
        so it is taken back.
        """
        self._consumer.assign([TopicPartition(*each, offset) for each, offset in positions.items()])
        self._consumer.resume([TopicPartition(*each) for each in moved])

    def pause(self) -> None:
        self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(self._consumer.assignment())

    def close(self) -> None:
        """Leaves the group. Calls the listener's `revoked`, from another thread, while this one waits."""
        let_go(self._consumer)


def _records(messages: list[Message]) -> Records:
    """A record without the broker's own time gets NO_TIME: the topic's setting was changed for a moment."""
    stamps = [message.timestamp() for message in messages]
    values = [message.value() or b"" for message in messages]
    offsets = array("q", [message.offset() for message in messages])  # type: ignore[list-item]
    epoch = messages[-1].leader_epoch() if messages else None
    return Records(
        values,
        offsets,
        array("q", [time if kind == TIMESTAMP_LOG_APPEND_TIME else NO_TIME for kind, time in stamps]),
        -1 if epoch is None else epoch,
        sum(map(len, values)),
    )  # type: ignore[arg-type]

"""The cluster that the clients in memory share. Tests set it up, break it and look at it."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException

from stock_common.topics import Topic

Headers = Sequence[tuple[str, str | bytes | None]]
FIRST_TIME_MS = 1_795_000_000_000
"""The broker's time of the first record. Each later record is a millisecond later."""


class Record(NamedTuple):
    """A record in the log. `time_ms` is the broker's time, in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    time_ms: int


class Partition:
    """A partition's log: the records by offset, the first offset that it still has, and its end."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.first = 0
        self.end = 0

    def next_record(self, offset: int) -> Record | None:
        """The record at `offset`, or the next one after it where the offset holds none."""
        return next((self.records[at] for at in range(offset, self.end) if at in self.records), None)


class TopicLog:
    """A topic: its id as 32 hex digits, its partitions, and whether the broker stamps its records."""

    def __init__(self, partitions: int, topic_id: str, append_time: bool) -> None:
        self.topic_id = topic_id
        self.partitions = [Partition() for _ in range(partitions)]
        self.append_time = append_time


class Broker:
    """A cluster with the given topics.

    up: while it is False, no client reaches it. Messages wait in their producers.
    fault: while it is set, no message is taken, and every delivery report names this error.
    arrived: every record that was taken, in the order of arrival.
    """

    def __init__(self, *topics: Topic) -> None:
        self.up = True
        self.fault: KafkaError | None = None
        self.arrived: list[Record] = []
        self.topics: dict[str, TopicLog] = {}
        self.committed: dict[str, dict[tuple[str, int], int]] = {}
        for topic in topics:
            self.create(topic.name, topic.partitions)

    def create(
        self, topic: str, partitions: int = 1, topic_id: str | None = None, append_time: bool = True
    ) -> None:
        """Makes the topic, in place of one of the same name, under a new id unless one is given."""
        self.topics[topic] = TopicLog(partitions, topic_id or uuid.uuid4().hex, append_time)

    def append(
        self,
        topic: str,
        value: bytes | None,
        key: str | bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
        time_ms: int | None = None,
    ) -> Record:
        """Adds a record. Without a partition, the key decides. Raises KafkaException for an unknown place."""
        log = self.partitions(topic)
        number = zlib.crc32(_bytes(key) or b"") % len(log) if partition is None else partition
        if number >= len(log):
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        held, time = log[number], FIRST_TIME_MS + len(self.arrived) if time_ms is None else time_ms
        whole = [(name, _bytes(text)) for name, text in headers]
        record = Record(topic, number, held.end, value, _bytes(key), whole, time)
        held.records[held.end] = record
        held.end += 1
        self.arrived.append(record)
        return record

    def partitions(self, topic: str) -> list[Partition]:
        """The topic's partitions. Raises KafkaException for an unknown topic."""
        if topic not in self.topics:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC))
        return self.topics[topic].partitions

    def records(self, topic: str, partition: int | None = None) -> list[Record]:
        """What the topic, or one of its partitions, holds now: by partition, then by offset."""
        chosen = self.partitions(topic) if partition is None else [self.partitions(topic)[partition]]
        return [record for held in chosen for _, record in sorted(held.records.items())]

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """What retention does: the log then begins at `offset`."""
        self._remove(topic, partition, lambda record: record.offset < offset)
        self.partitions(topic)[partition].first = offset

    def delete_at(self, topic: str, partition: int, offsets: Iterable[int]) -> None:
        """What compaction does: these offsets then hold no record."""
        gone = frozenset(offsets)
        self._remove(topic, partition, lambda record: record.offset in gone)

    def _remove(self, topic: str, partition: int, is_gone: Callable[[Record], bool]) -> None:
        held = self.partitions(topic)[partition]
        held.records = {at: record for at, record in held.records.items() if not is_gone(record)}

    def require_up(self) -> None:
        """Raises KafkaException while the cluster is away."""
        if not self.up:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value

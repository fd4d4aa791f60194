"""A message as the clients in memory hand it out."""

from __future__ import annotations

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaError

from stock_kafka.testing.broker import Record


class MemoryMessage:
    """confluent_kafka.Message's methods over a record. With an error it is an event (a partition's end)."""

    def __init__(self, record: Record, error: KafkaError | None = None, append_time: bool = True) -> None:
        self._record = record
        self._error = error
        self._kind = TIMESTAMP_LOG_APPEND_TIME if append_time else TIMESTAMP_CREATE_TIME

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return self._record.topic

    def partition(self) -> int:
        return self._record.partition

    def offset(self) -> int:
        return self._record.offset

    def value(self) -> bytes | None:
        return self._record.value

    def key(self) -> bytes | None:
        return self._record.key

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return self._record.headers or None

    def timestamp(self) -> tuple[int, int]:
        return self._kind, self._record.time_ms

    def leader_epoch(self) -> int:
        return 0


def event(topic: str, partition: int, offset: int, code: int) -> MemoryMessage:
    """A message that only carries an error."""
    return MemoryMessage(Record(topic, partition, offset, None, None, [], 0), KafkaError(code))

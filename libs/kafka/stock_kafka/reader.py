"""Reading a partition from an offset to an end, outside of any consumer group.

Example, everything that a partition holds now:

    consumer = Consumer(settings.reader("auditor"))
    first, end = watermarks(consumer, topic, partition)
    for message in read(consumer, topic, partition, first, end):
        ...
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from stock_common.deadline import Deadline, Monotonic
from stock_kafka.closing import let_go
from stock_kafka.cluster import Unreachable

UNREADABLE = frozenset(
    {
        KafkaError._BAD_MSG,
        KafkaError._BAD_COMPRESSION,
        KafkaError._UNSUPPORTED_FEATURE,
        KafkaError._NOT_IMPLEMENTED,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.MSG_SIZE_TOO_LARGE,
    }
)
"""Errors of what is in the log: a wrong checksum, a broken or unknown codec, a message over the limit.

They come again and again, and the position does not go on.
"""
SILENT_SECONDS = 30.0
"""A broker that sends nothing for so long, although records are there, counts as unreachable."""
POLL_SECONDS = 1.0
MOST_MESSAGES = 500


class Unreadable(Exception):
    """What the log holds at `offset` cannot be read. The text says why."""

    def __init__(self, offset: int, text: str) -> None:
        super().__init__(text)
        self.offset = offset


class Expired(Unreachable):
    """The log does not have the offset: retention took it, or the log was cut back."""


def read(
    consumer: Consumer,
    topic: str,
    partition: int,
    first: int,
    end: int,
    clock: Monotonic = time.monotonic,
    silent_seconds: float = SILENT_SECONDS,
) -> Iterator[Message]:
    """The records with offsets from `first` to before `end`, in order. `end` is not beyond the log's end.

    Offsets that hold no record (compaction, transaction markers) are passed over. The consumer is assigned to
    this partition alone, and its configuration is `KafkaSettings.reader`'s, which reports a partition's end.
    Raises Unreachable when the broker is silent for `silent_seconds` or refuses to be read, and Unreadable.
    """
    if first >= end:
        return
    consumer.assign([TopicPartition(topic, partition, first)])
    position, deadline = first, Deadline(silent_seconds, clock)
    while position < end:
        if deadline.passed:
            raise Unreachable(f"{topic}/{partition} did not answer for {silent_seconds:.0f} s")
        for message in arrived(consumer):
            deadline = Deadline(silent_seconds, clock)
            position = _position_after(message, position)
            if message.error() is None and position <= end:
                yield message
            if position >= end:
                return  # what came with it is not asked for, and may be what cannot be read


def read_alone(
    make: Callable[[], Consumer],
    topic: str,
    partition: int,
    first: int,
    end: int,
    silent_seconds: float = SILENT_SECONDS,
) -> Generator[Message]:
    """Like `read`, by a client that is made for this range and closed at its end.

    No state of a client in use can leave a record out. Who stops before the end closes the generator
    (contextlib.closing), and with it the client.
    """
    consumer = make()
    try:
        yield from read(consumer, topic, partition, first, end, silent_seconds=silent_seconds)
    finally:
        let_go(consumer)


def _position_after(message: Message, position: int) -> int:
    """The offset to read next. The event of a partition's end carries it itself."""
    fault, offset = message.error(), message.offset() or 0
    if fault is None:
        return offset + 1
    if fault.code() in UNREADABLE:
        raise Unreadable(position, fault.str())
    if fault.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        raise Expired(f"{message.topic()}/{message.partition()} no longer has offset {position}")
    if fault.code() != KafkaError._PARTITION_EOF:
        raise Unreachable(f"cannot read {message.topic()}/{message.partition()}: {fault.str()}")
    return offset


def arrived(consumer: Consumer, seconds: float = POLL_SECONDS) -> list[Message]:
    """The messages that are there, waiting up to `seconds` for the first one.

    (`consume` alone waits for its whole timeout unless it gets as many messages as it was asked for.)
    """
    first = consumer.poll(seconds)
    return [] if first is None else [first, *consumer.consume(MOST_MESSAGES, 0)]

"""Producing messages and waiting, with a bound, until the broker has acknowledged each of them.

Example: `deliver(producer, [Outgoing("stock-dlq", value, key)], seconds=30.0)`
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stock_common.deadline import Deadline, Monotonic

ANY_PARTITION = -1
"""The producer's partitioner decides, by the key."""
POLL_SECONDS = 0.1
Headers = Sequence[tuple[str, str | bytes | None]]


class Outgoing(NamedTuple):
    """A message to send. Without a value, its key is forgotten in a compacted topic."""

    topic: str
    value: bytes | None
    key: str | bytes | None = None
    headers: Headers = ()
    partition: int = ANY_PARTITION


class Delivered(NamedTuple):
    """Where a message is."""

    partition: int
    offset: int


class Undelivered(Exception):
    """Some messages were not acknowledged in time, or were refused. Any of them may be there, now or later.

    delivered: the messages that were acknowledged, by their index.
    """

    def __init__(self, text: str, delivered: Mapping[int, Delivered]) -> None:
        super().__init__(text)
        self.delivered = delivered


def deliver(
    producer: Producer, messages: Sequence[Outgoing], seconds: float, clock: Monotonic = time.monotonic
) -> list[Delivered]:
    """Sends the messages in their order, and returns where each of them is when all are acknowledged.

    Blocks for `seconds` at most. Raises Undelivered. One thread at a time may use the producer.
    """
    deadline = Deadline(seconds, clock)
    delivered: dict[int, Delivered] = {}
    faults: list[KafkaError] = []

    def on_delivery(index: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            faults.append(error)
        else:
            delivered[index] = Delivered(message.partition() or 0, message.offset() or 0)

    for index, message in enumerate(messages):
        if not _queue(producer, message, partial(on_delivery, index), deadline, delivered):
            raise Undelivered(f"{message.topic}: the client's queue is full", delivered)
    while len(delivered) + len(faults) < len(messages) and not deadline.passed:
        producer.poll(POLL_SECONDS)
    if len(delivered) < len(messages):
        reason = faults[0].str() if faults else f"no answer within {seconds:.0f} s"
        count = f"{len(delivered)} of {len(messages)} messages delivered"
        raise Undelivered(f"{messages[0].topic}: {count}: {reason}", delivered)
    return [delivered[index] for index in range(len(messages))]


def _queue(
    producer: Producer,
    message: Outgoing,
    on_delivery: partial[None],
    deadline: Deadline,
    delivered: Mapping[int, Delivered],
) -> bool:
    """Hands the message to the client, which sends it. False when there is no room before the deadline."""
    while True:
        try:
            producer.produce(
                message.topic,
                message.value,
                message.key,
                partition=message.partition,
                headers=list(message.headers),
                on_delivery=on_delivery,
            )
            return True
        except BufferError:
            if deadline.passed:
                return False
            producer.poll(POLL_SECONDS)
        except KafkaException as error:
            # After a broker's start the client may not know the topic yet, and refuses the message itself.
            raise Undelivered(f"{message.topic}: {error.args[0].str()}", delivered) from None

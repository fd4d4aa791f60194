"""A producer over the broker in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError

from stock_kafka.testing.broker import Broker
from stock_kafka.testing.message import MemoryMessage

OnDelivery = Callable[[KafkaError | None, MemoryMessage | None], None]


class Waiting(NamedTuple):
    """A message in the client, and what is called with its report."""

    topic: str
    value: bytes | None
    key: str | bytes | None
    headers: Sequence[tuple[str, str | bytes | None]]
    partition: int | None
    on_delivery: OnDelivery


class MemoryProducer:
    """confluent_kafka.Producer's methods. A message reaches the broker at the next poll or flush.

    refusals: errors that the next calls of `produce` raise, first in, first out.
    reports: while it is False the broker takes messages, and their reports never come.
    """

    def __init__(self, broker: Broker, config: Mapping[str, Any] | None = None) -> None:
        self.broker = broker
        self.config = dict(config or {})
        self.waiting: list[Waiting] = []
        self.refusals: list[Exception] = []
        self.reports = True

    def produce(
        self,
        topic: str,
        value: bytes | None = None,
        key: str | bytes | None = None,
        partition: int = -1,
        on_delivery: OnDelivery | None = None,
        headers: Mapping[str, str | bytes | None] | Sequence[tuple[str, str | bytes | None]] = (),
    ) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.broker.up:
            self.broker.partitions(topic)
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        place = None if partition < 0 else partition
        self.waiting.append(Waiting(topic, value, key, pairs, place, on_delivery or (lambda *_: None)))

    def poll(self, timeout: float = 0) -> int:
        """Sends what waits, and calls the reports. Returns how many."""
        if not self.broker.up:
            return 0
        sent, self.waiting = self.waiting, []
        for message in sent:
            self._send(message)
        return len(sent)

    def flush(self, timeout: float = 0) -> int:
        """Sends what waits. Returns how many messages still do."""
        self.poll(timeout)
        return len(self.waiting)

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Drops what waits. Each report says so."""
        dropped, self.waiting = self.waiting if in_queue else [], [] if in_queue else self.waiting
        for message in dropped:
            message.on_delivery(KafkaError(KafkaError._PURGE_QUEUE), None)  # noqa: SLF001

    def __len__(self) -> int:
        return len(self.waiting)

    def _send(self, message: Waiting) -> None:
        fault, taken = self.broker.fault, None
        if fault is None:
            taken = MemoryMessage(self.broker.append(*message[:-1]))
        if self.reports:
            message.on_delivery(fault, taken)

"""Makes the auditor's Kafka clients."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from stock_common.run import FatalError
from stock_kafka import connection
from stock_kafka.cluster import Unreachable
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import Unreadable, read

FETCH_WAIT_MS = 10
"""Ranges are read one after the other. A fetch that waits longer for records would delay the next range."""


def read_all(consumer: Consumer, topic: str, partition: int, first: int, end: int) -> Iterator[Message]:
    """As stock_kafka.reader.read. Raises Unreachable with the place for a broken batch too."""
    try:
        yield from read(consumer, topic, partition, first, end)
    except Unreadable as error:
        raise Unreachable(f"{topic}/{partition} cannot be read at offset {error.offset}: {error}") from None


class Clients:
    """Clients of one service.

    With `silent` the clients' own log lines are dropped, because a command reports in one sentence what
    failed, and Kafka is asked first whether it lets the command in.
    Everything raises FatalError for settings that the client refuses and for a refused sign-in.
    """

    def __init__(self, settings: KafkaSettings, service: str, silent: bool = True) -> None:
        self._settings, self._service = settings, service
        self._own = {"logger": _silent_logger()} if silent else {}
        self._to_ask = silent

    @cached_property
    def admin(self) -> AdminClient:
        return self._made(AdminClient, self._settings.admin(self._service))

    def reader(self, group: str) -> Consumer:
        """A consumer for stock_kafka.reader. `group` is a name that the broker's log shows."""
        config = self._settings.reader(self._service, group)
        return self._made(Consumer, config | {"fetch.wait.max.ms": FETCH_WAIT_MS})

    def producer(self, seconds: float) -> Producer:
        """A producer for stock_kafka.sender.

        It is idempotent, so the client's own repeats arrive once. It gives a message up after `seconds`.
        """
        config = self._settings.producer(self._service)
        return self._made(Producer, config | {"message.timeout.ms": int(seconds * 1000)})

    def _made(self, kind: Any, config: dict[str, Any]) -> Any:
        if self._to_ask:
            self._to_ask = False
            connection.require(self._settings, self._service)
        try:
            return kind(config | self._own)
        except KafkaException as error:
            raise FatalError(f"The Kafka client refuses its settings: {error.args[0].str()}") from None


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger("stock.librdkafka.silent")
    logger.disabled = True
    return logger

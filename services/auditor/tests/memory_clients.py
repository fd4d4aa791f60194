"""Kafka clients over the broker in memory, with the methods of stock_auditor.clients.Clients."""

from __future__ import annotations

from typing import Any

from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.producer import MemoryProducer

READER = {"enable.partition.eof": True, "auto.offset.reset": "error"}


class MemoryClients:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.admin: Any = MemoryAdmin(broker)

    def reader(self, group: str) -> Any:
        return MemoryConsumer(self.broker, READER | {"group.id": group})

    def producer(self, seconds: float) -> Any:
        return MemoryProducer(self.broker)

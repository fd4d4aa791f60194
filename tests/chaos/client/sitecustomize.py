"""Loaded by the sinks' interpreters before anything else: their Kafka client gets the faults of real ones.

The product knows nothing of it. `chaos.client_orders` writes the orders that it reads.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka import Message, TopicPartition

ORDERS = Path(os.environ["CHAOS_CLIENT_ORDERS"])
LOOK_SECONDS = 0.1


class FaultyConsumer(confluent_kafka.Consumer):
    """A group's member that drops records, and that stops to deliver a partition.

    A consumer that is only assigned partitions, outside of a group, has no faults.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._member = False
        self._looked = 0.0
        self._share = 0.0
        self._held: set[tuple[str, int]] = set()

    def subscribe(self, *arguments: Any, **options: Any) -> None:
        self._member = True
        super().subscribe(*arguments, **options)

    def consume(self, *arguments: Any, **options: Any) -> list[Message]:
        if not self._member:
            return super().consume(*arguments, **options)
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._obey()
        return [message for message in super().consume(*arguments, **options) if not self._drops(message)]

    def _obey(self) -> None:
        owned = {(each.topic, each.partition) for each in self.assignment()}
        order = _order("drop")
        self._share = order["share"] if order else 0.0
        order = _order("freeze")
        if order and (order["topic"], order["partition"]) in owned and _first(f"frozen-{order['number']}"):
            self.pause([TopicPartition(order["topic"], order["partition"])])
        order = _order("hold")
        held = {(order["topic"], order["partition"])} & owned if order else set()
        # The product may resume its partitions at any time, so a held one is paused again and again.
        self.pause([TopicPartition(*each) for each in held])
        self.resume([TopicPartition(*each) for each in self._held - held if each in owned])
        self._held = held

    def _drops(self, message: Message) -> bool:
        if not self._share or message.error() is not None or random.random() >= self._share:
            return False
        with (ORDERS / "dropped").open("a") as file:
            file.write(f"{message.topic()} {message.partition()} {message.offset()}\n")
        return True


def _order(name: str) -> dict[str, Any] | None:
    try:
        return json.loads((ORDERS / name).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _first(name: str) -> bool:
    """Whether no other client has done this before."""
    try:
        (ORDERS / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


confluent_kafka.Consumer = FaultyConsumer  # type: ignore[misc]

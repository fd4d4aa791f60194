"""A simulated producer: what it was given reaches the log once, late, or never (an idempotent client)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError

from .engine import Process, process
from .kafka import Cluster, Message, Record


class Producer:
    """confluent_kafka.Producer. Each message is a request of its own, in a thread of the client.

    seconds: the client gives a message up after this time. It may arrive until then.
    """

    def __init__(self, cluster: Cluster, seconds: float = 1e9) -> None:
        self._cluster, self._world = cluster, cluster.world
        self._process: Process = process()
        self._seconds = seconds
        self._reports: list[Callable[[], None]] = []

    def produce(
        self, topic: str, value: bytes | None, key: Any, partition: int, headers: Any, on_delivery: Any
    ) -> None:
        self._process.check()
        own = key.encode() if isinstance(key, str) else key
        place = (topic, partition if partition >= 0 else 0)
        bound = tuple((name, text.encode() if isinstance(text, str) else text) for name, text in headers)
        fault = self._world.fault_of("produce")

        def arrive() -> None:
            if not self._process.alive and fault is None:
                return
            offset = self._cluster.append(place, value, own, bound)
            self._world.say("Kafka", f"{topic}: {(own or b'').decode()} at offset {offset}")
            record = Record(offset, 0, 0, value, own, bound)
            if fault is None:
                self._reports.append(lambda: on_delivery(None, Message(place, record)))

        def give_up() -> None:
            error = KafkaError(KafkaError._MSG_TIMED_OUT)
            self._reports.append(lambda: on_delivery(error, Message(place, None)))

        if fault is None:
            self._world.at(self._world.latency(), arrive)
            return
        self._world.say(self._process.name, f"produce: {fault.name}")
        if fault.name == "killed before":
            self._process.kill()
        elif fault.name == "killed after":
            self._world.at(0.01, arrive)
            self._world.at(0.02, self._process.kill)
        elif fault.name == "late":
            # The client gives up, or has given up when the broker takes what the network held back.
            self._world.at(min(self._seconds, fault.size), arrive)
        if fault.name != "killed before":
            self._world.at(min(self._seconds, 40.0), give_up)

    def poll(self, seconds: float) -> int:
        if not self._reports:
            self._world.sleep(max(seconds, 0.5))
        reports, self._reports = self._reports, []
        for report in reports:
            report()
        return len(reports)

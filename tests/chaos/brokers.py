"""A broker that is lost with its disk, and what a campaign asks the brokers.

Kafka promises to keep a record while one replica in sync is left. A second disk must not go before the first
is full again, and a broker that comes back empty must not be the first that ZooKeeper sees. So a disk is lost
only when all replicas are in sync, and no other broker is ended meanwhile.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from chaos.content import Outcome
from chaos.kafka_errors import REPLICAS, silent
from chaos.links import BROKERS
from chaos.plan import Fault
from chaos.supervisor import Supervisor
from chaos.waits import insist, until
from stock_common.topics import ALL
from stock_kafka.cluster import Unreachable, describe
from stock_stack.brokers import disk
from stock_stack.counts import Place
from stock_stack.layout import Layout

CALL_SECONDS = 5.0
ASK_SECONDS = 1.0
REPLICATED_SECONDS = 150.0
"""A broker with an empty disk has every record again within this, whatever happens to others meanwhile."""
T = TypeVar("T")


class Brokers:
    """`clock` is monotonic seconds. `ending`: how many brokers other faults are ending now."""

    def __init__(
        self, layout: Layout, supervisor: Supervisor, outcome: Outcome, clock: Callable[[], float]
    ) -> None:
        self._layout, self._supervisor, self._outcome, self._clock = layout, supervisor, outcome, clock
        config = {"bootstrap.servers": layout.servers, "reconnect.backoff.max.ms": 500}
        self._admin = AdminClient(config, logger=silent)
        self._pool = ThreadPoolExecutor(2, "brokers")
        self._losing: set[int] = set()
        self._ending: set[int] = set()

    def alone(self, fault: Fault, steps: Iterator[None]) -> Iterator[None]:
        """Another fault that ends a broker: it waits while a disk is being lost."""
        yield from until(lambda: not self._losing)
        self._ending.add(fault.number)
        try:
            yield from steps
        finally:
            self._ending.discard(fault.number)

    def lose_disk(self, fault: Fault) -> Iterator[None]:
        yield from until(lambda: not self._losing)
        self._losing.add(fault.number)
        try:
            yield from self._lose(fault)
        finally:
            self._losing.discard(fault.number)

    def leader(self, place: Place) -> Generator[None, None, int]:
        """The number of the broker that leads a partition."""
        topic, partition = place
        return self._insist(
            lambda: (
                self._admin.list_topics(topic, timeout=CALL_SECONDS)
                .topics[topic]
                .partitions[partition]
                .leader
            )
        )

    def topic_id(self, topic: str) -> Generator[None, None, bytes]:
        return self._insist(lambda: bytes.fromhex(describe(self._admin, [topic])[topic].topic_id))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _lose(self, fault: Fault) -> Iterator[None]:
        number = BROKERS.index(fault.target) + 1
        yield from until(lambda: not self._ending and all(map(self._supervisor.up, BROKERS)))
        yield from self._in_sync()
        self._supervisor.end(fault.target)
        yield from until(lambda: not self._supervisor.runs(fault.target))
        # Its successor waits for seconds, until the session of this one has expired.
        shutil.rmtree(disk(self._layout, number))
        yield from until(lambda: self._supervisor.up(fault.target))
        begun = self._clock()
        yield from self._in_sync()
        if self._clock() - begun > REPLICATED_SECONDS:
            self._outcome.unhealed.append(
                f"fault {fault.number}: {fault.target} was long without its records"
            )

    def _insist(self, call: Callable[[], T]) -> Generator[None, None, T]:
        return insist(self._pool, call, (KafkaException, Unreachable, KeyError), self._clock)

    def _in_sync(self) -> Iterator[None]:
        """Waits until every partition has all its replicas in sync."""
        while True:
            asked = self._pool.submit(self._all_in_sync)
            yield from until(asked.done)
            if asked.result():
                return

    def _all_in_sync(self) -> bool:
        time.sleep(ASK_SECONDS)
        try:
            topics = self._admin.list_topics(timeout=CALL_SECONDS).topics
        except KafkaException:
            return False
        parts = [part for topic in topics.values() for part in topic.partitions.values()]
        return len(topics) >= len(ALL) and all(len(part.isrs) == REPLICAS for part in parts)

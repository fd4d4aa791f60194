"""Kafka's own error answer, NOT_ENOUGH_REPLICAS to every produce with acks=all.

The topics ask for more replicas in sync than they have.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from stock_common.topics import ALL

SECONDS = 240.0
"""Kafka or ZooKeeper may be away for as long as faults of their own last."""
CALL_SECONDS = 5.0
REPLICAS, IN_SYNC = 3, 2
RETRY_SECONDS = 0.5
silent = logging.getLogger("chaos.kafka")
silent.addHandler(logging.NullHandler())
silent.propagate = False


class Refusals:
    """Changes the topics' configuration in a thread. `servers` is a listener without a proxy."""

    def __init__(self, servers: str) -> None:
        self._admin = AdminClient(
            {"bootstrap.servers": servers, "reconnect.backoff.max.ms": 500}, logger=silent
        )
        self._pool = ThreadPoolExecutor(1, "kafka-errors")

    def begin(self) -> Future[None]:
        return self._pool.submit(self._require, REPLICAS + 1)

    def end(self) -> Future[None]:
        return self._pool.submit(self._require, IN_SYNC)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _require(self, replicas: int) -> None:
        """Sets min.insync.replicas of every topic. Raises TimeoutError after SECONDS."""
        end = time.monotonic() + SECONDS
        entry = ConfigEntry("min.insync.replicas", str(replicas), incremental_operation=AlterConfigOpType.SET)
        left = [topic.name for topic in ALL]
        while left:
            resources = [
                ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry]) for name in left
            ]
            futures = self._admin.incremental_alter_configs(resources, request_timeout=CALL_SECONDS)
            left = [resource.name for resource, future in futures.items() if not _done(future)]
            if left and time.monotonic() > end:
                raise TimeoutError(
                    f"Kafka has not taken min.insync.replicas={replicas} of {', '.join(left)} "
                    f"in {SECONDS:.0f} s"
                )
            if left:
                time.sleep(RETRY_SECONDS)


def _done(future: Future[None]) -> bool:
    try:
        future.result(CALL_SECONDS + 5)
    except (KafkaException, TimeoutError):
        return False
    return True

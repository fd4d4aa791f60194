"""Status messages on Kafka: publishing, and reading the newest of each key."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from stock_common import status
from stock_common.status import Status
from stock_common.topics import SCHEMA_HEADER, STATUS
from stock_kafka.config import KafkaSettings

QUEUE_MESSAGES = 1_000


class StatusPublisher:
    """Sends a service's state. State is renewed all the time, so an old one is dropped rather than waited for."""

    def __init__(self, settings: KafkaSettings, service: str) -> None:
        config = settings.client(service) | {"message.timeout.ms": 30_000, "queue.buffering.max.messages": QUEUE_MESSAGES, "linger.ms": 50}
        self._producer = Producer(config)
        self._log = structlog.stdlib.get_logger(f"stock.{service}")

    def publish(self, state: Status) -> None:
        """Queues the state; never blocks and never raises for Kafka's sake."""
        try:
            self._producer.produce(STATUS.name, status.encode(state), state.key, headers={SCHEMA_HEADER: STATUS.schema})
        except BufferError:
            self._log.warning("status dropped: the queue is full", key=state.key)
        except KafkaException as error:
            # A broker that has just started knows no topics for a moment, and the client then refuses the message itself.
            self._log.warning("status dropped", key=state.key, error=str(error))
        self._producer.poll(0)

    def close(self, seconds: float) -> None:
        self._producer.flush(seconds)


class StatusReader:
    """The newest state of each key, from the topic's beginning on. One for a process; `states` may be read from any thread."""

    def __init__(self, settings: KafkaSettings, service: str) -> None:
        config = settings.client(service) | {
            "group.id": f"{service}-status-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
        self._consumer = Consumer(config)
        self._consumer.assign([TopicPartition(STATUS.name, 0, 0)])
        self._lock = threading.Lock()
        self._states: dict[str, Status] = {}
        self.caught_up = False

    @property
    def states(self) -> dict[str, Status]:
        """A copy: key → state."""
        with self._lock:
            return dict(self._states)

    def poll(self, seconds: float, on_state: Callable[[Status], None] | None = None) -> int:
        """Reads what is there within `seconds`; returns how many messages came. Messages of other versions are passed over."""
        count = 0
        for message in self._consumer.consume(500, seconds):
            fault = message.error()
            if fault is not None:
                self.caught_up = self.caught_up or fault.code() == KafkaError._PARTITION_EOF
                continue
            value = message.value()
            if value is None:
                continue
            count += 1
            try:
                state = status.decode(value)
            except ValueError:
                continue
            with self._lock:
                self._states[state.key] = state
            if on_state:
                on_state(state)
        return count

    def close(self) -> None:
        self._consumer.close()

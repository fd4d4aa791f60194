"""Status messages on Kafka: publishing, and reading the newest of each key."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_common import status
from stock_common.deadline import Monotonic
from stock_common.status import Status
from stock_common.topics import SCHEMA_HEADER, STATUS
from stock_kafka import sign_in
from stock_kafka.closing import let_go
from stock_kafka.cluster import ends
from stock_kafka.config import KafkaSettings
from stock_kafka.refused import Refused
from stock_kafka.stalled import StallWatch

QUEUE_MESSAGES = 1_000
PLACE = (STATUS.name, 0)
PASSING_FAULTS = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
"""The client connects again by itself after these."""


class StatusPublisher:
    """Sends a service's state. A newer one follows soon, so a state that cannot be sent is dropped."""

    def __init__(self, settings: KafkaSettings, service: str) -> None:
        config = settings.client(service) | {
            "message.timeout.ms": 30_000,
            "queue.buffering.max.messages": QUEUE_MESSAGES,
            "linger.ms": 50,
        }
        self._producer = Producer(config)
        self._log = structlog.stdlib.get_logger(f"stock.{service}")

    def publish(self, state: Status) -> None:
        """Queues the state. It never blocks, and no error of Kafka's is raised."""
        try:
            self._producer.produce(
                STATUS.name, status.encode(state), state.key, headers={SCHEMA_HEADER: STATUS.schema}
            )
        except BufferError:
            self._log.warning("status dropped: the queue is full", key=state.key)
        except KafkaException as error:
            # After a broker's start the client may not know the topic yet, and refuses the message itself.
            self._log.warning("status dropped", key=state.key, error=str(error))
        self._producer.poll(0)

    def close(self, seconds: float) -> None:
        self._producer.flush(seconds)


class StatusReader:
    """The newest state of each key, from the topic's beginning on.

    One thread polls. `states` may be read from any thread. `caught_up`: the topic's end was reached once.
    (A topic that gets a message within each fetch never has librdkafka's event of a partition's end.)
    refused: counts the messages that hold no status under its own key. They are skipped.
    restarts: how often the topic was assigned to a new client, because the former one brought nothing more.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        service: str,
        on_refused: Callable[[], object] = lambda: None,
        on_restart: Callable[[], object] = lambda: None,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._log = structlog.stdlib.get_logger(f"stock.{service}")
        group = f"{service}-status-{uuid.uuid4()}"
        # Where retention has taken what is to be read next, the rest of the topic is still of use.
        self._config = settings.reader(service, group) | {"auto.offset.reset": "earliest"}
        self._position = 0
        self._consumer = self._assigned()
        self._watch = StallWatch(partial(ends, AdminClient(settings.admin(service))), clock=clock)
        self._faults: set[int] = set()
        self._lock = threading.Lock()
        self._states: dict[str, Status] = {}
        self._on_restart = on_restart
        self.refused = Refused(self._log, on_refused)
        self.restarts = 0
        self.caught_up = False

    @property
    def states(self) -> dict[str, Status]:
        """Key → state, as a copy."""
        with self._lock:
            return dict(self._states)

    def poll(self, seconds: float, on_state: Callable[[Status], None] | None = None) -> int:
        """Reads what comes within `seconds`, and returns how many messages came.

        No message ends the reading: one that cannot be taken is counted, logged and skipped, also where
        `on_state` fails on it. A topic that grows while nothing comes is assigned to a new client.
        """
        if self._watch.stalled({PLACE: self._position}):
            self._restart()
        count = 0
        for message in self._consumer.consume(500, seconds):
            if (fault := message.error()) is not None:
                self._take_fault(fault, message)
                continue
            self._position = (message.offset() or 0) + 1
            count += message.value() is not None
            try:
                self._take(message, on_state)
            except Exception as error:  # whatever it is, it is this message's
                self.refused.add(message, error)
        self.caught_up = self.caught_up or self._at_end()
        return count

    def _at_end(self) -> bool:
        """Whether the broker's last answer held nothing beyond what was read."""
        known = self._consumer.get_watermark_offsets(TopicPartition(*PLACE), cached=True)
        return known is not None and 0 <= known[1] <= self._position

    def close(self) -> None:
        let_go(self._consumer)

    def _take(self, message: Message, on_state: Callable[[Status], None] | None) -> None:
        """Raises any error for a message that holds no status."""
        key, value = key_of(message), message.value()
        if value is None:
            # The key was forgotten: see `stock-auditor status forget`.
            with self._lock:
                self._states.pop(key, None)
            return
        state = status.decode_under(key, value)
        with self._lock:
            self._states[key] = state
        if on_state:
            on_state(state)

    def _take_fault(self, fault: KafkaError, message: Message) -> None:
        if fault.code() == KafkaError._PARTITION_EOF:
            self._position = message.offset() or 0
        elif fault.code() not in PASSING_FAULTS and fault.code() not in self._faults:
            # The client says it again at each attempt. A new line follows after a restart.
            self._faults.add(fault.code())
            hints = sign_in.hints(fault, self._config["group.id"])
            self._log.error("status cannot be read", reason=fault.str(), offset=self._position, **hints)

    def _assigned(self) -> Consumer:
        consumer = Consumer(self._config)
        consumer.assign([TopicPartition(*PLACE, self._position)])
        return consumer

    def _restart(self) -> None:
        """Assigns the topic to a new client. The new one has no connection or state of the former."""
        self.restarts += 1
        self._on_restart()
        self._faults.clear()
        self._log.warning("status stands still: assigned again", offset=self._position)
        former, self._consumer = self._consumer, self._assigned()
        let_go(former)


def key_of(message: Message) -> str:
    """The key as text. Bytes that are no text are replaced, so that they are no key of a status."""
    key = message.key()
    return key.decode(errors="replace") if isinstance(key, bytes) else key or ""

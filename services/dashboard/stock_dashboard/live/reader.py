"""The live reader: one thread for all viewers. It starts a bounded way back and follows the topics' ends."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from stock_common import retry, status
from stock_common.health import Health
from stock_common.records import Alert, Quote, decode
from stock_common.repeats import Repeats
from stock_common.topics import ALERTS, QUOTES, STATUS
from stock_dashboard.live.start_offset import brokers_up, log_ends, start_offset
from stock_dashboard.live.store import KafkaConnection, LiveStore
from stock_dashboard.metrics import TOPICS, LiveMetrics
from stock_kafka import sign_in
from stock_kafka.closing import let_go
from stock_kafka.cluster import ends, partitions
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import UNREADABLE
from stock_kafka.refused import Refused
from stock_kafka.stalled import Place, StallWatch
from stock_kafka.status import key_of

SERVICE = "dashboard"
BATCH = 2_000
POLL_SECONDS = 0.2
CALL_SECONDS = 5.0
RECONNECT = retry.Policy(first=2.0, longest=2.0)
STATISTICS_MS = 2_000
PASSING_ERRORS = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)
LAG_LIMIT_SECONDS = 3_600
"""A quote older than this at its arrival is history, not lag. So are all quotes from before the start."""


class ReadWindow(NamedTuple):
    """How far back the reader starts: `hours` before now, but at most so many `messages` of each topic."""

    hours: float
    messages: int


class LiveReader:
    """Reads stock-data, stock-alerts and stock-status into a store, in a thread of its own.

    A lost connection is made again. Nothing is committed: each reader is its own group.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        store: LiveStore,
        metrics: LiveMetrics,
        window: ReadWindow,
        clock: Callable[[], datetime],
        health: Health | None = None,
    ) -> None:
        self._admin_config = settings.admin(SERVICE)
        self._config = settings.reader(SERVICE, f"{SERVICE}-live-{uuid.uuid4()}") | {
            "statistics.interval.ms": STATISTICS_MS,
            "fetch.wait.max.ms": 100,
            "stats_cb": self._on_statistics,
        }
        self._store, self._metrics, self._clock, self._health = store, metrics, clock, health
        self._window, self._log = window, structlog.stdlib.get_logger(f"stock.{SERVICE}")
        self._repeats = Repeats(self._log)
        self._consumer: Consumer | None = None
        self._watch: StallWatch | None = None
        self._positions: dict[Place, int] = {}
        self._unread: set[Place] = set()
        self._refused = {topic: Refused(self._log, partial(metrics.refused, topic)) for topic in TOPICS}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Ends the thread. Waits `seconds` for it at most."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        with suppress(retry.Stopped):
            retry.call(
                self._read,
                RECONNECT,
                retryable=KafkaException,
                wait=self._stop.wait,
                on_retry=lambda error, _: self._drop(error.args[0]),
            )
        if self._consumer is not None:
            let_go(self._consumer)
        self._metrics.connected(False)

    def _read(self) -> None:
        """Reads until the stop. Raises KafkaException where the connection is lost."""
        while not self._stop.is_set():
            if self._health:
                self._health.beat()
            self.step()

    def step(self) -> int:
        """Connects where there is no connection, then reads what is there. Returns the number of messages.

        Blocks for POLL_SECONDS, and for up to CALL_SECONDS a call while it connects. Brokers that
        are there are asked for the logs' ends now and then, see StallWatch. Raises KafkaException.
        """
        if self._consumer is None:
            self._consumer = self._connected()
        messages = self._consumer.consume(BATCH, POLL_SECONDS)
        now = self._clock()
        count = sum(self._take(message, now) for message in messages)
        self._look()
        return count

    def _look(self) -> None:
        """Drops a client that is given nothing of a partition whose log goes on. Raises KafkaException."""
        away = self._store.connection.state == "down"  # asking would block, and tell nothing
        if self._watch and not away and (stalled := self._watch.stalled(self._positions)):
            self._metrics.restarted()
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"stands still: {stalled[0]}"))

    def _connected(self) -> Consumer:
        consumer = Consumer(self._config)
        try:
            starts = [start for topic in (QUOTES, ALERTS) for start in self._starts(consumer, topic.name)]
            starts.append(TopicPartition(STATUS.name, 0, OFFSET_BEGINNING))
            self._positions = {(start.topic, start.partition): max(0, start.offset) for start in starts}
            self._unread = set(self._positions)
            consumer.assign(starts)
            self._watch = StallWatch(partial(ends, AdminClient(self._admin_config)))
        except KafkaException:
            let_go(consumer)
            raise
        if self._health:
            self._health.reached("kafka")
        self._report("up")
        return consumer

    def _starts(self, consumer: Consumer, topic: str) -> list[TopicPartition]:
        """Each partition of a topic, with the offset to start from. Raises KafkaException."""
        numbers = partitions(consumer, topic, CALL_SECONDS)
        since = self._clock() - timedelta(hours=self._window.hours)
        wanted = [TopicPartition(topic, number, int(since.timestamp() * 1000)) for number in numbers]
        share = max(1, self._window.messages // len(wanted))
        starts = []
        for place in consumer.offsets_for_times(wanted, timeout=CALL_SECONDS):
            if place.error is not None:
                raise KafkaException(place.error)
            first, end = consumer.get_watermark_offsets(place, timeout=CALL_SECONDS, cached=False)
            self._store.end(topic, place.partition, end)
            by_time = -1 if place.offset == OFFSET_END else place.offset
            starts.append(TopicPartition(topic, place.partition, start_offset(by_time, first, end, share)))
        return starts

    def _take(self, message: Message, now: datetime) -> int:
        """Takes a message into the store. Returns 1, or 0 where it holds no record. Raises KafkaException."""
        if (error := message.error()) is not None:
            self._take_error(message, error)
            return 0
        self._moved(message, 1)
        value = message.value()
        if value is None:
            if message.topic() == STATUS.name:
                self._store.forget(key_of(message))
            return 0
        self._metrics.received(message.topic())
        try:
            self._record(message, value, now)
        except Exception as error:  # one message's error is that message's: the thread goes on
            self._refused[str(message.topic())].add(message, error)
        return 1

    def _moved(self, message: Message, by: int) -> None:
        place = (str(message.topic()), message.partition() or 0)
        self._positions[place] = (message.offset() or 0) + by

    def _take_error(self, message: Message, error: KafkaError) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._moved(message, 0)
            self._unread.discard((message.topic(), message.partition()))
            if not self._unread and not self._store.connection.caught_up:
                self._report(self._store.connection.state)
        elif error.code() in UNREADABLE and self._consumer is not None:
            self._pass_unreadable(self._consumer, message, error)
        elif not error.retriable() and error.code() not in PASSING_ERRORS:
            raise KafkaException(error)

    def _pass_unreadable(self, consumer: Consumer, message: Message, error: KafkaError) -> None:
        """Goes on at the log's end: the page needs what is new. The sink and the audit see to the rest."""
        self._refused[str(message.topic())].add(message, KafkaException(error))
        consumer.seek(TopicPartition(str(message.topic()), message.partition() or 0, OFFSET_END))

    def _record(self, message: Message, value: bytes, now: datetime) -> None:
        if message.topic() == STATUS.name:
            self._store.status(status.decode_under(key_of(message), value))
        elif message.topic() == ALERTS.name:
            self._store.alert(decode(value, Alert))
        else:
            quote = decode(value, Quote)
            kafka_time = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
            offset, partition = message.offset() or 0, message.partition() or 0
            self._store.quote(quote, offset, kafka_time, now)
            self._store.end(QUOTES.name, partition, offset + 1)
            lag = (now - quote.fetched_at).total_seconds()
            if self._store.connection.caught_up and lag < LAG_LIMIT_SECONDS:
                self._metrics.lag(max(0.0, lag))

    def _on_statistics(self, statistics: str) -> None:
        self._report("up" if brokers_up(statistics) else "down")
        for (topic, partition), end in log_ends(statistics).items():
            self._store.end(topic, partition, end)

    def _report(self, state: Literal["connecting", "up", "down"]) -> None:
        former = self._store.connection
        since = former.since if former.state == state else self._clock()
        caught_up = not self._unread and self._consumer is not None
        self._store.connected(KafkaConnection(state, since, caught_up))
        self._metrics.connected(state == "up")
        if former.state != state:
            self._log.info("live topics", state=state)

    def _drop(self, error: KafkaError) -> None:
        hints = {"code": error.name(), **sign_in.hints(error, self._config["group.id"])}
        self._repeats.warning("live topics cannot be read", error.str(), **hints)
        if self._consumer is not None:
            let_go(self._consumer)
            self._consumer = None
        self._report("down")

"""The live reader: one thread for all viewers, from a bounded way back to the end of the topics and on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from stock_common import status
from stock_common.health import Health
from stock_common.records import Alert, BadRecord, Quote, decode
from stock_common.topics import ALERTS, QUOTES, STATUS
from stock_dashboard.metrics import LiveMetrics
from stock_dashboard.position import brokers_up, log_ends, start_offset
from stock_dashboard.store import Link, LiveStore
from stock_kafka.config import KafkaSettings

BATCH = 2_000
POLL_SECONDS = 0.2
CALL_SECONDS = 5.0
RETRY_SECONDS = 2.0
STATISTICS_MS = 2_000
LAG_LIMIT_SECONDS = 3_600
"""A quote older than this at its arrival is history, not lag; so is every one of the start's backlog."""


class LiveReader:
    """Reads stock-data, stock-alerts and stock-status into a store. `step` blocks for CALL_SECONDS a call at its start, else for POLL_SECONDS."""

    def __init__(
        self,
        settings: KafkaSettings,
        store: LiveStore,
        metrics: LiveMetrics,
        *,
        hours: float,
        messages: int,
        clock: Callable[[], datetime],
        health: Health | None = None,
        service: str = "dashboard",
    ) -> None:
        self._config = settings.client(service) | {
            "group.id": f"{service}-live-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "statistics.interval.ms": STATISTICS_MS,
            "fetch.wait.max.ms": 100,
            "stats_cb": self._on_statistics,
        }
        self._store, self._metrics, self._clock, self._health = store, metrics, clock, health
        self._hours, self._messages = hours, messages
        self._log = structlog.stdlib.get_logger(f"stock.{service}")
        self._consumer: Consumer | None = None
        self._behind: set[tuple[str, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Ends the thread; waits `seconds` for it at most."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._health:
                self._health.beat()
            try:
                self.step()
            except KafkaException as error:
                self._drop(error.args[0])
                self._stop.wait(RETRY_SECONDS)
        if self._consumer is not None:
            self._consumer.close()

    def step(self) -> int:
        """Connects where there is no connection, else reads what is there; returns how many messages. Raises KafkaException."""
        if self._consumer is None:
            self._consumer = self._connected()
        messages = self._consumer.consume(BATCH, POLL_SECONDS)
        now = self._clock()
        return sum(self._take(message, now) for message in messages)

    def _connected(self) -> Consumer:
        consumer = Consumer(self._config)
        try:
            places = [place for topic in (QUOTES, ALERTS) for place in self._window(consumer, topic.name)]
            places.append(TopicPartition(STATUS.name, 0, OFFSET_BEGINNING))
            self._behind = {(place.topic, place.partition) for place in places}
            consumer.assign(places)
        except KafkaException:
            consumer.close()
            raise
        if self._health:
            self._health.reached("kafka")
        self._link("up")
        return consumer

    def _window(self, consumer: Consumer, topic: str) -> list[TopicPartition]:
        found = consumer.list_topics(topic, timeout=CALL_SECONDS).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        since = self._clock() - timedelta(hours=self._hours)
        wanted = [TopicPartition(topic, number, int(since.timestamp() * 1000)) for number in sorted(found.partitions)]
        share = max(1, self._messages // len(wanted))
        places = []
        for place in consumer.offsets_for_times(wanted, timeout=CALL_SECONDS):
            first, end = consumer.get_watermark_offsets(place, timeout=CALL_SECONDS, cached=False)
            self._store.end(topic, place.partition, end)
            by_time = -1 if place.offset == OFFSET_END else place.offset
            places.append(TopicPartition(topic, place.partition, start_offset(by_time, first, end, share)))
        return places

    def _take(self, message: Message, now: datetime) -> int:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._behind.discard((message.topic(), message.partition()))
                if not self._behind and not self._store.link.caught_up:
                    self._link(self._store.link.state)
                return 0
            if error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                return 0
            raise KafkaException(error)
        value = message.value()
        if value is None:
            return 0
        self._metrics.received(message.topic())
        try:
            self._record(message, value, now)
        except (BadRecord, ValueError) as bad:
            self._metrics.refused(message.topic())
            self._log.debug("message passed over", topic=message.topic(), offset=message.offset(), reason=str(bad))
        return 1

    def _record(self, message: Message, value: bytes, now: datetime) -> None:
        if message.topic() == STATUS.name:
            self._store.status(status.decode(value))
        elif message.topic() == ALERTS.name:
            self._store.alert(decode(value, Alert))
        else:
            quote = decode(value, Quote)
            kafka_time = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
            offset, partition = message.offset() or 0, message.partition() or 0
            self._store.quote(quote, offset, kafka_time, now)
            self._store.end(QUOTES.name, partition, offset + 1)
            lag = (now - quote.fetched_at).total_seconds()
            if self._store.link.caught_up and lag < LAG_LIMIT_SECONDS:
                self._metrics.lag(max(0.0, lag))

    def _on_statistics(self, statistics: str) -> None:
        self._link("up" if brokers_up(statistics) else "down")
        for (topic, partition), end in log_ends(statistics).items():
            self._store.end(topic, partition, end)

    def _link(self, state: Literal["connecting", "up", "down"]) -> None:
        former = self._store.link
        since = former.since if former.state == state else self._clock()
        self._store.connection(Link(state, since, not self._behind and self._consumer is not None))
        self._metrics.connected(state == "up")
        if former.state != state:
            self._log.info("live topics", state=state)

    def _drop(self, error: KafkaError) -> None:
        # Said once; a broker that is away for hours would fill the log.
        say = self._log.debug if self._store.link.state == "down" else self._log.warning
        say("live topics cannot be read", reason=error.str(), code=error.name())
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._link("down")

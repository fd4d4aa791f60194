"""What the live topics hold now: quotes, alerts, the services' states, Kafka's connection."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime
from statistics import median
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from stock_common.records import Alert, Quote
from stock_common.status import AuditStatus, ChainStatus, LoaderStatus, MarketState, ProducerStatus, Status
from stock_common.topics import QUOTES
from stock_dashboard.live.minute_bars import LiveQuotes, Observed

SIMULATED = "simulated"
"""The source of quotes that the simulated market has made."""
ALERTS_KEPT = 1_000
RATE_SECONDS = 60
DELAYS_KEPT = 500
DELAY_LIMIT_SECONDS = 600
"""A quote that took longer was read from the past, not delayed."""
S = TypeVar("S", bound=Status)


class KafkaConnection(NamedTuple):
    """The state of the connection to Kafka.

    since: when it came into this state.
    caught_up: the reader has read everything that was there at its start.
    """

    state: Literal["connecting", "up", "down"]
    since: datetime
    caught_up: bool = False


class LiveStore:
    """One reader writes it, every viewer's script reads it. Each call holds the lock for a moment."""

    def __init__(self, quotes: LiveQuotes, now: datetime) -> None:
        self._quotes = quotes
        self._lock = threading.Lock()
        self._connection = KafkaConnection("connecting", now)
        self._statuses: dict[str, Status] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._alerts: dict[str, Alert] = {}
        self._alert_order: deque[str] = deque()
        self._newest_kafka: datetime | None = None
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=RATE_SECONDS)
        self._delays: deque[tuple[float, float]] = deque(maxlen=DELAYS_KEPT)
        self.stored_simulated = False
        """Whether the warehouse's latest quotes are simulated ones. Whoever reads them sets it."""

    def quote(self, quote: Quote, offset: int, kafka_time: datetime, now: datetime) -> bool:
        """Takes a quote. True when it is its symbol's latest."""
        with self._lock:
            latest = self._quotes.add(quote, offset)
            self._newest_kafka = max(self._newest_kafka or kafka_time, kafka_time)
            if (now - quote.fetched_at).total_seconds() < DELAY_LIMIT_SECONDS:
                to_kafka = (kafka_time - quote.fetched_at).total_seconds()
                self._delays.append((to_kafka, (now - kafka_time).total_seconds()))
            second = int(now.timestamp())
            if self._arrivals and self._arrivals[-1][0] == second:
                self._arrivals[-1] = (second, self._arrivals[-1][1] + 1)
            else:
                self._arrivals.append((second, 1))
            return latest

    def alert(self, alert: Alert) -> None:
        """Takes an alert. One that comes twice counts once."""
        with self._lock:
            if alert.alert_id in self._alerts:
                return
            self._alerts[alert.alert_id] = alert
            self._alert_order.append(alert.alert_id)
            if len(self._alert_order) > ALERTS_KEPT:
                del self._alerts[self._alert_order.popleft()]

    def status(self, status: Status) -> None:
        """Takes a service's state in place of its former one."""
        with self._lock:
            self._statuses[status.key] = status

    def forget(self, key: str) -> None:
        """Drops the state under a key that was forgotten on the topic."""
        with self._lock:
            self._statuses.pop(key, None)

    def end(self, topic: str, partition: int, offset: int) -> None:
        """Takes the end of a partition's log: the offset that its next record will have."""
        with self._lock:
            self._ends[topic, partition] = offset

    def connected(self, connection: KafkaConnection) -> None:
        """Takes the connection's state in place of its former one."""
        with self._lock:
            self._connection = connection

    @property
    def connection(self) -> KafkaConnection:
        return self._connection

    @property
    def newest_kafka(self) -> datetime | None:
        """The broker's time of the newest quote."""
        return self._newest_kafka

    def newest(self) -> dict[str, Observed]:
        """A copy: symbol → latest quote."""
        with self._lock:
            return dict(self._quotes.newest)

    def sparks(self, points: int) -> dict[str, list[float]]:
        """Symbol → prices of today, see LiveQuotes.spark."""
        with self._lock:
            return {symbol: self._quotes.spark(symbol, points) for symbol in self._quotes.newest}

    def minutes(self, symbol: str) -> tuple[np.ndarray, float | None]:
        """A symbol's minute bars, shape (6, n), and the start of the first whole one. See MinuteBars."""
        with self._lock:
            minutes = self._quotes.minutes.get(symbol)
            return (minutes.columns(), minutes.whole_from) if minutes else (np.empty((6, 0)), None)

    def alerts(self) -> list[Alert]:
        """Newest first."""
        with self._lock:
            return sorted(self._alerts.values(), key=lambda alert: alert.triggered_at, reverse=True)

    def ends(self, topic: str = QUOTES.name) -> dict[int, int]:
        """Partition → end offset, for the partitions whose end is known."""
        with self._lock:
            return {partition: end for (name, partition), end in self._ends.items() if name == topic}

    def rate(self, now: datetime, seconds: int = 10) -> float:
        """Quotes a second over the last whole seconds."""
        last = int(now.timestamp())
        with self._lock:
            arrived = sum(number for second, number in self._arrivals if last - seconds <= second < last)
        return arrived / seconds

    def delays(self) -> tuple[float, float] | None:
        """Median seconds of the last quotes: fetch to Kafka, and Kafka to here. None before any quote.

        The clocks of two machines may differ a little, so a negative median counts as 0.
        """
        with self._lock:
            delays = list(self._delays)
        if not delays:
            return None
        return (max(0.0, median(pair[0] for pair in delays)), max(0.0, median(pair[1] for pair in delays)))

    def _of(self, kind: type[S]) -> list[S]:
        with self._lock:
            return [status for status in self._statuses.values() if isinstance(status, kind)]

    def producer(self) -> ProducerStatus | None:
        return next(iter(self._of(ProducerStatus)), None)

    def chains(self) -> list[ChainStatus]:
        return self._of(ChainStatus)

    def loader(self) -> LoaderStatus | None:
        return next(iter(self._of(LoaderStatus)), None)

    def audit(self) -> AuditStatus | None:
        return next(iter(self._of(AuditStatus)), None)

    def markets(self) -> list[MarketState]:
        producer = self.producer()
        return producer.markets if producer else []

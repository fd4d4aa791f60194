"""The dashboard's metrics. Defined here, in a module that is imported once: the pages' script runs again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stock_common.topics import ALERTS, QUOTES, STATUS

VIEWS = ("latest", "bars_1min", "bars_5min", "bars_1h", "bars_1d", "alerts")
OUTCOMES = ("ok", "unavailable", "denied", "refused")
LOOKUPS = ("hit", "renewed", "miss")
VIEWER_SECONDS = 45.0
"""A tab counts as a viewer this long after its last refresh; a slow refresh comes every 10 s."""


class Viewers:
    """Open tabs, by the last time that each was refreshed."""

    def __init__(self, clock: Callable[[], float], seconds: float = VIEWER_SECONDS) -> None:
        self._clock, self._seconds = clock, seconds
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def touch(self, viewer: str) -> None:
        with self._lock:
            self._seen[viewer] = self._clock()

    def count(self) -> int:
        """Tabs refreshed of late; the others are forgotten."""
        oldest = self._clock() - self._seconds
        with self._lock:
            self._seen = {viewer: at for viewer, at in self._seen.items() if at >= oldest}
            return len(self._seen)


class LiveMetrics:
    """What the live reader counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter("stock_dashboard_live_messages", "Messages read from the topics.", ["topic"], registry=registry)
        self._refused = Counter("stock_dashboard_live_refused", "Messages that could not be decoded.", ["topic"], registry=registry)
        for topic in (QUOTES, ALERTS, STATUS):
            self._messages.labels(topic.name)
            self._refused.labels(topic.name)
        self._connected = Gauge("stock_dashboard_live_connected", "1 while Kafka answers.", registry=registry)
        self._lag = Histogram(
            "stock_dashboard_live_lag_seconds",
            "From a quote's fetch to its arrival here.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
            registry=registry,
        )

    def received(self, topic: str | None) -> None:
        self._messages.labels(topic).inc()

    def refused(self, topic: str | None) -> None:
        self._refused.labels(topic).inc()

    def connected(self, up: bool) -> None:
        self._connected.set(up)

    def lag(self, seconds: float) -> None:
        self._lag.observe(seconds)


class HistoryMetrics:
    """What the history counts, by view."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "stock_dashboard_query_seconds",
            "Warehouse queries, by view.",
            ["view"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
            registry=registry,
        )
        self._queries = Counter("stock_dashboard_queries", "Warehouse queries, by view and outcome.", ["view", "outcome"], registry=registry)
        self._lookups = Counter(
            "stock_dashboard_history_lookups", "Pictures asked for: from memory, renewed, or not there yet.", ["outcome"], registry=registry
        )
        for view in VIEWS:
            self._seconds.labels(view)
            for outcome in OUTCOMES:
                self._queries.labels(view, outcome)
        for outcome in LOOKUPS:
            self._lookups.labels(outcome)

    def queried(self, view: str, outcome: str, seconds: float) -> None:
        self._queries.labels(view, outcome).inc()
        self._seconds.labels(view).observe(seconds)

    def looked_up(self, outcome: str) -> None:
        self._lookups.labels(outcome).inc()


class PageMetrics:
    """Viewers, and scripts that failed."""

    def __init__(self, registry: CollectorRegistry, viewers: Viewers) -> None:
        Gauge("stock_dashboard_viewers", "Open tabs.", registry=registry).set_function(viewers.count)
        self._errors = Counter("stock_dashboard_script_errors", "Page scripts that ended in an error.", registry=registry)

    def failed(self) -> None:
        self._errors.inc()

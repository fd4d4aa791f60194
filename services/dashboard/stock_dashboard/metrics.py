"""The dashboard's metrics.

They are in a module that is imported once: the pages' script runs again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from stock_common.metrics import Factory
from stock_common.topics import ALERTS, QUOTES, STATUS

PREFIX = "stock_dashboard"
TOPICS = (QUOTES.name, ALERTS.name, STATUS.name)
LAG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300)
QUERY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
VIEWS = ("latest", "bars_1min", "bars_5min", "bars_1h", "bars_1d", "alerts")
OUTCOMES = ("ok", "unavailable", "suspended", "denied", "refused", "busy")
LOOKUPS = ("hit", "renewed", "miss", "over_budget")
VIEWER_SECONDS = 45.0
"""A tab counts as a viewer for this long after its last refresh. The slowest pages refresh every 20 s."""


class Viewers:
    """The open tabs. A tab is open while its page refreshes."""

    def __init__(self, clock: Callable[[], float], seconds: float = VIEWER_SECONDS) -> None:
        self._clock, self._seconds = clock, seconds
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def touch(self, viewer: str) -> None:
        with self._lock:
            self._seen[viewer] = self._clock()

    def count(self) -> int:
        """How many tabs are open. Tabs that no longer refresh are dropped."""
        oldest = self._clock() - self._seconds
        with self._lock:
            self._seen = {viewer: at for viewer, at in self._seen.items() if at >= oldest}
            return len(self._seen)


class LiveMetrics:
    """Metrics of the live reader."""

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Factory(registry, PREFIX)
        self._messages = make.counter("live_messages", "Messages read from the topics.", topic=TOPICS)
        self._refused = make.counter("live_refused", "Messages that could not be decoded.", topic=TOPICS)
        self._connected = make.gauge("live_connected", "1 while Kafka answers.")
        self._restarts = make.counter("live_restarts", "New clients because a partition stood still.")
        self._lag = make.histogram(
            "live_lag_seconds", "From a quote's fetch to its arrival here.", LAG_SECONDS
        )

    def received(self, topic: str | None) -> None:
        self._messages.labels(topic).inc()

    def refused(self, topic: str | None) -> None:
        self._refused.labels(topic).inc()

    def connected(self, up: bool) -> None:
        self._connected.set(up)

    def restarted(self) -> None:
        self._restarts.inc()

    def lag(self, seconds: float) -> None:
        self._lag.observe(seconds)


class HistoryMetrics:
    """Metrics of the warehouse queries, by view."""

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Factory(registry, PREFIX)
        self._seconds = make.histogram(
            "query_seconds", "Warehouse queries, by view.", QUERY_SECONDS, view=VIEWS
        )
        self._queries = make.counter(
            "queries", "Warehouse queries, by view and outcome.", view=VIEWS, outcome=OUTCOMES
        )
        self._lookups = make.counter(
            "history_lookups", "Results asked for: from memory, renewed, or not there yet.", outcome=LOOKUPS
        )

    def queried(self, view: str, outcome: str, seconds: float) -> None:
        self._queries.labels(view, outcome).inc()
        self._seconds.labels(view).observe(seconds)

    def looked_up(self, outcome: str) -> None:
        self._lookups.labels(outcome).inc()


class PageMetrics:
    """Metrics of the pages: viewers, and scripts that failed."""

    def __init__(self, registry: CollectorRegistry, viewers: Viewers) -> None:
        make = Factory(registry, PREFIX)
        make.gauge("viewers", "Open tabs.").set_function(viewers.count)
        self._errors = make.counter("script_errors", "Page scripts that ended in an error.")

    def failed(self) -> None:
        self._errors.inc()


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    LiveMetrics(registry)
    HistoryMetrics(registry)
    PageMetrics(registry, Viewers(time.monotonic))

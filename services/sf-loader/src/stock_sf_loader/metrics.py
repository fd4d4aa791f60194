"""The loader's metrics. Label sets are closed: every child exists from the start."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stock_common.topics import SUNK
from stock_objects.chain import Chain
from stock_sf_loader.ledger import LOADED, QUARANTINED, Entry

TOPICS = tuple(topic.name for topic in SUNK)
CYCLE_OUTCOMES = ("loaded", "idle", "locked", "stale", "unknown", "unavailable", "refused", "stopped")
SUCCESSES = ("loaded", "idle")
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Metrics:
    """`now` is the wall clock."""

    def __init__(self, registry: CollectorRegistry, topics: Sequence[str] = TOPICS, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._oldest: datetime | None = None
        self._warehouse_seen = 0.0
        name = "stock_sf_loader_{}".format
        self.files = Counter(name("files_total"), "Objects that went into the ledger.", ["topic", "status"], registry=registry)
        self.rows = Counter(name("rows_total"), "Rows that were loaded.", ["topic"], registry=registry)
        self.seconds = Histogram(name("transaction_seconds"), "Duration of transactions that were committed.", registry=registry, buckets=SECONDS)
        self.cycles = Counter(name("cycles_total"), "Cycles by what they came to.", ["outcome"], registry=registry)
        self.quarantined = Gauge(name("quarantined_files"), "Objects in the ledger that are quarantined.", registry=registry)
        self.waiting = Gauge(name("waiting_files"), "Objects listed and not in the ledger after the last cycle.", ["topic"], registry=registry)
        self.gaps = Gauge(name("gap_chains"), "Chains that wait for a missing link.", ["topic"], registry=registry)
        self.lag = Gauge(name("lag_seconds"), "Age of the oldest object that waits; 0: none does.", registry=registry)
        self.warehouse = Counter(name("warehouse_seconds_total"), "Time that statements took.", registry=registry)
        self.last_success = Gauge(name("last_success_timestamp_seconds"), "When a cycle last did all it could; 0: never.", registry=registry)
        self.last_load = Gauge(name("last_load_timestamp_seconds"), "When something was last loaded; 0: never.", registry=registry)
        self.lag.set_function(self._lag)
        for topic in topics:
            self.rows.labels(topic)
            self.waiting.labels(topic)
            self.gaps.labels(topic)
            for status in (LOADED, QUARANTINED):
                self.files.labels(topic, status)
        for outcome in CYCLE_OUTCOMES:
            self.cycles.labels(outcome)

    def loaded(self, entries: Sequence[Entry], seconds: float) -> None:
        """A transaction was committed."""
        self.seconds.observe(seconds)
        for entry in entries:
            self.files.labels(entry.chain.topic, entry.status).inc()
            if entry.is_copied:
                self.rows.labels(entry.chain.topic).inc(entry.rows)
        if any(entry.is_copied for entry in entries):
            self.last_load.set(self._now().timestamp())

    def cycle(
        self, outcome: str, waiting: Mapping[str, Sequence[datetime]], quarantined: int | None, gaps: Collection[Chain], warehouse_seconds: float
    ) -> None:
        """A cycle has ended. `waiting`: topic → put times; `quarantined` None: not known now; `warehouse_seconds`: since the start."""
        self.cycles.labels(outcome).inc()
        self.warehouse.inc(warehouse_seconds - self._warehouse_seen)
        self._warehouse_seen = warehouse_seconds
        self._oldest = min((time for times in waiting.values() for time in times), default=None)
        in_gap = Count(chain.topic for chain in gaps)
        for topic, times in waiting.items():
            self.waiting.labels(topic).set(len(times))
            self.gaps.labels(topic).set(in_gap[topic])
        if quarantined is not None:
            self.quarantined.set(quarantined)
        if outcome in SUCCESSES:
            self.last_success.set(self._now().timestamp())

    def _lag(self) -> float:
        return max(0.0, (self._now().astimezone(UTC) - self._oldest).total_seconds()) if self._oldest else 0.0

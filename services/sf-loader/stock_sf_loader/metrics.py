"""The loader's metrics."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry

from stock_common.ledger import LOADED, QUARANTINED
from stock_common.metrics import Factory
from stock_common.topics import SUNK
from stock_objects.chain import Chain

TOPICS = tuple(topic.name for topic in SUNK)
CYCLE_OUTCOMES = (
    "loaded",
    "idle",
    "locked",
    "stale",
    "unknown",
    "suspended",
    "unavailable",
    "refused",
    "stopped",
)
SUCCESSES = ("loaded", "idle")
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600)


class LedgerEntry(Protocol):
    """The part of load.ledger.Entry that is counted."""

    @property
    def chain(self) -> Chain: ...
    @property
    def key(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def is_copied(self) -> bool: ...


class Waiting(NamedTuple):
    """Objects of a chain that wait: how many, the key of the first, and when the oldest was put."""

    files: int
    key: str
    oldest: datetime


class Seen(NamedTuple):
    """What a cycle has seen.

    waiting: only chains with objects that wait.
    quarantined: None when it is not known now.
    gaps: the chains that wait for a missing link.
    foreign: topic → foreign objects after the tails.
    """

    waiting: Mapping[Chain, Waiting]
    quarantined: int | None
    gaps: Collection[Chain]
    foreign: Mapping[str, int]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Metrics:
    """`now` is the wall clock."""

    def __init__(
        self,
        registry: CollectorRegistry,
        topics: Sequence[str] = TOPICS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._now = now
        self._topics = tuple(topics)
        self._oldest: dict[tuple[str, int], datetime] = {}
        self._warehouse_seen = 0.0
        make, statuses = Factory(registry, "stock_sf_loader"), (LOADED, QUARANTINED)
        self.files = make.counter(
            "files_total", "Objects that went into the ledger.", topic=topics, status=statuses
        )
        self.rows = make.counter("rows_total", "Rows that were loaded.", topic=topics)
        self.seconds = make.histogram(
            "transaction_seconds", "Duration of transactions that were committed.", SECONDS
        )
        self.cycles = make.counter("cycles_total", "Cycles by outcome.", outcome=CYCLE_OUTCOMES)
        self.quarantined = make.gauge("quarantined_files", "Objects in the ledger that are quarantined.")
        self.warehouse = make.counter("warehouse_seconds_total", "Time that statements took.")
        self.last_success = make.gauge(
            "last_success_timestamp_seconds", "When a cycle last loaded all it could, 0 when none has."
        )
        self.last_load = make.gauge(
            "last_load_timestamp_seconds", "When something was last loaded, 0 when nothing was."
        )
        self._of_waiting(make, topics)

    def _of_waiting(self, make: Factory, topics: Sequence[str]) -> None:
        """What is about objects that are on S3 and not in the ledger."""
        self.waiting = make.gauge(
            "waiting_files", "Objects listed and not in the ledger after the last cycle.", topic=topics
        )
        self.gaps = make.gauge("gap_chains", "Chains that wait for a missing link.", topic=topics)
        self.foreign = make.gauge(
            "foreign_objects",
            "Objects after the ends of chains that are not ours, the least there are.",
            topic=topics,
        )
        lag = make.gauge("lag_seconds", "Age of the oldest object that waits, 0 when none does.")
        self._partition_lag = make.gauge(
            "partition_lag_seconds",
            "Age of the partition's oldest object that waits, 0 when none does.",
            topic=topics,
            partition=None,
        )
        lag.set_function(lambda: max(map(self._age, self._oldest.values()), default=0.0))
        for topic in SUNK:
            if topic.name in topics:
                self._watch((topic.name, number) for number in range(topic.partitions))

    def loaded(self, entries: Sequence[LedgerEntry], seconds: float) -> None:
        """A transaction was committed."""
        self.seconds.observe(seconds)
        for entry in entries:
            self.files.labels(entry.chain.topic, entry.status).inc()
            if entry.is_copied:
                self.rows.labels(entry.chain.topic).inc(entry.rows)
        if any(entry.is_copied for entry in entries):
            self.last_load.set(self._now().timestamp())

    def cycle(self, outcome: str, seen: Seen, warehouse_seconds: float) -> None:
        """A cycle has ended. `warehouse_seconds` are those of all statements since the start."""
        self.cycles.labels(outcome).inc()
        self.warehouse.inc(warehouse_seconds - self._warehouse_seen)
        self._warehouse_seen = warehouse_seconds
        self._wait(seen.waiting)
        in_gap = Count(chain.topic for chain in seen.gaps)
        for topic in self._topics:
            self.gaps.labels(topic).set(in_gap[topic])
            self.foreign.labels(topic).set(seen.foreign.get(topic, 0))
        if seen.quarantined is not None:
            self.quarantined.set(seen.quarantined)
        if outcome in SUCCESSES:
            self.last_success.set(self._now().timestamp())

    def _wait(self, waiting: Mapping[Chain, Waiting]) -> None:
        files: Count[str] = Count()
        oldest: dict[tuple[str, int], datetime] = {}
        for chain, objects in waiting.items():
            files[chain.topic] += objects.files
            place = (chain.topic, chain.partition)
            oldest[place] = min(objects.oldest, oldest.get(place, objects.oldest))
        for topic in self._topics:
            self.waiting.labels(topic).set(files[topic])
        self._oldest = oldest
        self._watch(oldest)

    def _watch(self, places: Iterable[tuple[str, int]]) -> None:
        for place in places:
            self._partition_lag.labels(*place).set_function(partial(self._lag, place))

    def _lag(self, place: tuple[str, int]) -> float:
        oldest = self._oldest.get(place)
        return 0.0 if oldest is None else self._age(oldest)

    def _age(self, time: datetime) -> float:
        return max(0.0, (self._now().astimezone(UTC) - time).total_seconds())


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)

"""The warehouse's pictures, in memory: asked for in the background, renewed by loads, never by the clock.

A page asks on every refresh; the warehouse is asked only when the picture is not there, when something was loaded since, when a person
opens one that is old, or when the last try failed. So an open tab does not keep the warehouse awake, and a warehouse that is down does
not hold a page up.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple, Protocol

import pyarrow as pa
import structlog

from stock_common.run import FatalError
from stock_dashboard.metrics import HistoryMetrics
from stock_dashboard.queries import Query
from stock_warehouse.errors import StatementError, WarehouseError

Fault = Literal["unavailable", "denied", "refused"]
FIRST_RETRY_SECONDS = 5.0
LAST_RETRY_SECONDS = 60.0
IDLE_SECONDS = 1.0


class Source(Protocol):
    """One warehouse session; see stock_warehouse.session.Warehouse."""

    def arrow(self, sql: str, params: tuple = ()) -> pa.Table: ...

    def close(self) -> None: ...


class Picture(NamedTuple):
    """What is known now. `table` None: nothing yet. `age`: seconds since it was read. `fault`: why the last try failed, of this question or, where
    the warehouse is away, of any; `waiting`: seconds since it was asked, where its answer, or any answer since, is still to come."""

    table: pa.Table | None
    age: float | None
    pending: bool
    fault: Fault | None
    waiting: float | None = None


class _Entry:
    """One question: its last answer, and what is going on about it."""

    def __init__(self) -> None:
        self.table: pa.Table | None = None
        self.read_at = 0.0
        self.generation: Hashable = None
        self.pending = False
        self.asked_at = 0.0
        self.fault: Fault | None = None
        self.failures = 0
        self.failed_at = 0.0
        self.done = threading.Condition()

    def retry_due(self, now: float) -> bool:
        wait = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (self.failures - 1))
        return now - self.failed_at >= wait


def classify(error: Exception) -> Fault:
    """What a failed query means to a reader: try later, not allowed, or a question that the warehouse refuses."""
    if isinstance(error, FatalError):
        return "denied"
    return "refused" if isinstance(error, StatementError) else "unavailable"


class History:
    """For all viewers. `connect` makes a session for each of `connections` threads, when it is first needed."""

    def __init__(
        self,
        connect: Callable[[], Source],
        metrics: HistoryMetrics,
        *,
        clock: Callable[[], float],
        ttl: float,
        refresh: float,
        entries: int,
        connections: int,
    ) -> None:
        self._connect, self._metrics, self._clock = connect, metrics, clock
        self._ttl, self._refresh, self._limit = ttl, refresh, entries
        self._entries: OrderedDict[Query, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._answered_at, self._failed_at, self._away = float("-inf"), 0.0, False
        self._work: queue.Queue[tuple[Query, _Entry, Hashable]] = queue.Queue()
        self._stop = threading.Event()
        self._log = structlog.stdlib.get_logger("stock.dashboard")
        # Daemons: a query that hangs must not hold the end of the process up.
        self._threads = [threading.Thread(target=self._run, name=f"history-{number}", daemon=True) for number in range(connections)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float) -> None:
        """Ends the threads; waits `seconds` for each at most."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)

    def read(self, query: Query, generation: Hashable, *, acted: bool = False, wait: float = 0.0) -> Picture:
        """The picture as it is known, asking for it where that is due. `generation` changes with every load; `acted`: a person opened
        it; `wait`: seconds that the first answer may take, so that a page's first paint is whole."""
        now = self._clock()
        with self._lock:
            entry = self._entry(query)
            reason = self._reason(entry, query, generation, now, acted)
            self._metrics.looked_up("hit" if reason is None else "miss" if entry.table is None else "renewed")
            if reason is not None:
                entry.pending, entry.asked_at = True, now
                self._work.put((query, entry, generation))
            elsewhere = min((other.asked_at for other in self._entries.values() if other.pending and other.asked_at > self._answered_at), default=now)
        if wait and entry.pending and entry.table is None:
            with entry.done:
                entry.done.wait_for(lambda: not entry.pending, wait)
        now = self._clock()
        age = None if entry.table is None else now - entry.read_at
        waiting = now - min(entry.asked_at if entry.pending else now, elsewhere)
        return Picture(entry.table, age, entry.pending, entry.fault or ("unavailable" if self._away else None), waiting or None)

    def _entry(self, query: Query) -> _Entry:
        entry = self._entries.get(query)
        if entry is None:
            entry = self._entries[query] = _Entry()
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)
        self._entries.move_to_end(query)
        return entry

    def _reason(self, entry: _Entry, query: Query, generation: Hashable, now: float, acted: bool) -> str | None:
        if entry.pending:
            return None
        if entry.failures:
            return "retry" if acted or entry.retry_due(now) else None
        if entry.table is None:
            return "first"
        age = now - entry.read_at
        if self._away and now - self._failed_at >= LAST_RETRY_SECONDS:
            return "retry"
        if query.follows_loads and generation is not None and generation != entry.generation and age >= self._refresh:
            return "load"
        return "opened" if acted and age >= self._ttl else None

    def _run(self) -> None:
        source: Source | None = None
        while not self._stop.is_set():
            try:
                query, entry, generation = self._work.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                continue
            source = self._answer(source, query, entry, generation)
        if source is not None:
            source.close()

    def _answer(self, source: Source | None, query: Query, entry: _Entry, generation: Hashable) -> Source | None:
        started = self._clock()
        try:
            source = source or self._connect()
            table = source.arrow(query.sql, query.params)
        except (WarehouseError, FatalError) as error:
            fault = classify(error)
            self._log.warning("history query failed", view=query.view, fault=fault, reason=str(error))
            self._metrics.queried(query.view, fault, self._clock() - started)
            with entry.done:
                entry.fault, entry.failed_at, entry.pending = fault, self._clock(), False
                entry.failures += 1
                entry.done.notify_all()
            self._failed_at, self._away = self._clock(), fault == "unavailable"
            return source
        self._answered_at, self._away = self._clock(), False
        self._metrics.queried(query.view, "ok", self._clock() - started)
        with entry.done:
            entry.table, entry.read_at, entry.generation = table, self._clock(), generation
            entry.fault, entry.failures, entry.pending = None, 0, False
            entry.done.notify_all()
        return source

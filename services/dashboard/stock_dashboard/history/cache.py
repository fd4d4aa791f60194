"""The warehouse's results in memory. They are read in the background and renewed by loads, not by the clock.

A page asks for its results on every refresh. The warehouse is asked only for a result that is not there, that
is older than the last load, that is old when a person opens it, or whose last query failed. So an open tab
does not keep the warehouse awake, and a page does not wait for a warehouse that is down.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pyarrow as pa
import structlog

from stock_common.run import FatalError
from stock_dashboard.history.budget import Budget
from stock_dashboard.history.entry import AGAIN, Entry
from stock_dashboard.history.faults import AWAY, Fault, classify
from stock_dashboard.history.queries import Query
from stock_dashboard.metrics import HistoryMetrics
from stock_warehouse.errors import WarehouseError

MOST_WAITING = 64
IDLE_SECONDS = 1.0


class Source(Protocol):
    """One warehouse session, see stock_warehouse.session.Warehouse."""

    def arrow(self, sql: str, params: tuple = ()) -> pa.Table: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class CachePolicy:
    """How long results are good and how many are kept.

    ttl: the age in seconds at which a result is read again when a person opens it.
    refresh: the least seconds between two reads of one result because of loads.
    entries: how many results are kept. The one that was asked for longest ago is dropped.
    """

    ttl: float
    refresh: float
    entries: int


class Result(NamedTuple):
    """What is known of a query's result now.

    table: None while there is no result yet.
    age: seconds since it was read.
    pending: the query is under way.
    fault: why the last try failed, of this query or, where the warehouse is down, of any.
    waiting: seconds since the query was asked, where neither its answer nor any other has come since.
    """

    table: pa.Table | None
    age: float | None
    pending: bool
    fault: Fault | None
    waiting: float | None = None


class History:
    """The results of all viewers, and the threads that read them.

    connect: makes a warehouse session. Each of `connections` threads makes one when it is first needed.
    clock: monotonic seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Source],
        metrics: HistoryMetrics,
        policy: CachePolicy,
        *,
        clock: Callable[[], float],
        connections: int,
    ) -> None:
        self._connect, self._metrics, self._clock, self._policy = connect, metrics, clock, policy
        self._entries: OrderedDict[Query, Entry] = OrderedDict()
        self._lock, self._budget = threading.Lock(), Budget()
        self._answered_at, self._failed_at = float("-inf"), 0.0
        self._away: Fault | None = None
        self._work: queue.Queue[tuple[Query, Entry, Hashable]] = queue.Queue(MOST_WAITING)
        self._stop = threading.Event()
        self._log = structlog.stdlib.get_logger("stock.dashboard")
        # The threads are daemons: a query that hangs must not delay the end of the process.
        self._threads = [
            threading.Thread(target=self._run, name=f"history-{number}", daemon=True)
            for number in range(connections)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float) -> None:
        """Ends the threads. Waits `seconds` for each at most."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)

    def read(
        self,
        query: Query,
        generation: Hashable,
        *,
        user_opened: bool = False,
        wait: float = 0.0,
        viewer: str | None = None,
    ) -> Result:
        """The result as it is known now. Asks the warehouse in the background where that is due.

        generation: changes with every load into the warehouse.
        user_opened: a person has opened the page that shows the result.
        wait: blocks for up to so many seconds for a first result, so that a page's first paint is whole.
        viewer: whose budget pays for a question that is new or that a person asks again.
        """
        now = self._clock()
        with self._lock:
            entry = self._entries.get(query) or Entry()
            reason = self._reason(entry, query, generation, now, user_opened)
            if self._is_over_budget(viewer, reason, user_opened, now):
                return Result(entry.table, entry.age(now), False, "over_budget")
            self._keep(query, entry)
            self._ask(entry, query, generation, now, reason)
            oldest_wait = self._unanswered_since(now)
        if wait and entry.pending and entry.table is None:
            with entry.done:
                entry.done.wait_for(lambda: not entry.pending, wait)
        now = self._clock()
        waiting = now - min(entry.asked_at if entry.pending else now, oldest_wait)
        fault = entry.fault or self._away
        return Result(entry.table, entry.age(now), entry.pending, fault, waiting or None)

    def _is_over_budget(self, viewer: str | None, reason: str | None, user_opened: bool, now: float) -> bool:
        """Takes a question that is the viewer's own out of the budget. Others cost nothing."""
        costs = reason == "first" or (reason is not None and user_opened)
        if not costs or self._budget.take(viewer, now):
            return False
        self._metrics.looked_up("over_budget")
        return True

    def _ask(self, entry: Entry, query: Query, generation: Hashable, now: float, reason: str | None) -> None:
        self._metrics.looked_up("hit" if reason is None else "miss" if entry.table is None else "renewed")
        if reason is not None:
            entry.pending, entry.asked_at = True, now
            if self._work.full():
                entry.failed("busy", now)
            else:
                self._work.put((query, entry, generation))

    def _unanswered_since(self, now: float) -> float:
        """Since when the oldest query waits that was asked after the last answer, `now` where none waits."""
        pending = (entry.asked_at for entry in self._entries.values() if entry.pending)
        return min((asked_at for asked_at in pending if asked_at > self._answered_at), default=now)

    def _keep(self, query: Query, entry: Entry) -> None:
        """Keeps the entry as the one asked for last, in place of the one asked for longest ago."""
        self._entries[query] = entry
        self._entries.move_to_end(query)
        if len(self._entries) > self._policy.entries:
            self._entries.popitem(last=False)

    def _reason(
        self, entry: Entry, query: Query, generation: Hashable, now: float, user_opened: bool
    ) -> str | None:
        """Why the warehouse is to be asked now, None where it is not."""
        if entry.pending:
            return None
        if entry.failures:
            return "retry" if user_opened or entry.retry_due(now) else None
        if entry.table is None:
            return "first"
        return self._renewal(entry, query, generation, now, user_opened)

    def _renewal(
        self, entry: Entry, query: Query, generation: Hashable, now: float, user_opened: bool
    ) -> str | None:
        """Why a result that is there is to be read again."""
        if self._away and now - self._failed_at >= AGAIN.longest:
            return "retry"
        age = now - entry.read_at
        if self._is_outdated(entry, query, generation) and age >= self._policy.refresh:
            return "load"
        return "opened" if user_opened and age >= self._policy.ttl else None

    @staticmethod
    def _is_outdated(entry: Entry, query: Query, generation: Hashable) -> bool:
        return query.follows_loads and generation is not None and generation != entry.generation

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

    def _answer(
        self, source: Source | None, query: Query, entry: Entry, generation: Hashable
    ) -> Source | None:
        started = self._clock()
        try:
            source = source or self._connect()
            table = source.arrow(query.sql, query.params)
        except (WarehouseError, FatalError) as error:
            fault = classify(error)
            self._log.warning("history query failed", view=query.view, fault=fault, reason=str(error))
            self._metrics.queried(query.view, fault, self._clock() - started)
            entry.failed(fault, self._clock())
            self._failed_at, self._away = self._clock(), fault if fault in AWAY else None
            return source
        self._answered_at, self._away = self._clock(), None
        self._metrics.queried(query.view, "ok", self._clock() - started)
        entry.succeeded(table, generation, self._clock())
        return source

"""Table locks between sessions: compatible writers, waiting, deadlocks.

Source: sql-reference/transactions, "Resource locking". UPDATE, DELETE and MERGE of a table exclude each
other. INSERT and COPY run next to them. DDL excludes all writers. Snowflake has no such rule, but
DuckDB refuses to commit rows into a table that was altered meanwhile.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stock_snowflake.errors import SnowflakeError, canceled, lock_timeout

MAX_WAITERS = 20
"""Snowflake's text for 000625: "the number of waiters for this lock exceeds the 20 statements limit"."""


class Mode(enum.Enum):
    INSERT = "insert"
    WRITE = "write"
    DDL = "ddl"


_COMPATIBLE = {(Mode.INSERT, Mode.INSERT), (Mode.INSERT, Mode.WRITE), (Mode.WRITE, Mode.INSERT)}


@dataclass(eq=False)
class _Request:
    owner: str
    mode: Mode
    canceled: bool = False


@dataclass(eq=False)
class _Table:
    holders: list[_Request] = field(default_factory=list)
    waiters: list[_Request] = field(default_factory=list)


class LockTable:
    """Locks by table name. Any thread may call any method. Only `acquire` blocks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._tables: dict[str, _Table] = {}

    def acquire(self, owner: str, table: str, mode: Mode, timeout: float) -> None:
        """Take the lock. Waits in order of arrival for at most `timeout` seconds (0: not at all).

        Raises SnowflakeError 000625 when the time is over, when 20 statements wait already, or when the wait
        would be a deadlock (the newest statement is the victim). Raises 000604 when canceled.
        """
        with self._changed:
            entry = self._tables.setdefault(table, _Table())
            request = _Request(owner, mode)
            if not self._blockers(entry, request):
                entry.holders.append(request)
                return
            self._check_wait(entry, request, table, timeout)
            entry.waiters.append(request)
            try:
                self._wait(entry, request, table, timeout)
                entry.holders.append(request)
            finally:
                entry.waiters.remove(request)
                self._changed.notify_all()

    def release(self, owner: str) -> None:
        """Release every lock of this owner."""
        with self._changed:
            for name, entry in list(self._tables.items()):
                entry.holders = [held for held in entry.holders if held.owner != owner]
                if not entry.holders and not entry.waiters:
                    del self._tables[name]
            self._changed.notify_all()

    def cancel(self, owner: str) -> None:
        """End this owner's wait, if it waits."""
        with self._changed:
            for entry in self._tables.values():
                for request in entry.waiters:
                    request.canceled = request.canceled or request.owner == owner
            self._changed.notify_all()

    def _wait(self, entry: _Table, request: _Request, table: str, timeout: float) -> None:
        deadline = self._clock() + timeout
        while self._blockers(entry, request):
            remaining = deadline - self._clock()
            if remaining <= 0:
                raise lock_timeout(table, timeout)
            self._changed.wait(min(remaining, threading.TIMEOUT_MAX))
            if request.canceled:
                raise canceled()

    def _check_wait(self, entry: _Table, request: _Request, table: str, timeout: float) -> None:
        if timeout <= 0:
            raise lock_timeout(table, timeout)
        if len(entry.waiters) >= MAX_WAITERS:
            raise SnowflakeError(
                "000625",
                "57014",
                f"Another transaction has locked table '{table}'. Your statement was aborted because the"
                f" number of waiters for this lock exceeds the {MAX_WAITERS} statements limit.",
            )
        if request.owner in self._reachable(entry, request):
            raise SnowflakeError(
                "000625",
                "57014",
                f"Your statement on table '{table}' was aborted because it would wait for itself: deadlock.",
            )

    def _blockers(self, entry: _Table, request: _Request) -> set[str]:
        """Owners that this request has to wait for: holders and earlier waiters.

        An owner that already holds the table does not queue after others, because they wait for it.
        """
        own = [held.mode for held in entry.holders if held.owner == request.owner]
        if any(_covers(mode, request.mode) for mode in own):
            return set()
        before = entry.waiters[: entry.waiters.index(request)] if request in entry.waiters else entry.waiters
        others = (*entry.holders, *(() if own else before))
        return {
            other.owner
            for other in others
            if other.owner != request.owner and (other.mode, request.mode) not in _COMPATIBLE
        }

    def _reachable(self, entry: _Table, request: _Request) -> set[str]:
        """The blockers of this request, their blockers, and so on."""
        found: set[str] = set()
        frontier = self._blockers(entry, request)
        while frontier:
            owner = frontier.pop()
            found.add(owner)
            for other_entry, waiting in self._waiting():
                if waiting.owner == owner:
                    frontier |= self._blockers(other_entry, waiting) - found
        return found

    def _waiting(self) -> Iterator[tuple[_Table, _Request]]:
        return ((entry, waiting) for entry in self._tables.values() for waiting in entry.waiters)


def _covers(held: Mode, wanted: Mode) -> bool:
    return held is wanted or held is Mode.DDL or (held is Mode.WRITE and wanted is Mode.INSERT)

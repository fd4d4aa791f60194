"""The open sessions by token, their last answers, and the end of idle ones."""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from stock_snowflake.account.sign_in import role_of
from stock_snowflake.sessions.services import Login, Services
from stock_snowflake.sessions.session import Session

SESSION_IDLE_SECONDS = 4 * 3600
"""Source: sql-reference/parameters, CLIENT_SESSION_KEEP_ALIVE.

"The user must log in again after four hours of inactivity."
"""
ANSWERS_KEPT = 8
"""A client sends one request at a time and repeats it when it lost the answer: a few answers are enough."""
WORKERS = 64
"""Statements that run or wait for a lock at the same time. Further ones queue."""

logger = logging.getLogger("stock_snowflake")


@dataclass(frozen=True)
class Pending:
    """One statement without an answer yet: its query id and the future of the answer (a JSON object)."""

    query_id: str
    future: Future[dict[str, Any]]


class Answers:
    """A session's last answers by request id. A repeated request gets the first answer again."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._pending: OrderedDict[str, Pending] = OrderedDict()

    def submit(self, request_id: str, work: Callable[[str], dict[str, Any]]) -> Pending:
        """Start the work (called with its new query id) unless this request is known."""
        with self._lock:
            known = self._pending.get(request_id)
            if known is not None:
                return known
            query_id = str(uuid.uuid4())
            pending = Pending(query_id, self._executor.submit(work, query_id))
            self._pending[request_id] = pending
            finished = [key for key, entry in self._pending.items() if entry.future.done()]
            for key in finished[: max(0, len(finished) - ANSWERS_KEPT)]:
                del self._pending[key]
            return pending

    def get(self, request_id: str) -> Pending | None:
        with self._lock:
            return self._pending.get(request_id)

    def find(self, query_id: str) -> Pending | None:
        with self._lock:
            return next((entry for entry in self._pending.values() if entry.query_id == query_id), None)


@dataclass(frozen=True)
class Entry:
    session: Session
    answers: Answers


@dataclass
class Sessions:
    """All sessions of the server. Every method may be called from any thread."""

    services: Services
    idle_transaction_seconds: float
    executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(WORKERS, thread_name_prefix="statement")
    )
    _entries: dict[str, Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def open(self, login: Login) -> tuple[str, Entry]:
        """Open a session and return its token. Raises SnowflakeError for a bad parameter or role."""
        login = replace(login, role=role_of(self.services.account, login.user, login.role))
        entry = Entry(Session(str(next(self._numbers)), login, self.services), Answers(self.executor))
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._entries[token] = entry
        return token, entry

    def get(self, token: str) -> Entry | None:
        with self._lock:
            return self._entries.get(token)

    def close(self, token: str) -> None:
        with self._lock:
            entry = self._entries.pop(token, None)
        if entry is not None:
            entry.session.close()

    def sweep(self) -> None:
        """Roll back transactions that were idle too long and close sessions that nobody uses any more."""
        with self._lock:
            entries = list(self._entries.items())
        for token, entry in entries:
            try:
                expired = entry.session.expire_transaction(self.idle_transaction_seconds)
            except duckdb.Error:
                # One broken session must not keep the others' locks from being freed.
                logger.exception("session %s: its idle transaction cannot be rolled back", entry.session.id)
                continue
            if expired:
                logger.warning(
                    "session %s: rolled back a transaction that was idle for %g s",
                    entry.session.id,
                    self.idle_transaction_seconds,
                )
            if entry.session.idle_seconds() > SESSION_IDLE_SECONDS:
                self.close(token)

    def close_all(self) -> None:
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            entry.session.close()
        self.executor.shutdown(wait=True, cancel_futures=True)


class Sweeper:
    """Calls `sweep` at a fixed interval on a thread until stopped."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._interval = min(5.0, sessions.idle_transaction_seconds / 4)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._sessions.sweep()

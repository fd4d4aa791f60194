"""One client's session: it runs one statement at a time, can be cancelled, and expires."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from stock_snowflake.database.translator import Translator
from stock_snowflake.errors import canceled, session_gone
from stock_snowflake.sessions.execution import Execution
from stock_snowflake.sessions.parameters import Parameters
from stock_snowflake.sessions.services import Login, Services
from stock_snowflake.sql.statements import parse
from stock_snowflake.transactions.transaction import Transaction
from stock_snowflake.types import results

CANCEL_AGAIN_SECONDS = 0.1


class Session:
    """Every public method may be called from any thread. `execute` blocks on locks, S3 and DuckDB."""

    def __init__(self, session_id: str, login: Login, services: Services) -> None:
        """Raises SnowflakeError for a session parameter with a bad value."""
        self.id = session_id
        self._services = services
        self._serial = threading.Lock()
        self.parameters = Parameters(login.parameters, services.engine.timezones)
        engine = services.engine
        self._translator = Translator(engine.connect(), engine.reserved_words, engine.translations)
        self._transaction = Transaction(session_id, self._translator.duck, services.locks)
        self._execution = Execution(
            session_id, login, services, self.parameters, self._translator, self._transaction
        )
        self._last_use = services.monotonic()
        self._closed = False
        self._running: str | None = None
        self._canceled: set[str] = set()

    @property
    def database(self) -> str | None:
        return self._translator.database

    @property
    def schema(self) -> str | None:
        return self._translator.schema

    def execute(
        self, query_id: str, text: str, rows: Sequence[Sequence[Any]], batch: bool, describe_only: bool
    ) -> results.Result:
        """Run one statement. `rows` has one row of bound values, or many for an array binding.

        Raises SnowflakeError for what Snowflake would refuse, otherwise any error of DuckDB or fakesnow.
        """
        with self._serial:
            if self._closed:
                raise session_gone()
            done = False
            self._running = query_id
            try:
                if query_id in self._canceled:
                    raise canceled()
                result = self._execution.run(parse(text), rows, batch, describe_only)
                done = True
                return result
            finally:
                if not done and (self.parameters.transaction_abort_on_error or self._transaction.broken()):
                    self._transaction.fail("an earlier statement of it failed.")
                self._running = None
                self._canceled.discard(query_id)
                self._last_use = self._services.monotonic()

    def cancel(self, query_id: str) -> None:
        """End this statement while it runs, waits for a lock, or has not begun."""
        self._canceled.add(query_id)
        if self._running == query_id:
            self._interrupt()

    def touch(self) -> None:
        self._last_use = self._services.monotonic()

    def idle_seconds(self) -> float:
        return self._services.monotonic() - self._last_use

    def expire_transaction(self, idle_seconds: float) -> bool:
        """Roll back the open transaction if the session was idle for so long. Never waits for a statement."""
        if not self._serial.acquire(blocking=False):
            return False
        try:
            if self._closed or not self._transaction.open or self.idle_seconds() < idle_seconds:
                return False
            self._transaction.expire(f"the session was idle for more than {idle_seconds:g} seconds.")
            return True
        finally:
            self._serial.release()

    def close(self) -> None:
        """Roll back and close the connection. Ends a running statement first, and blocks until it ends."""
        while not self._serial.acquire(timeout=CANCEL_AGAIN_SECONDS):
            # Again and again, because a statement between two waits misses an interrupt.
            self._interrupt()
        try:
            if not self._closed:
                self._transaction.rollback()
                self._translator.close()
                self._closed = True
        finally:
            self._serial.release()

    def _interrupt(self) -> None:
        self._services.locks.cancel(self.id)
        self._translator.duck.interrupt()

"""One session's transaction: explicit or implicit, its locks, and what a failed statement does to it.

Source: sql-reference/transactions. Snowflake reads committed rows statement by statement; DuckDB freezes a snapshot at
BEGIN. So DuckDB's BEGIN is put off until the first write has its table lock: a session that waited for another's lock
sees what that one committed. Only reads *after* a transaction's own first write keep that moment's snapshot.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from stock_snowflake.errors import transaction_aborted
from stock_snowflake.locks import LockTable, Mode


class State(enum.Enum):
    NONE = "none"
    OPEN = "open"
    FAILED = "failed"
    # Rolled back by the server while the client was away.
    EXPIRED = "expired"


class Transaction:
    """Transaction state of one session. Not thread-safe: the session runs one statement at a time."""

    def __init__(self, owner: str, connection: duckdb.DuckDBPyConnection, locks: LockTable) -> None:
        self._owner = owner
        self._connection = connection
        self._locks = locks
        self._writing = False
        self._reason = ""
        self.state = State.NONE

    @property
    def open(self) -> bool:
        return self.state is State.OPEN

    def begin(self) -> None:
        """BEGIN. Ignored inside a transaction ("if a transaction is already active, any BEGIN TRANSACTION statements are ignored")."""
        if self.state is State.FAILED:
            raise transaction_aborted(self._reason)
        if self.state is not State.OPEN:
            self.state = State.OPEN

    def commit(self) -> None:
        """COMMIT, a no-op outside a transaction. Raises SnowflakeError 000615 if the transaction failed: nothing is saved then."""
        if self.state in (State.FAILED, State.EXPIRED):
            reason = self._reason
            self.rollback()
            raise transaction_aborted(reason)
        try:
            if self._writing:
                self._connection.commit()
                self._writing = False
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Undo what is not committed and give back the locks."""
        try:
            if self._writing:
                self._connection.rollback()
        except duckdb.TransactionException:
            # DuckDB ends the transaction by itself when its commit fails; there is nothing left to undo.
            pass
        finally:
            self._writing = False
            self.state = State.NONE
            self._locks.release(self._owner)

    def expire(self, reason: str) -> None:
        """Roll back on the server's own account. The client hears of it at its next statement."""
        self.rollback()
        self._reason = reason
        self.state = State.EXPIRED

    def check_usable(self) -> None:
        """Raises SnowflakeError 000615 when only COMMIT or ROLLBACK may follow."""
        if self.state in (State.FAILED, State.EXPIRED):
            raise transaction_aborted(self._reason)

    def fail(self, reason: str) -> None:
        """Mark an open transaction as failed; its changes and locks go at once, COMMIT will be an error."""
        if self.state is State.OPEN:
            self.rollback()
            self._reason = reason
            self.state = State.FAILED

    def broken(self) -> bool:
        """Whether DuckDB has given the open transaction up: most errors while executing do that."""
        if not self._writing:
            return False
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            return True
        return False

    @contextmanager
    def writing(self, locks: Mapping[str, Mode], lock_timeout: float, steps: int = 1) -> Iterator[None]:
        """Run one DML statement: take its locks, begin, and, outside an explicit transaction, commit or roll back.

        A statement that DuckDB executes in several steps fails the whole transaction: half of it may have happened.
        Blocks for at most `lock_timeout` seconds a lock. Raises SnowflakeError 000625 when a lock stays taken.
        """
        implicit = self.state is State.NONE
        started = done = False
        try:
            for table, mode in sorted(locks.items()):
                self._locks.acquire(self._owner, table, mode, lock_timeout)
            if not self._writing:
                self._connection.begin()
                self._writing = True
            started = True
            yield
            done = True
        finally:
            if implicit and not done:
                self.rollback()
            elif started and not done and steps > 1:
                self.fail("an earlier statement of it failed half way.")
        if implicit:
            self.commit()

    @contextmanager
    def changing_catalog(self, locks: Mapping[str, Mode], lock_timeout: float) -> Iterator[None]:
        """Run one DDL statement: "Every DDL statement executes as a separate transaction", after committing the open one."""
        self.commit()
        try:
            for table, mode in sorted(locks.items()):
                self._locks.acquire(self._owner, table, mode, lock_timeout)
            yield
        finally:
            self._locks.release(self._owner)

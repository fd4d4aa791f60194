"""One session's transaction, explicit or implicit: its locks, and what a failed statement does to it.

Source: sql-reference/transactions. In Snowflake each statement reads what is committed when it begins. DuckDB
takes one snapshot at BEGIN. So DuckDB's BEGIN waits until the first write has its table lock. A session that
waited for a lock then sees what the former holder committed. Only reads *after* a transaction's first write
have the snapshot of that moment.
"""

from __future__ import annotations

import enum
import json
import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb

from stock_snowflake.errors import transaction_aborted
from stock_snowflake.transactions.locks import LockTable, Mode

logger = logging.getLogger("stock_snowflake")


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
        self._loaded: list[tuple[str, str]] = []
        self.state = State.NONE

    @property
    def open(self) -> bool:
        return self.state is State.OPEN

    def begin(self) -> None:
        """BEGIN, ignored inside a transaction.

        "If a transaction is already active, any BEGIN TRANSACTION statements are ignored."
        """
        if self.state is State.FAILED:
            raise transaction_aborted(self._reason)
        if self.state is not State.OPEN:
            self.state = State.OPEN

    def commit(self) -> None:
        """COMMIT, a no-op outside a transaction.

        Raises SnowflakeError 000615 if the transaction failed. Nothing is saved then.
        """
        if self.state in (State.FAILED, State.EXPIRED):
            reason = self._reason
            self.rollback()
            raise transaction_aborted(reason)
        try:
            if self._writing:
                with self._logged():
                    self._connection.commit()
                self._writing = False
        finally:
            self.rollback()

    def loads(self, table: str, files: Iterable[str]) -> None:
        """Notes for the log what a COPY has put into the open transaction."""
        self._loaded += [(table, file) for file in files]

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Two lines about a COMMIT of loads. Where the second is missing, nobody knows its outcome."""
        if not self._loaded:
            yield
            return
        name, files = uuid.uuid4().hex, self._loaded
        logger.info("committing %s", json.dumps({"at": time.time(), "transaction": name, "files": files}))
        yield
        logger.info("committed %s", json.dumps({"at": time.time(), "transaction": name}))

    def rollback(self) -> None:
        """Undo what is not committed and release the locks."""
        try:
            if self._writing:
                self._connection.rollback()
        except duckdb.TransactionException:
            # DuckDB ends the transaction when its commit fails. Nothing is left to undo.
            pass
        finally:
            self._writing = False
            self._loaded = []
            self.state = State.NONE
            self._locks.release(self._owner)

    def expire(self, reason: str) -> None:
        """Roll back by the server's decision. The client gets the error at its next statement."""
        self.rollback()
        self._reason = reason
        self.state = State.EXPIRED

    def check_usable(self) -> None:
        """Raises SnowflakeError 000615 when only COMMIT or ROLLBACK may follow."""
        if self.state in (State.FAILED, State.EXPIRED):
            raise transaction_aborted(self._reason)

    def fail(self, reason: str) -> None:
        """Mark an open transaction as failed. Its changes and locks go at once. COMMIT will be an error."""
        if self.state is State.OPEN:
            self.rollback()
            self._reason = reason
            self.state = State.FAILED

    def broken(self) -> bool:
        """Whether DuckDB has aborted the open transaction, which most errors at execution do."""
        if not self._writing:
            return False
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.TransactionException:
            return True
        return False

    @contextmanager
    def writing(self, locks: Mapping[str, Mode], lock_timeout: float, steps: int = 1) -> Iterator[None]:
        """Run one DML statement: take its locks and begin. An implicit transaction commits or rolls back.

        If a statement of several steps fails, the whole transaction fails, because some steps may be done.
        Blocks for at most `lock_timeout` seconds a lock. Raises SnowflakeError 000625 when one stays taken.
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
        """Run one DDL statement, after committing the open transaction.

        "Every DDL statement executes as a separate transaction."
        """
        self.commit()
        try:
            for table, mode in sorted(locks.items()):
                self._locks.acquire(self._owner, table, mode, lock_timeout)
            yield
        finally:
            self._locks.release(self._owner)

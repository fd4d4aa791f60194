"""One Snowflake session: connected when first used, replaced when it has expired; the end of a transaction is known, or said to be unknown."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import snowflake.connector
from snowflake.connector.errors import Error
from snowflake.connector.network import ReauthenticationRequest

from stock_common.run import FatalError
from stock_warehouse.config import STATEMENT_SECONDS, WarehouseSettings, connect_arguments, session_parameters
from stock_warehouse.errors import REFUSED_SIGN_IN, SessionExpired, UnknownOutcome, WarehouseError, WarehouseUnavailable, classify

if TYPE_CHECKING:
    import pyarrow as pa

Connect = Callable[..., Any]


class Warehouse:
    """A session as `role` (default: SNOWFLAKE_ROLE). Nothing is sent before the first statement.

    Statements take `?` for each of `params`; values are bound, never written into the SQL. Every call is bounded (stock_warehouse.config) and raises
    WarehouseUnavailable, LockTimeout, StatementError, or FatalError where an operator must act. Not for two threads inside one transaction.
    `transactional`: for a writer, see `session_parameters`; outside of `transaction()` such a session only reads.
    `statement_seconds` counts the time that statements took which were answered, in seconds.
    """

    def __init__(
        self,
        settings: WarehouseSettings,
        service: str,
        *,
        role: str | None = None,
        query_tag: str | None = None,
        transactional: bool = False,
        statement_timeout: int = STATEMENT_SECONDS,
        connect: Connect = snowflake.connector.connect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.statement_seconds = 0.0
        self._arguments = connect_arguments(
            settings, service, role, session_parameters(service, transactional, query_tag, statement_timeout), not transactional
        )
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Any = None
        self._in_transaction = False

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows, each as a dict with lower-case names."""
        return self._statement(sql, lambda cursor: _rows(cursor.execute(sql, _bound(params))))

    def arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The rows as an Arrow table with lower-case names; a typed table of 0 rows where there are none. Needs pandas and pyarrow."""

        def fetch(cursor: Any) -> pa.Table:
            table = cursor.execute(sql, _bound(params)).fetch_arrow_all(force_return_table=True)
            return table.rename_columns([name.lower() for name in table.column_names])

        return self._statement(sql, fetch)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Runs the statement and returns how many rows it changed (0 for DDL that says nothing)."""
        return self._statement(sql, lambda cursor: cursor.execute(sql, _bound(params)).rowcount or 0)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Runs an INSERT with every row in one statement (array binding) and returns how many rows it changed. A column's values are of one type."""
        if not rows:
            return 0
        return self._statement(sql, lambda cursor: cursor.executemany(sql, [tuple(_bind(value) for value in row) for row in rows]).rowcount or 0)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN … COMMIT; any exception inside rolls back. Raises UnknownOutcome when COMMIT got no good answer: read what is there."""
        if self._in_transaction:
            raise RuntimeError("a transaction is open already")
        self.execute("BEGIN TRANSACTION")
        self._in_transaction = True
        try:
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            try:
                self.execute("COMMIT")
            except (WarehouseError, FatalError) as error:
                self._discard()
                raise UnknownOutcome(f"COMMIT: {error}") from error
        finally:
            self._in_transaction = False

    def close(self) -> None:
        """Ends the session; an open transaction is rolled back. Never raises for Snowflake's sake."""
        self._discard()

    def _roll_back(self) -> None:
        # Where ROLLBACK itself fails, ending the session does the same, now or when the server notices.
        try:
            if self._connection is not None:
                self.execute("ROLLBACK")
        except (WarehouseError, FatalError):
            self._discard()

    def _statement(self, sql: str, work: Callable[[Any], Any]) -> Any:
        started, answered = self._clock(), True
        try:
            try:
                return self._once(sql, work)
            except SessionExpired:
                if self._in_transaction:
                    raise
                return self._once(sql, work)
        except WarehouseUnavailable:
            # To wait for somebody who is not there is no work of the warehouse's.
            answered = False
            raise
        finally:
            self.statement_seconds += self._clock() - started if answered else 0.0

    def _once(self, sql: str, work: Callable[[Any], Any]) -> Any:
        connection = self._open()
        try:
            with connection.cursor() as cursor:
                return work(cursor)
        except Error as error:
            kind = _classified(error, sql.split(maxsplit=1)[0])
        if isinstance(kind, WarehouseUnavailable):
            self._discard()
        raise kind

    def _open(self) -> Any:
        with self._lock:
            if self._connection is None:
                if self._in_transaction:
                    raise WarehouseUnavailable("the session ended inside the transaction")
                try:
                    self._connection = self._connect(**self._arguments)
                except Error as error:
                    raise _classified(error, "the sign-in") from None
                except ReauthenticationRequest as error:
                    # No Error of the connector's: so it says at the sign-in that a token has expired.
                    raise classify(REFUSED_SIGN_IN, "", str(error.cause), "the sign-in") from None
                except (OSError, ValueError, TypeError) as error:
                    raise classify(251008, "", f"the private key cannot be used: {type(error).__name__}: {error}") from None
                self._connection.telemetry_enabled = False
            return self._connection

    def _discard(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Error, OSError):
                connection.close(retry=False)


def _classified(error: Error, what: str) -> Exception:
    return classify(error.errno or -1, error.sqlstate or "", error.raw_msg or str(error), what)


def _rows(cursor: Any) -> list[dict[str, Any]]:
    names = [column.name.lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _bound(params: Sequence[Any]) -> tuple[Any, ...] | None:
    return tuple(_bind(value) for value in params) or None


def _bind(value: Any) -> Any:
    # The connector binds a datetime as TIMESTAMP_NTZ unless told otherwise.
    return ("TIMESTAMP_LTZ", value) if isinstance(value, datetime) and value.tzinfo is not None else value

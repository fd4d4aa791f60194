"""One Snowflake session. It connects when it is first used, and is replaced when it has expired.

A transaction ends as known, or raises UnknownOutcome.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from snowflake.connector.errors import Error
from snowflake.connector.network import ReauthenticationRequest

from stock_common.run import FatalError
from stock_warehouse.config import (
    CANCEL_SECONDS,
    MANY_ROWS,
    MANY_VALUES,
    PLAIN,
    SessionOptions,
    WarehouseSettings,
    connect_arguments,
)
from stock_warehouse.connection import Connection
from stock_warehouse.errors import (
    REFUSED_SIGN_IN,
    SIGN_IN,
    SessionExpired,
    StatementFailed,
    UnknownOutcome,
    WarehouseError,
    WarehouseUnavailable,
    classify,
)

if TYPE_CHECKING:
    import pyarrow as pa

Connect = Callable[..., Any]


class Warehouse:
    """One session. Nothing is sent before the first statement.

    Statements take `?` for each of `params`. Values are bound, never written into the SQL.
    Every call is bounded (stock_warehouse.config) and raises WarehouseUnavailable, LockTimeout,
    StatementError, or FatalError where an operator must act. Two threads must not share a transaction.
    A transactional session only reads outside of `transaction()`.

    statement_seconds: the time that answered statements took since the beginning, in seconds.
    """

    def __init__(
        self,
        settings: WarehouseSettings,
        service: str,
        options: SessionOptions = PLAIN,
        connect: Connect = Connection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.statement_seconds = 0.0
        self._arguments = connect_arguments(settings, service, options)
        # Given to each statement, because the connector would cancel it after NETWORK_SECONDS otherwise.
        self._timeout = options.statement_seconds + CANCEL_SECONDS
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Any = None
        self._in_transaction = False

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows, each as a dict with lower-case names."""
        return self._statement(sql, lambda cursor: _rows(self._run(cursor, sql, params)))

    def arrow(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The rows as an Arrow table with lower-case names, a typed table of 0 rows where there are none.

        Needs pandas and pyarrow.
        """

        def fetch(cursor: Any) -> pa.Table:
            table = self._run(cursor, sql, params).fetch_arrow_all(force_return_table=True)
            return table.rename_columns([name.lower() for name in table.column_names])

        return self._statement(sql, fetch)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Runs the statement and returns how many rows it changed (0 for DDL without a count)."""
        return self._statement(sql, lambda cursor: self._run(cursor, sql, params).rowcount or 0)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Runs an INSERT with every row and returns how many rows it changed.

        This is array binding, so a column's values must be of one type. Beyond MANY_ROWS, or MANY_VALUES, it
        takes several statements. Raises RuntimeError where these are in no transaction, which makes them one.
        """
        if not rows:
            return 0
        most = min(MANY_ROWS, MANY_VALUES // len(rows[0]))
        if len(rows) > most and not self._in_transaction:
            raise RuntimeError(f"{len(rows)} rows are more than one statement takes ({most})")
        bound = [tuple(_bind(value) for value in row) for row in rows]
        parts = (bound[first : first + most] for first in range(0, len(bound), most))
        return sum(self._insert(sql, part) for part in parts)

    def _insert(self, sql: str, rows: list[tuple[Any, ...]]) -> int:
        return self._statement(
            sql, lambda cursor: cursor.executemany(sql, rows, timeout=self._timeout).rowcount or 0
        )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN, then COMMIT. Any exception inside rolls back.

        Raises UnknownOutcome when COMMIT got no good answer: read what is there.
        """
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
        """Ends the session, which rolls an open transaction back. No error of Snowflake's is raised."""
        self._discard()

    def _roll_back(self) -> None:
        # Where ROLLBACK fails, the session's end has the same effect, at once or when the server notices.
        try:
            if self._connection is not None:
                self.execute("ROLLBACK")
        except (WarehouseError, FatalError):
            self._discard()

    def _run(self, cursor: Any, sql: str, params: Sequence[Any]) -> Any:
        return cursor.execute(sql, _bound(params), timeout=self._timeout)

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
            # Waiting for a server that does not answer is not time that the warehouse worked.
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
        if isinstance(kind, WarehouseUnavailable) and not isinstance(kind, StatementFailed):
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
                    raise _classified(error, SIGN_IN, str(self._arguments.get("user"))) from None
                except ReauthenticationRequest as error:
                    # The connector raises this at the sign-in for an expired token. It is not an Error.
                    raise classify(REFUSED_SIGN_IN, "", str(error.cause), SIGN_IN) from None
                except (OSError, ValueError, TypeError) as error:
                    raise classify(
                        251008, "", f"the private key cannot be used: {type(error).__name__}: {error}"
                    ) from None
                self._connection.telemetry_enabled = False
            return self._connection

    def _discard(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Error, OSError):
                connection.close(retry=False)


def _classified(error: Error, what: str, user: str = "SNOWFLAKE_USER") -> Exception:
    return classify(error.errno or -1, error.sqlstate or "", error.raw_msg or str(error), what, user)


def _rows(cursor: Any) -> list[dict[str, Any]]:
    names = [column.name.lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _bound(params: Sequence[Any]) -> tuple[Any, ...] | None:
    return tuple(_bind(value) for value in params) or None


def _bind(value: Any) -> Any:
    # Without a type the connector binds a datetime as TIMESTAMP_NTZ.
    return ("TIMESTAMP_LTZ", value) if isinstance(value, datetime) and value.tzinfo is not None else value

"""A simulated Snowflake with the connector's methods: sessions, transactions, the lock of the lease, COPY."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from snowflake.connector.errors import OperationalError, ProgrammingError

from stock_common import keys
from stock_objects.chain import Chain
from stock_sf_loader.load import ledger_sql

from . import statements
from .engine import Process, process
from .s3 import EPOCH, STRANGER, Bucket
from .stand_ins import rows_of
from .tables import Answer, Change, Data, Ledgered, Row
from .world import Fault, World

LOCK_SECONDS, IDLE_SECONDS = 60.0, 300.0
ERRORS = {"suspended": 607, "gave up": 603, "session expired": 390114}


class Column(NamedTuple):
    name: str


class Server:
    """`open`: sessions with a transaction. `blind`: whether sessions see no more than when they began."""

    def __init__(self, world: World, bucket: Bucket, blind: bool) -> None:
        self.world, self.bucket, self.blind = world, bucket, blind
        self.data = Data()
        self.open: list[Connection] = []
        self.copied: set[str] = set()
        self.clock_skew = 0.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.world.now)

    def connect(self, **_: Any) -> Connection:
        return self.world.request("sql connect", lambda: Connection(self), network_error)

    def holder_of_the_lock(self) -> Connection | None:
        return next((each for each in self.open if each.has_lock), None)

    def abort(self, connection: Connection) -> None:
        connection.changes, connection.has_lock = [], False
        if connection in self.open:
            self.open.remove(connection)

    def abort_all(self) -> None:
        """The server ends every transaction, unasked."""
        for connection in list(self.open):
            self.world.say("Snowflake", f"ends the transaction of {connection.process.name}")
            self.abort(connection)


class Connection:
    """One session. Autocommit is off: what is changed outside of BEGIN begins a transaction."""

    telemetry_enabled = False

    def __init__(self, server: Server) -> None:
        self.server, self.world = server, server.world
        self.process: Process = process()
        self.base = server.data
        self.changes: list[Change] = []
        self.committed: list[Change] = []
        self.has_lock, self.closed = False, False
        self.used = self.world.now
        self.process.on_silence.append(self._watch)

    def cursor(self) -> Cursor:
        return Cursor(self)

    def close(self, retry: bool = True) -> None:
        process().check()
        self.closed = True
        self.server.abort(self)

    def seen(self) -> Data:
        data = self.base if self.server.blind else self.server.data
        for make in (*(self.committed if self.server.blind else ()), *self.changes):
            data = make(data)
        return data

    def change(self, make: Change) -> int:
        if self not in self.server.open:
            self.server.open.append(self)
        before = self.seen()
        self.changes.append(make)
        after = self.seen()
        return abs(len(after.ledger) - len(before.ledger)) + abs(len(after.rows) - len(before.rows))

    def commit(self) -> None:
        for make in self.changes:
            self.server.data = make(self.server.data)
        self.committed += self.changes
        self.server.abort(self)

    def _watch(self) -> None:
        """A session whose client is silent is detached, and its transaction is aborted in the end."""

        def look() -> None:
            if not self.process.alive or self.process.paused_until > self.world.now:
                self.server.abort(self)

        self.world.at(IDLE_SECONDS, look)


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self._connection, self._server = connection, connection.server
        self._rows: Answer = []
        self.rowcount: int | None = 0

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None: ...

    @property
    def description(self) -> list[Column]:
        return [Column(name) for name in (self._rows[0] if self._rows else {})]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self._rows]

    def executemany(self, sql: str, rows: Any, timeout: int | None = None) -> Cursor:
        return self.execute(sql, rows, timeout)

    def execute(self, sql: str, params: Any = None, timeout: int | None = None) -> Cursor:
        world, kind = self._server.world, kind_of(sql)
        bound = [
            each[1] if isinstance(each, tuple) and each[0] == "TIMESTAMP_LTZ" else each
            for each in params or ()
        ]
        if kind == "sql lease":
            self._wait_for_the_lock()
        fault = world.faults.get((kind, world.counts.get(kind, 0) + 1))
        if fault is not None and not world.calm and fault.name in ERRORS:
            world.fault_of(kind)
            raise self._refused(fault)
        world.request(kind, partial(self._work, sql, bound), network_error, 90.0)
        return self

    def _refused(self, fault: Fault) -> Exception:
        world = self._server.world
        world.say(process().name, f"Snowflake: {fault.name}")
        world.sleep(world.latency())
        if fault.name == "session expired":
            self._server.abort(self._connection)
            self._connection.closed = True
        return OperationalError(fault.name, errno=ERRORS[fault.name])

    def _wait_for_the_lock(self) -> None:
        world, until = self._server.world, self._server.world.now + LOCK_SECONDS
        while (other := self._server.holder_of_the_lock()) not in (None, self._connection):
            if world.now >= until:
                raise ProgrammingError("lock not released", errno=625, sqlstate="57014")
            world.say(process().name, f"waits for the lock of {other.process.name}")
            world.sleep(20.0)

    def _work(self, sql: str, params: list[Any]) -> None:
        connection = self._connection
        if connection.closed:
            raise OperationalError("session gone", errno=390111)
        self._rows, self.rowcount = [], 0
        if sql.startswith("COPY"):
            self._copy(sql)
        elif sql == ledger_sql.ADD:
            self._add(params)
        elif "LOADER_LEASE SET" in sql:
            self._take_lease(sql, params)
        elif sql.startswith("COMMIT"):
            self._commit()
        elif sql.startswith("ROLLBACK"):
            self._server.abort(connection)
        elif sql.startswith("BEGIN"):
            self._server.abort(connection)
            self._server.open.append(connection)
        elif (make := statements.deletion(sql, params)) is not None:
            self.rowcount = connection.change(make)
        else:
            self._rows = statements.answer(connection.seen(), sql, params)

    def _commit(self) -> None:
        """Without a transaction COMMIT does nothing, and says nothing."""
        done = len(self._connection.changes)
        self._connection.commit()
        self._server.world.say("Snowflake", f"commits {done} changes of {self._connection.process.name}")

    def _take_lease(self, sql: str, params: list[Any]) -> None:
        connection, step = self._connection, 1 if "FENCE + 1" in sql else 0
        if (other := self._server.holder_of_the_lock()) not in (None, connection):
            raise ProgrammingError(f"locked by {other}", errno=625)
        fence = self._server.data.fence + step
        connection.change(lambda data: data._replace(holder=params[0], fence=fence))
        connection.has_lock = True
        self.rowcount = 1

    def _add(self, rows: list[Any]) -> None:
        new = tuple(Ledgered(Chain(*row[:3]), *row[3:], self._server.now()) for row in rows)
        self.rowcount = self._connection.change(lambda data: data._replace(ledger=data.ledger + new))

    def _copy(self, sql: str) -> None:
        bucket, forced = self._server.bucket, "FORCE = TRUE" in sql
        loaded: list[Row] = []
        for name in re.findall(r"'(stock-[^']+)'", sql):
            stored = bucket.held.get(f"raw/{name}")
            if stored is None:
                raise ProgrammingError(f"Remote file '{name}' was not found", errno=91016, sqlstate="22000")
            if stored.by == STRANGER and stored.body:
                raise ProgrammingError(f"Error parsing '{name}'", errno=100152, sqlstate="22000")
            if not forced and stored.etag in self._server.copied:
                continue
            self._server.copied.add(stored.etag)
            key = keys.parse(f"raw/{name}")
            chain = Chain(key.topic, key.topic_id, key.partition)
            rows = [Row(chain, offset, value, str(key)) for offset, value in rows_of(stored.body)]
            loaded += rows
            self._rows.append(
                {"FILE": f"s3://bucket/raw/{name}", "STATUS": "LOADED", "ROWS_LOADED": len(rows)}
            )
        if loaded:
            self._connection.change(lambda data: data._replace(rows=data.rows + tuple(loaded)))


def kind_of(sql: str) -> str:
    word = sql.split(maxsplit=1)[0]
    kinds = {"COPY": "sql copy", "COMMIT": "sql commit", "INSERT": "sql add", "UPDATE": "sql lease"}
    return kinds.get(word, "sql")


def network_error() -> Exception:
    return OperationalError("Failed to execute request", errno=250003)

"""A Snowflake in memory. It answers the connector's connect(), so every test runs the real session code.

It does what Snowflake documents for the features that the loader uses. COMMIT makes a transaction visible,
but not to sessions that began before. An updated row is locked. Autocommit is off. A transaction stays open
if its client dies. COPY answers and fails as documented, without its memory of files, because FORCE is set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from fake_bucket import START, Hook
from fake_data import Data, Died, decided, is_sound
from snowflake.connector.errors import ProgrammingError

from stock_sf_loader.load import ledger

if TYPE_CHECKING:
    from fake_server import Snowflake


class Connection:
    telemetry_enabled = False

    def __init__(self, server: Snowflake, hook: Hook, autocommit: bool) -> None:
        self.server, self.hook, self.autocommit = server, hook, autocommit
        self.work: Data | None = None
        self.changes: list[Callable[[Data], None]] = []
        self.dead = False
        # A session sees what others had committed when it began, and maybe no more.
        self.base = server.data.copied()
        self.committed: list[Callable[[Data], None]] = []

    def cursor(self) -> Cursor:
        return Cursor(self)

    def close(self, retry: bool = True) -> None:
        self.server.abort(self)

    @property
    def holds_lease(self) -> bool:
        return self.holds("LOADER_LEASE")

    def holds(self, table: str) -> bool:
        return self.work is not None and self.work.of(table).lease != self.server.data.of(table).lease

    def begin(self) -> None:
        if self.work is None:
            self.work = self.server.data.copied()
            self.server.open.append(self)

    def change(self, make: Callable[[Data], None]) -> None:
        """DML: in the open transaction, else in one that begins here (autocommit is off)."""
        assert not self.autocommit
        self.begin()
        assert self.work is not None
        make(self.work)
        self.changes.append(make)

    def commit(self) -> None:
        # READ COMMITTED: what others have committed meanwhile stays.
        for make in self.changes:
            make(self.server.data)
        self.committed += self.changes
        self.server.abort(self)

    def seen(self) -> Data:
        data = self.base.copied()
        for make in (*self.committed, *self.changes):
            make(data)
        return data


class Column(NamedTuple):
    name: str


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rows: list[dict[str, Any]] = []
        self.rowcount: int | None = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def description(self) -> list[Column]:
        return [Column(name) for name in (self.rows[0] if self.rows else {})]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.rows]

    def executemany(self, sql: str, rows: list[tuple[Any, ...]], timeout: int | None = None) -> Cursor:
        return self.execute(sql, rows, timeout)

    def execute(self, sql: str, params: Any = None, timeout: int | None = None) -> Cursor:
        connection = self.connection
        if connection.dead:
            raise Died
        name = NAMES.get(sql.replace("_REBUILD", "")) or sql.split(maxsplit=1)[0]
        try:
            connection.hook(f"before {name}")
            connection.server.statements.append(name)
            (connection.server.work.get(name) or WORK[name])(self, sql, params)
            connection.hook(f"after {name}")
        except Died:
            connection.dead = True
            raise
        return self

    def take_lease(self, sql: str, params: Any) -> None:
        connection = self.connection
        if any(other is not connection and other.holds(sql) for other in connection.server.open):
            raise ProgrammingError("has locked table LOADER_LEASE", errno=625, sqlstate="57014")
        fence = connection.server.data.of(sql).lease["fence"] + 1
        connection.change(lambda data: data.of(sql).lease.update(holder=params[0], fence=fence))
        self.rowcount = 1

    def read_lease(self, sql: str, _: Any) -> None:
        lease = self.connection.seen().of(sql).lease
        self.rows = [{"HOLDER": lease["holder"], "FENCE": lease["fence"]}]

    def read_newest(self, sql: str, _: Any) -> None:
        clock = self.connection.server.clock
        times = [min(decided(row), clock) for row in self.connection.seen().of(sql).ledger]
        self.rows = [{"LOADED_AT": max(times, default=None)}]

    def read_tails(self, sql: str, params: Any) -> None:
        begin, end = (bound for _, bound in params)
        tails: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self.connection.seen().of(sql).ledger:
            if row["last"] is None or not begin <= decided(row) < end:
                continue
            new = {"FILES": 0, "LAST_OFFSET": -1, "OBJECT_KEY": "", "ROW_COUNT": 0, "QUARANTINED": 0}
            tail = tails.setdefault((*row["chain"], is_sound(row)), new | {"LOADED_AT": START})
            tail["FILES"] += 1
            tail["LOADED_AT"] = max(tail["LOADED_AT"], decided(row))
            if row["last"] > tail["LAST_OFFSET"]:
                tail |= {"LAST_OFFSET": row["last"], "OBJECT_KEY": row["key"]}
            tail["ROW_COUNT"] += row["rows"] if row["status"] == "loaded" else 0
            tail["QUARANTINED"] += row["status"] == "quarantined"
        self.rows = [
            {"TOPIC": t, "TOPIC_ID": i, "KAFKA_PARTITION": p, "IS_SOUND": sound, **tail}
            for (t, i, p, sound), tail in tails.items()
        ]

    def read_strays(self, sql: str, _: Any) -> None:
        self.rows = [
            {"OBJECT_KEY": row["key"], "ETAG": row["etag"]}
            for row in self.connection.seen().of(sql).ledger
            if row["last"] is None
        ]

    def add(self, sql: str, params: Any) -> None:
        names = [
            "first",
            "last",
            "rows",
            "rejected",
            "holes",
            "lost",
            "key",
            "etag",
            "status",
            "reason",
            "time",
        ]
        at = self.connection.server.clock
        self.connection.server.clock += timedelta(minutes=45)
        new = [
            {"chain": tuple(row[:3]), **dict(zip(names, row[3:], strict=True)), "decided": at}
            for row in params
        ]
        self.connection.change(lambda data: data.of(sql).ledger.extend(deepcopy(new)))
        self.rowcount = len(new)

    def copy(self, sql: str, _: Any) -> None:
        server = self.connection.server
        if server.copy_error:
            raise server.copy_error
        table = re.match(r"COPY INTO RAW\.([A-Z]+_[A-Z]+)", sql)[1]  # type: ignore[index]
        names = [f"raw/{name}" for name in re.findall(r"'(stock-[^']+)'", sql)]
        assert len(names) == len(set(names))
        for name in names:
            if name not in server.bucket.stored:
                raise ProgrammingError(f"Remote file '{name}' was not found", errno=91016, sqlstate="22000")
            if server.bucket.stored[name].corrupt:
                where = f" File '{name}'" if server.names_file else ""
                raise ProgrammingError(
                    f"Error parsing the parquet file{where}", errno=100152, sqlstate="22000"
                )
        loaded = [(name, offset) for name in names for offset in server.bucket.stored[name].offsets]
        self.connection.change(lambda data: data.of(sql).rows[table].extend(loaded))
        self.rows = [
            {
                "file": f"s3://bucket/{name}",
                "status": "LOADED",
                "rows_loaded": len(server.bucket.stored[name].offsets),
                "first_error": None,
            }
            for name in names
        ]

    def newest(self, *_: Any) -> None:
        self.rows = []

    def begin(self, *_: Any) -> None:
        self.connection.begin()

    def commit(self, *_: Any) -> None:
        self.connection.commit()

    def rollback(self, *_: Any) -> None:
        self.connection.server.abort(self.connection)


NAMES = {
    ledger.TAKE_LEASE: "TAKE_LEASE",
    ledger.READ_LEASE: "READ_LEASE",
    ledger.READ_NEWEST: "READ_NEWEST",
    ledger.READ_TAILS: "READ_TAILS",
    ledger.READ_STRAYS: "READ_STRAYS",
    ledger.ADD: "ADD",
}
WORK: dict[str, Callable[[Cursor, str, Any], None]] = {
    "TAKE_LEASE": Cursor.take_lease,
    "READ_LEASE": Cursor.read_lease,
    "READ_NEWEST": Cursor.read_newest,
    "READ_TAILS": Cursor.read_tails,
    "READ_STRAYS": Cursor.read_strays,
    "ADD": Cursor.add,
    "COPY": Cursor.copy,
    "SELECT": Cursor.newest,
    "BEGIN": Cursor.begin,
    "COMMIT": Cursor.commit,
    "ROLLBACK": Cursor.rollback,
}

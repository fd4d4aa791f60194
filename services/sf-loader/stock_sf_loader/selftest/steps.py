"""What is tried, in order. Everything is in scratch schemas, and nothing of it remains."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from importlib.resources import files
from time import monotonic
from typing import Any, Protocol

from stock_common.keys import ObjectKey
from stock_common.ledger import LEDGER, LOADED
from stock_common.run import FatalError
from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_sf_loader.account.schema import migrations, values
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load import copy_into, ledger
from stock_sf_loader.load.ledger import Entry, Session
from stock_sf_loader.selftest.scratch import REFUSALS, UNTRIED, Line, Odd, ScratchSession, refused, tried
from stock_warehouse.errors import LockTimeout, WarehouseError

FOLDER = files("stock_sf_loader") / "selftest"
TOPIC, ROWS = "stock-data", 3
"""The topic whose table is copied into, and the rows of good.parquet."""
LOCK_SECONDS = 2
"""Shorter than a server lets a transaction idle."""
WAREHOUSE_COLUMNS = {"name", "size", "auto_suspend", "resource_monitor", "enable_query_acceleration"}
"""The columns of SHOW WAREHOUSES that `verify` reads. The generation's name has changed, so it is shown."""


class Bucket(Protocol):
    """Where the objects are put: stock_objects.store.ObjectStore."""

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str: ...
    def remove(self, key: str) -> None: ...


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


class SelfTest:
    """connect: makes a session for a writer. Nothing is sent before `lines` begins."""

    def __init__(self, connect: Callable[[], Session], settings: LoaderSettings, bucket: Bucket) -> None:
        number = uuid.uuid4().hex
        self._prefix = f"SELFTEST_{number[:12].upper()}"
        self._sessions = [ScratchSession(connect(), self._prefix) for _ in range(2)]
        self._session = self._sessions[0]
        self._settings, self._bucket = settings, bucket
        self._stage = values(settings)["stage"]
        chain = ("selftest", number, 0, datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        self._keys = {
            name: str(ObjectKey(*chain, first))
            for first, name in enumerate(("good", "empty", "cut", "nulls"))
        }

    def lines(self) -> Iterator[Line]:
        """Everything, line by line. Raises WarehouseUnavailable, and FatalError where no session begins."""
        self._session.query("SELECT 1 AS ONE")
        try:
            yield from self._schema()
            yield self._warehouses()
            yield from self._copies()
            yield tried("INSERT of two rows into the ledger, with its default", self._add, [2, 2])
            yield from self._questions()
            yield self._lease()
        finally:
            self._clean()

    def _schema(self) -> Iterator[Line]:
        for turn in ("", ", again"):
            for migration in migrations(values(self._settings)):
                for sql in migration.statements:
                    what = " ".join(sql.split()[:6])
                    yield tried(f"{migration.name}: {what}{turn}", lambda sql=sql: self._session.execute(sql))

    def _warehouses(self) -> Line:
        def columns() -> list[str]:
            rows = self._session.query("SHOW WAREHOUSES")
            shown.update(*rows)
            return sorted(WAREHOUSE_COLUMNS - shown) if rows else []

        shown: set[str] = set()
        line = tried("SHOW WAREHOUSES has the columns that verify reads", columns, [])
        generation = sorted(shown & {"generation", "resource_constraint"})
        return line._replace(seen=line.seen or f"of the generation: {', '.join(generation) or 'none'}")

    def _copies(self) -> Iterator[Line]:
        what = "COPY of a good, an empty, a cut and a NULL-holding object"
        good = _bytes("good.parquet")
        bodies = {
            "good": good,
            "empty": _bytes("empty.parquet"),
            "cut": good[: len(good) // 2],
            "nulls": _bytes("nulls.parquet"),
        }
        try:
            for name, body in bodies.items():
                self._bucket.put_new(self._keys[name], body, {})
        except (ObjectError, FatalError) as error:
            yield Line(what, UNTRIED, f"this identity cannot put objects below raw/selftest/: {error}")
            return
        yield tried("COPY of a good object: its rows, once", lambda: self._copied("good"), ROWS)
        yield tried("COPY of an empty object", lambda: self._copied("empty"), 0)
        for name, text in (("cut", "a cut object"), ("nulls", "NULL in a NOT NULL column")):
            key = self._keys[name]
            yield refused(f"COPY of {text} is refused", lambda name=name: self._copied(name), key)
        yield tried("BEGIN, COPY, ROLLBACK leaves nothing", self._count, 0)

    def _copied(self, name: str) -> int:
        """The rows of one object, after COPY and its check. They are rolled back."""
        rows = [0]
        with suppress(_Undo), self._session.transaction():
            sql = copy_into.statement(TOPIC, self._stage, [self._keys[name]])
            answer = self._session.query(sql)
            rows[0] = self._count()
            try:
                copy_into.check(answer, {self._keys[name]: rows[0]})
            except (copy_into.FileRefused, copy_into.BatchRefused) as error:
                raise Odd(f"COPY's answer: {error}") from None
            raise _Undo
        return rows[0]

    def _count(self) -> int:
        (row,) = self._session.query("SELECT COUNT(*) AS N FROM RAW.STOCK_QUOTES")
        return int(row["n"])

    def _add(self) -> list[int]:
        chain, at = Chain(TOPIC, "0" * 32, 0), datetime(2026, 3, 2, tzinfo=UTC)
        placed = [
            Entry(chain, f"raw/{first}", "etag", 1, at, first, first, 1, 0, 0, 0, LOADED, None)
            for first in (0, 1)
        ]
        with self._session.transaction():
            ledger.add(self._session, placed)
        (row,) = self._session.query(f"SELECT COUNT(*) AS N, COUNT(LOADED_AT) AS TIMED FROM {LEDGER}")
        return [int(row["n"]), int(row["timed"])]

    def _questions(self) -> Iterator[Line]:
        for each in json.loads((FOLDER / "questions.json").read_text(encoding="utf-8")):
            binds = [_value(value) for value in each["binds"]]
            what = f"{each['of']}: {' '.join(each['sql'].split())[:60]}"
            yield tried(what, lambda each=each, binds=binds: self._session.query(each["sql"], binds))

    def _lease(self) -> Line:
        """A second session waits for the lease for LOCK_TIMEOUT, and then gives way."""
        what = "a second session waits for the lease and gives way"
        line = Line(what, "DIFFERENT", "no answer")
        with suppress(_Undo), self._session.transaction():
            ledger.take_lease(self._session, "selftest")
            line = self._second(what)
            raise _Undo
        return line

    def _second(self, what: str) -> Line:
        other = self._sessions[1]
        other.execute(f"ALTER SESSION SET LOCK_TIMEOUT = {LOCK_SECONDS}")
        begun = monotonic()
        try:
            with other.transaction():
                ledger.take_lease(other, "other")
        except LockTimeout as error:
            return Line(what, "ok", f"after {monotonic() - begun:.0f} s: {error}")
        except REFUSALS as error:
            return Line(what, "DIFFERENT", f"refused in another way: {type(error).__name__}: {error}")
        return Line(what, "DIFFERENT", "both had it at once")

    def _clean(self) -> None:
        for schema in ("RAW", "ANALYTICS"):
            with suppress(*REFUSALS, WarehouseError):
                self._session.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        for key in self._keys.values():
            with suppress(ObjectError, FatalError):
                self._bucket.remove(key)
        for session in self._sessions:
            session.close()


def _bytes(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def _value(value: Any) -> Any:
    return date.fromisoformat(value["date"]) if isinstance(value, dict) else value

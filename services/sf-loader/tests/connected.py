"""A session over fakesnow's cursor, and entries of its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from duckdb_tables import OPEN

from stock_objects.chain import Chain
from stock_sf_loader.load.ledger import Entry

QUOTES, ALERTS = Chain("stock-data", "a" * 32, 0), Chain("stock-alerts", "a" * 32, 0)


class Connected:
    """A Session over a plain cursor."""

    statement_seconds = 0.0

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        self._cursor.execute(sql.replace("?", "%s"), tuple(params))
        names = [column.name.lower() for column in self._cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._cursor.execute(sql.replace("?", "%s"), tuple(params)).rowcount or 0

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return sum(self.execute(sql, row) for row in rows)

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        raise AssertionError


def entry(chain: Chain, day: int, first: int | None, status: str = "loaded") -> Entry:
    name = f"o{first or 0:020d}{'' if first is not None else 'x'}.parquet"
    key = f"{chain.prefix}dt=2026-03-{day:02d}/hour=14/{name}"
    return Entry(chain, key, "etag", 9, OPEN, first, None if first is None else first + 4, 5, 0, 0, 0, status)

"""What the Snowflake in memory stores, and how a client of it can die."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from fake_bucket import START
from snowflake.connector.errors import OperationalError

from stock_common import keys
from stock_common.ledger import TABLES
from stock_objects.chain import Chain


class Died(BaseException):
    """kill -9: nothing of the process runs any more."""


class Data(NamedTuple):
    """Everything a COMMIT makes visible. Rows of a table are (object key, offset).

    beside: the shadow tables, whose names end in _REBUILD.
    """

    ledger: list[dict[str, Any]]
    rows: dict[str, list[tuple[str, int]]]
    lease: dict[str, Any]
    beside: Data | None = None

    def of(self, sql: str) -> Data:
        """Those that the statement is about."""
        return self.beside if "_REBUILD" in sql and self.beside else self

    def copied(self) -> Data:
        """Another one with the same content. What a ledger row holds never changes itself."""
        return Data(
            [dict(row) for row in self.ledger],
            {table: list(rows) for table, rows in self.rows.items()},
            dict(self.lease),
            self.beside.copied() if self.beside else None,
        )


def empty(beside: Data | None = None) -> Data:
    return Data(
        [], {"STOCK_QUOTES": [], "STOCK_ALERTS": [], "STOCK_BARS": []}, {"holder": None, "fence": 0}, beside
    )


def decided(row: dict[str, Any]) -> datetime:
    """LOADED_AT, in UTC."""
    return row.get("decided", START)


def is_sound(row: dict[str, Any]) -> bool:
    """What ledger_sql.IS_SOUND says of a row with a last offset."""
    chain = Chain(*row["chain"])
    counts = [row[name] for name in ("rows", "rejected", "holes", "lost")]
    return (
        chain.topic in TABLES
        and row["first"] is not None
        and 0 <= row["first"] <= row["last"] < 2**63
        and min(counts) >= 0
        and sum(counts) == row["last"] - row["first"] + 1
        and keys.is_link(row["key"])
        and row["key"].startswith(chain.prefix)
        and keys.parse(row["key"]).first == row["first"]
    )


def network_error() -> OperationalError:
    return OperationalError("Failed to execute request", errno=250003)

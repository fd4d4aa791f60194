"""Gainers, losers and the most active, from the live table's rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

SHOWN = 10
STALE_DAYS = 3
"""A symbol whose last quote is so far behind the newest has not moved; as in ANALYTICS.MOVERS."""
FIELDS = (
    ("list", pa.string()),
    ("rank", pa.int64()),
    ("symbol", pa.string()),
    ("price", pa.float64()),
    ("change", pa.float64()),
    ("percent", pa.float64()),
    ("volume", pa.float64()),
    ("turnover", pa.float64()),
    ("observed_at", pa.timestamp("us", "UTC")),
)
"""The columns of a mover in a file; `turnover` is price times volume."""

Row = dict[str, Any]


class Movers(NamedTuple):
    """The first of each list, best first. `left_out`: symbols whose quote is too old to have moved."""

    gainers: list[Row]
    losers: list[Row]
    active: list[Row]
    left_out: int


def ranked(rows: Sequence[Row], count: int = SHOWN) -> Movers:
    """Gainers and losers by change against the previous close in percent, the most active by price times the day's volume."""
    newest = max((row["at"] for row in rows), default=0.0)
    fresh = [row | {"turnover": row["price"] * (row["volume"] or 0)} for row in rows if newest - row["at"] <= STALE_DAYS * 86_400]
    moved = [row for row in fresh if row["percent"] is not None]
    up, down = ([row for row in moved if row["percent"] > 0], [row for row in moved if row["percent"] < 0])
    traded = [row for row in fresh if row["turnover"] > 0]
    return Movers(
        sorted(up, key=lambda row: (-row["percent"], row["symbol"]))[:count],
        sorted(down, key=lambda row: (row["percent"], row["symbol"]))[:count],
        sorted(traded, key=lambda row: (-row["turnover"], row["symbol"]))[:count],
        len(rows) - len(fresh),
    )


def exported(movers: Movers) -> list[Row]:
    """The three lists as rows of one table."""
    lists = (("gainers", movers.gainers), ("losers", movers.losers), ("most active", movers.active))
    return [
        row | {"list": name, "rank": place, "observed_at": datetime.fromtimestamp(row["at"], UTC)}
        for name, rows in lists
        for place, row in enumerate(rows, 1)
    ]

"""Gainers, losers and the most active symbols, from the live table's rows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from stock_dashboard.data import row
from stock_dashboard.data.row import Row
from stock_dashboard.ui import table

SHOWN = 10
STALE_DAYS = 3
"""A symbol whose last quote is that much older than the newest has not moved. As in ANALYTICS.MOVERS."""
COLUMNS = row.columns("symbol", "price", "change", "percent", "volume", "turnover", "at", "currency")
FIELDS = (("list", pa.string()), ("rank", pa.int64()), *table.fields(COLUMNS))
"""The columns of a mover in a file."""


class Movers(NamedTuple):
    """The first of each list, best first.

    left_out: how many symbols have a quote that is too old. currency: of the most active, which are compared
    within one currency only, that of the most symbols. elsewhere: how many symbols have another one.
    """

    gainers: list[Row]
    losers: list[Row]
    active: list[Row]
    left_out: int
    currency: str | None = None
    elsewhere: int = 0


def ranked(rows: Sequence[Row], count: int = SHOWN) -> Movers:
    """Gainers and losers by change in percent, the most active by price times the day's volume."""
    newest = max((item.at for item in rows), default=None)
    fresh = [item for item in rows if newest and newest - item.at <= timedelta(days=STALE_DAYS)]
    currency = _commonest(fresh)
    alike = [item for item in fresh if item.currency == currency]
    return Movers(
        _first(count, fresh, lambda item: item.percent or 0.0),
        _first(count, fresh, lambda item: -(item.percent or 0.0)),
        _first(count, alike, lambda item: item.turnover),
        len(rows) - len(fresh),
        currency,
        len(fresh) - len(alike),
    )


def _commonest(rows: Sequence[Row]) -> str | None:
    """The currency of the most rows, of equally many the first by name."""
    counts = Counter(item.currency for item in rows)
    return min(counts, key=lambda name: (-counts[name], name or ""), default=None)


def _first(count: int, rows: Iterable[Row], score: Callable[[Row], float]) -> list[Row]:
    """The rows with the highest scores above 0, equal ones by symbol."""
    scored = [(score(item), item) for item in rows]
    kept = sorted((-points, item.symbol, item) for points, item in scored if points > 0)
    return [item for _, _, item in kept[:count]]


def file_rows(movers: Movers) -> list[dict[str, Any]]:
    """The three lists as rows of one file."""
    lists = (("gainers", movers.gainers), ("losers", movers.losers), ("most active", movers.active))
    return [
        {"list": name, "rank": rank, **values}
        for name, rows in lists
        for rank, values in enumerate(table.file_rows(rows, COLUMNS), 1)
    ]

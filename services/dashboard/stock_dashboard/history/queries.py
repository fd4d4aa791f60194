"""The queries to the warehouse, as text and bound values. Pure. A query is also its result's key.

Limits are constants in the text, because Snowflake does not document binds there.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

LATEST = "latest"
SYMBOLS_LIMIT = 5_000
ALERTS_LIMIT = 1_000
QUOTE_COLUMNS = (
    "symbol",
    "price",
    "previous_close",
    "change",
    "change_percent",
    "open",
    "high",
    "low",
    "volume",
    "trading_day",
    "quoted_at",
    "fetched_at",
    "source",
    "entitlement",
    "session",
    "currency",
)
BAR_COLUMNS = ("trading_day", "starts_at", "open", "high", "low", "close", "volume")
DAY_COLUMNS = (*BAR_COLUMNS, "adjusted_at")
ALERT_COLUMNS = (
    "alert_id",
    "rule",
    "symbol",
    "price",
    "reference",
    "threshold",
    "direction",
    "severity",
    "session",
    "triggered_at",
    "event_id",
    "message",
)


class Query(NamedTuple):
    """One query.

    view: the label of its metrics.
    follows_loads: whether its result is read again after a load into the warehouse.
    """

    view: str
    sql: str
    params: tuple[Any, ...] = ()
    follows_loads: bool = True


class Range(NamedTuple):
    """A span of a chart.

    view: the view in ANALYTICS that has its bars.
    minutes: the length of a bar, 1440 for a day.
    days: how many calendar days are read, None for all.
    sessions: how many of the last trading days are shown, None for all that were read.
    limit: how many bars are read at most.
    lead: how many calendar days before them are read too, for averages that begin earlier.
    """

    name: str
    view: str
    minutes: int
    days: int | None
    sessions: int | None
    limit: int
    lead: int = 0

    @property
    def intraday(self) -> bool:
        return self.minutes < 1_440


RANGES = {
    span.name: span
    for span in (
        Range("1D", "BARS_1MIN", 1, 7, 1, 1_500),
        Range("5D", "BARS_5MIN", 5, 12, 5, 2_000),
        Range("1M", "BARS_1H", 60, 31, None, 2_000, 45),
        Range("6M", "BARS_1D", 1_440, 184, None, 500, 300),
        Range("1Y", "BARS_1D", 1_440, 366, None, 700, 300),
        Range("All", "BARS_1D", 1_440, None, None, 10_000),
    )
}


def latest(follows_loads: bool) -> Query:
    """Every symbol's latest quote: the pages show it for symbols that the topics have no quote of."""
    columns = ", ".join(QUOTE_COLUMNS)
    sql = f"SELECT {columns} FROM ANALYTICS.LATEST_QUOTES ORDER BY symbol LIMIT {SYMBOLS_LIMIT}"
    return Query(LATEST, sql, follows_loads=follows_loads)


def alerts() -> Query:
    """The newest alerts of all symbols. The topic has every new one: a load does not make them old."""
    columns = ", ".join(ALERT_COLUMNS)
    sql = f"SELECT {columns} FROM ANALYTICS.ALERTS ORDER BY triggered_at DESC LIMIT {ALERTS_LIMIT}"
    return Query("alerts", sql, follows_loads=False)


def bars(symbol: str, span: Range, today: date) -> Query:
    """A symbol's newest bars of a range, newest first. `today` is the exchange's day."""
    since = date(1900, 1, 1) if span.days is None else today - timedelta(days=span.days + span.lead)
    columns = BAR_COLUMNS if span.intraday else DAY_COLUMNS
    sql = (
        f"SELECT {', '.join(columns)} FROM ANALYTICS.{span.view} "
        f"WHERE symbol = ? AND trading_day > ? ORDER BY starts_at DESC LIMIT {span.limit}"
    )
    return Query(span.view.lower(), sql, (symbol, since))

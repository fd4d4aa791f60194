"""The questions to the warehouse, as text and bound values. Pure: a question is also its own key in memory."""

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
    """`view` is the label of its metrics; `follows_loads` False: what was loaded since does not matter to the picture."""

    view: str
    sql: str
    params: tuple[Any, ...] = ()
    follows_loads: bool = True


class Range(NamedTuple):
    """A span of a chart: bars of `minutes` (1440: a day) from `view`, of the last `days` calendar days (None: all), of which the last
    `sessions` trading days are shown (None: all of them)."""

    name: str
    view: str
    minutes: int
    days: int | None
    sessions: int | None
    limit: int

    @property
    def intraday(self) -> bool:
        return self.minutes < 1_440


RANGES = {
    span.name: span
    for span in (
        Range("1D", "BARS_1MIN", 1, 7, 1, 1_500),
        Range("5D", "BARS_5MIN", 5, 12, 5, 2_000),
        Range("1M", "BARS_1H", 60, 31, None, 800),
        Range("6M", "BARS_1D", 1_440, 184, None, 200),
        Range("1Y", "BARS_1D", 1_440, 366, None, 400),
        Range("All", "BARS_1D", 1_440, None, None, 10_000),
    )
}


def latest(follows_loads: bool) -> Query:
    """Every symbol's latest quote: what the live page shows of symbols that the topics are silent about."""
    sql = f"SELECT {', '.join(QUOTE_COLUMNS)} FROM ANALYTICS.LATEST_QUOTES ORDER BY symbol LIMIT ?"
    return Query(LATEST, sql, (SYMBOLS_LIMIT,), follows_loads)


def alerts() -> Query:
    """The newest alerts of all symbols. The topic tells of every new one: what is loaded since does not matter."""
    sql = f"SELECT {', '.join(ALERT_COLUMNS)} FROM ANALYTICS.ALERTS ORDER BY triggered_at DESC LIMIT ?"
    return Query("alerts", sql, (ALERTS_LIMIT,), follows_loads=False)


def bars(symbol: str, span: Range, today: date) -> Query:
    """A symbol's newest bars of a range, newest first. `today` is the exchange's day."""
    since = date(1900, 1, 1) if span.days is None else today - timedelta(days=span.days)
    columns = BAR_COLUMNS if span.intraday else DAY_COLUMNS
    sql = f"SELECT {', '.join(columns)} FROM ANALYTICS.{span.view} WHERE symbol = ? AND trading_day > ? ORDER BY starts_at DESC LIMIT ?"
    return Query(span.view.lower(), sql, (symbol, since, span.limit))

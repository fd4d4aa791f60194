"""Alpha Vantage's time series as bars. Pure: bytes in, bars or a Refusal out.

Daily bars are stamped with their day, intraday bars with their start, naive, in the zone that "Meta Data" names (US/Eastern).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stock_common.records import PRICE_STEP, Bar
from stock_producer.ids import bar_id
from stock_producer.refusals import Kind, Refusal
from stock_producer.responses import NEW_YORK, Endpoint, Observed, Request, document, price, volume

DAILY = "daily"
INTERVALS = ("1min", "5min", "15min", "30min", "60min", DAILY)
SERIES = frozenset({Endpoint.DAILY, Endpoint.DAILY_ADJUSTED, Endpoint.INTRADAY})
COMPACT_BARS = 100
"""Bars of an answer without outputsize=full."""


class SeriesBar(NamedTuple):
    """A bar as traded. `starts_at`: aware, UTC; a daily bar's is 00:00 of its day. `split`: new shares for an old one on that day, 1: none."""

    symbol: str
    interval: str
    starts_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None
    split: Decimal = Decimal(1)


def bars(request: Request, body: bytes) -> list[SeriesBar]:
    """The bars in the answer to `request`, oldest first; a row that cannot be read is left out. Raises Refusal, UNREADABLE when none can."""
    found = document(body)
    key = next((name for name in found if name.startswith("Time Series (")), None)
    rows = found.get(key) if key else None
    if key is None or not isinstance(rows, dict):
        raise Refusal(Kind.UNREADABLE, f"no series among the keys {sorted(found)[:5]}")
    zone = _zone(found.get("Meta Data"))
    interval = DAILY if request.endpoint is not Endpoint.INTRADAY else key.removeprefix("Time Series (").removesuffix(")")
    read = []
    for stamp, row in rows.items():
        try:
            read.append(_bar(request.symbols[0], interval, stamp, row, zone))
        except (KeyError, ValueError, AttributeError):
            continue
    if not read:
        raise Refusal(Kind.UNREADABLE, f"no bar of {request.symbols[0]} can be read among {len(rows)}")
    return sorted(read, key=lambda bar: bar.starts_at)


def _bar(symbol: str, interval: str, stamp: str, row: Mapping[str, Any], zone: ZoneInfo) -> SeriesBar:
    # "5. volume" in some series, "6. volume" in others.
    fields = {name.partition(". ")[2]: value for name, value in row.items()}
    if interval == DAILY:
        starts_at = datetime.combine(date.fromisoformat(stamp), time(), UTC)
    else:
        starts_at = datetime.fromisoformat(stamp).replace(tzinfo=zone).astimezone(UTC)
    split = price(fields.get("split coefficient") or "1")
    opened, high, low, close = (price(fields[name]) for name in ("open", "high", "low", "close"))
    return SeriesBar(symbol, interval, starts_at, opened, high, low, close, volume(fields.get("volume")), split)


def _zone(meta: object) -> ZoneInfo:
    named = next((value for name, value in meta.items() if name.endswith("Time Zone")), None) if isinstance(meta, dict) else None
    try:
        return ZoneInfo(str(named)) if named else NEW_YORK
    except (ZoneInfoNotFoundError, ValueError):
        return NEW_YORK


def newest(found: Sequence[SeriesBar]) -> Observed:
    """The last daily bar as an end-of-day observation."""
    last, before = found[-1], found[-2] if len(found) > 1 else None
    previous = before.close / last.split if before else None
    return Observed(last.symbol, last.close, last.open, last.high, last.low, previous, last.volume, last.starts_at.date(), None, False)


def split_adjusted(found: Sequence[SeriesBar]) -> list[SeriesBar]:
    """The bars in shares of the last day: prices divided, volumes multiplied by all later splits. Oldest first, as they came."""
    factor, adjusted = Decimal(1), []
    for bar in reversed(found):
        opened, high, low, close = ((value / factor).quantize(PRICE_STEP) for value in (bar.open, bar.high, bar.low, bar.close))
        shares = None if bar.volume is None else int(bar.volume * factor)
        adjusted.append(bar._replace(open=opened, high=high, low=low, close=close, volume=shares, split=Decimal(1)))
        factor *= bar.split
    return adjusted[::-1]


def record(bar: SeriesBar, source: str, fetched_at: datetime, *, adjusted: bool = False) -> Bar:
    """The contract's bar."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    return Bar(
        event_id=bar_id(source, bar.symbol, bar.interval, bar.starts_at, prices, bar.volume, adjusted=adjusted),
        symbol=bar.symbol,
        interval=bar.interval,
        starts_at=bar.starts_at,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        adjusted=adjusted,
        source=source,
        fetched_at=fetched_at,
    )


def bar_mark(symbol: str) -> str:
    """The kind of the outbox's marks of daily bars: day → event_id."""
    return f"bar {symbol}"

"""Alpha Vantage's time series as bars. Pure: bytes in, bars or a Refusal out.

Daily bars are stamped with their day. Intraday bars are stamped with their start, without a zone, in the zone
that "Meta Data" names (US/Eastern).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stock_producer.vendor.alphavantage.endpoints import NEW_YORK, Endpoint
from stock_producer.vendor.alphavantage.quotes import Note, document, is_same, maybe, price, volume
from stock_producer.vendor.base import DAILY, PriceBar, Request, ignore
from stock_producer.vendor.kinds import Kind, Refusal

_SERIES_KEY = "Time Series ("
_SHOWN = 25
"""Characters of a row's time in a note."""


class _Series(NamedTuple):
    """What all bars of an answer share. `splits`: each row names its split."""

    symbol: str
    interval: str
    zone: tzinfo
    splits: bool


def bars(request: Request, body: bytes, note: Note = ignore) -> list[PriceBar]:
    """The bars in the answer to `request`, oldest first. A row that cannot be read is left out.

    note: takes what cannot be read, in words. A volume that cannot be read costs no bar. Where a split cannot
        be, no bar has one, because the view in today's shares would be wrong.
    Raises Refusal, with UNREADABLE where no row can be read, and for another symbol's or interval's series.
    """
    found = document(body)
    meta, rows = found.get("Meta Data"), _rows(request, found)
    splits = request.endpoint == Endpoint.DAILY_ADJUSTED and _names_splits(rows, note)
    series = _Series(request.symbols[0], _interval(request), _zone(meta), splits)
    read = sorted(_readable(series, rows, note), key=lambda bar: bar.starts_at)
    if not read:
        raise Refusal(Kind.UNREADABLE, f"no bar of {series.symbol} can be read among {len(rows)}")
    if splits and math.prod(_split(_fields(row)) for row in rows.values()) != math.prod(map(_split_of, read)):
        note("a row with a split, so that the bars are not split-adjusted")
        return [bar._replace(split=None) for bar in read]
    return read


def _rows(request: Request, found: Mapping[str, Any]) -> dict[str, Any]:
    key = next((name for name in found if name.startswith(_SERIES_KEY)), None)
    rows = found.get(key) if key else None
    if key is None or not isinstance(rows, dict):
        raise Refusal(Kind.UNREADABLE, f"no series among the keys {sorted(found)[:5]}")
    _check(request, found.get("Meta Data"), key)
    return rows


def _interval(request: Request) -> str:
    return dict(request.parameters)["interval"] if request.endpoint == Endpoint.INTRADAY else DAILY


def _check(request: Request, meta: object, key: str) -> None:
    """Raises Refusal where the answer itself says that it is another one than the one asked for."""
    named, asked = key.removeprefix(_SERIES_KEY).removesuffix(")").lower(), _interval(request)
    if named != asked:
        raise Refusal(Kind.UNREADABLE, f"asked for a series of {asked}, the answer is of {named[:20]}")
    symbol = _named(meta, "Symbol")
    if symbol is not None and not is_same(str(symbol), request.symbols[0]):
        raise Refusal(Kind.UNREADABLE, f"asked for {request.symbols[0]}, the answer is about another symbol")


def _names_splits(rows: Mapping[str, Any], note: Note) -> bool:
    try:
        return all(_split(_fields(row)) for row in rows.values())
    except (ValueError, AttributeError) as error:
        note(f"a split, so that the bars are not split-adjusted: {error}")
        return False


def _split(fields: Mapping[str, Any]) -> Decimal:
    return price(fields.get("split coefficient") or "1")


def _split_of(bar: PriceBar) -> Decimal:
    return bar.split or Decimal(1)


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The values by their names without numbers: "5. volume" in some series, "6. volume" in others."""
    return {name.partition(". ")[2]: value for name, value in row.items()}


def _readable(series: _Series, rows: Mapping[str, Any], note: Note) -> Iterator[PriceBar]:
    for stamp, row in rows.items():
        try:
            yield _bar(series, stamp, row, note)
        except (KeyError, ValueError, ArithmeticError, AttributeError) as error:
            note(f"the row of {stamp[:_SHOWN]}: {error!r}")


def _bar(series: _Series, stamp: str, row: Mapping[str, Any], note: Note) -> PriceBar:
    fields = _fields(row)
    if series.interval == DAILY:
        starts_at = datetime.combine(date.fromisoformat(stamp), time(), UTC)
        trading_day = starts_at.date()
    else:
        starts_at = datetime.fromisoformat(stamp).replace(tzinfo=series.zone).astimezone(UTC)
        trading_day = starts_at.astimezone(NEW_YORK).date()
    return PriceBar(
        symbol=series.symbol,
        interval=series.interval,
        starts_at=starts_at,
        trading_day=trading_day,
        open=price(fields["open"]),
        high=price(fields["high"]),
        low=price(fields["low"]),
        close=price(fields["close"]),
        volume=maybe(volume, fields, "volume", note),
        split=_split(fields) if series.splits else None,
    )


def _zone(meta: object) -> tzinfo:
    """The zone that an answer names, New York's where it names none."""
    named = _named(meta, "Time Zone")
    try:
        return ZoneInfo(str(named)) if named else NEW_YORK
    except (ZoneInfoNotFoundError, ValueError):
        return NEW_YORK


def _named(meta: object, what: str) -> object:
    """What "Meta Data" says, as "6. Time Zone", with a number that differs from series to series."""
    names = meta.items() if isinstance(meta, dict) else ()
    return next((value for name, value in names if name.endswith(what)), None)

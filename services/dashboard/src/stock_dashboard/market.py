"""Which exchange a symbol trades on, in which time zone, and whether that market is open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from stock_common.status import MarketState

ALWAYS_OPEN = "24/7"


class Exchange(NamedTuple):
    """`calendar` is the name in exchange-calendars (ISO 10383), `place` how people call its time."""

    calendar: str
    place: str
    zone: tzinfo


UTC_TIME = Exchange(ALWAYS_OPEN, "UTC", UTC)
_EXCHANGES = {
    name: Exchange(name, place, ZoneInfo(zone))
    for name, place, zone in (
        ("XNYS", "New York", "America/New_York"),
        ("XLON", "London", "Europe/London"),
        ("XTSE", "Toronto", "America/Toronto"),
        ("XETR", "Frankfurt", "Europe/Berlin"),
        ("XBOM", "Mumbai", "Asia/Kolkata"),
        ("XSHG", "Shanghai", "Asia/Shanghai"),
    )
}
_SUFFIXES = {"LON": "XLON", "TRT": "XTSE", "TRV": "XTSE", "DEX": "XETR", "BSE": "XBOM", "SHH": "XSHG", "SHZ": "XSHG"}
"""Alpha Vantage's symbol suffixes; a symbol without one trades in the United States."""


def exchange(calendar: str) -> Exchange:
    """The exchange of a calendar; UTC for one that is not known, and for a market that never closes."""
    return _EXCHANGES.get(calendar, UTC_TIME)


def exchange_of(symbol: str, markets: Iterable[MarketState] = ()) -> Exchange:
    """The symbol's exchange by its suffix, or UTC where the producer follows one calendar that never closes."""
    if {market.calendar for market in markets} == {ALWAYS_OPEN}:
        return UTC_TIME
    # A suffix that is no exchange is a share class (BRK.B).
    return exchange(_SUFFIXES.get(symbol.rpartition(".")[2], "XNYS"))


def state_of(symbol: str, markets: Iterable[MarketState]) -> MarketState | None:
    """What the producer last said of the symbol's market, None where it has said nothing."""
    known = {market.calendar: market for market in markets}
    return known.get(exchange_of(symbol, known.values()).calendar)


def utc(instant: np.datetime64) -> datetime:
    """A bar's start as an aware time."""
    return instant.astype("datetime64[s]").astype(object).replace(tzinfo=UTC)


def open_now(market: MarketState, now: datetime) -> bool:
    """Whether the market is open at `now`: the producer's word, carried over the next change that it announced."""
    if market.is_open:
        return market.next_close is None or now < market.next_close
    return market.next_open is not None and market.next_open <= now and (market.next_close is None or now < market.next_close)

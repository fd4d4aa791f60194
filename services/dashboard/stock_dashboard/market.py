"""Which market a symbol trades in, and whether that market is open. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from stock_common import exchanges
from stock_common.exchanges import ALWAYS_OPEN, UTC_MARKET, Exchange
from stock_common.status import MarketState


def exchange_of(symbol: str, markets: Iterable[MarketState] = ()) -> Exchange:
    """The symbol's exchange by its suffix. UTC where the producer follows one calendar that never closes."""
    if {market.calendar for market in markets} == {ALWAYS_OPEN}:
        return UTC_MARKET
    return exchanges.of(symbol)


def utc(instant: np.datetime64) -> datetime:
    """A bar's start as an aware time."""
    return instant.astype("datetime64[s]").astype(object).replace(tzinfo=UTC)


def open_now(market: MarketState, now: datetime) -> bool:
    """Whether the market is open at `now`.

    The producer's last report is carried over the next change that it announced.
    """
    if market.is_open:
        return market.next_close is None or now < market.next_close
    return (
        market.next_open is not None
        and market.next_open <= now
        and (market.next_close is None or now < market.next_close)
    )

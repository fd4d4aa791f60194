"""The functions of Alpha Vantage's API that the producer calls, and what it knows of them."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from stock_common import exchanges

NEW_YORK = exchanges.US.zone
"""Times without a zone are New York's, and so is the day of the quota."""
BULK_SIZE = 100
"""Symbols in a bulk call. Alpha Vantage ignores any more."""
COMPACT_BARS = 100
"""Bars in an answer without outputsize=full."""

FULL = ("outputsize", "full")
"""The parameter that asks for a whole series."""


class Endpoint(StrEnum):
    """The value of the parameter `function`, and the quote's `endpoint`."""

    GLOBAL_QUOTE = "GLOBAL_QUOTE"
    BULK = "REALTIME_BULK_QUOTES"
    DAILY = "TIME_SERIES_DAILY"
    DAILY_ADJUSTED = "TIME_SERIES_DAILY_ADJUSTED"
    INTRADAY = "TIME_SERIES_INTRADAY"
    SEARCH = "SYMBOL_SEARCH"


SERIES = frozenset({Endpoint.DAILY, Endpoint.DAILY_ADJUSTED, Endpoint.INTRADAY})
"""The endpoints that answer with bars."""


@cache
def in_bulk(symbol: str) -> bool:
    """REALTIME_BULK_QUOTES serves symbols of the United States only."""
    return exchanges.of(symbol) is exchanges.US

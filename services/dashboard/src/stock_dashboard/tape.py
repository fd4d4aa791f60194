"""The tape: the newest quote of each symbol and today's minutes, from messages in any number, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict, deque
from datetime import date, datetime
from typing import NamedTuple

import numpy as np

from stock_common.records import Quote

REALTIME = "realtime"
RECENT_PRICES = 60
"""Prices that a sparkline is drawn from before there are enough minutes."""
SPARK_MINUTES = 12
FIELDS = 6


class Observed(NamedTuple):
    """A quote and where it stood in its partition."""

    quote: Quote
    offset: int

    @property
    def at(self) -> datetime:
        """When it was true: the provider's time, or when it was fetched where there is none."""
        return self.quote.quoted_at or self.quote.fetched_at

    @property
    def rank(self) -> tuple[date, datetime, int]:
        """The greatest is the latest, here as in the warehouse's view."""
        return (self.quote.trading_day, self.at, self.offset)


def traded_at(quote: Quote) -> datetime | None:
    """The time that a quote has within the day, None where it has none: end-of-day data never feed intraday bars."""
    if quote.quoted_at is not None:
        return quote.quoted_at
    return quote.fetched_at if quote.entitlement == REALTIME else None


class Minutes:
    """One symbol's minutes as columns: start (seconds since 1970), open, high, low, close, volume. The oldest fall off at `limit`.

    Volume is the difference of the cumulative; before the first quote it is not known, so the first minute is not whole.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._columns = [array("d") for _ in range(FIELDS)]
        self._newest: datetime | None = None
        self._day: date | None = None
        self._cumulative = 0
        self._trading_day: date | None = None
        self._day_from = 0.0
        self.whole_from: float | None = None

    def add(self, quote: Quote, at: datetime) -> None:
        """Takes a quote that was true `at`. One older than the newest widens its own minute, nothing else."""
        minute, price = at.timestamp() // 60 * 60, float(quote.price)
        start, _, high, low, close, volume = self._columns
        if self._newest is not None and at < self._newest:
            self._widen(minute, price)
            return
        traded = self._traded(quote)
        self._newest = at
        if quote.trading_day != self._trading_day:
            self._trading_day, self._day_from = quote.trading_day, minute
        if start and start[-1] == minute:
            high[-1], low[-1] = max(high[-1], price), min(low[-1], price)
            close[-1] = price
            volume[-1] += traded
            return
        if self.whole_from is None:
            self.whole_from = minute + 60
        for column, value in zip(self._columns, (minute, price, price, price, price, traded), strict=True):
            column.append(value)
        if len(start) > self._limit:
            for column in self._columns:
                del column[: len(column) - self._limit]

    def _traded(self, quote: Quote) -> float:
        if quote.volume is None:
            return 0.0
        known = quote.trading_day == self._day
        first = self._day is None
        change = quote.volume - (self._cumulative if known else 0)
        self._day, self._cumulative = quote.trading_day, quote.volume
        return 0.0 if first else float(max(0, change))

    def _widen(self, minute: float, price: float) -> None:
        start, _, high, low, _, _ = self._columns
        for place in range(len(start) - 1, -1, -1):
            if start[place] == minute:
                high[place], low[place] = max(high[place], price), min(low[place], price)
            if start[place] <= minute:
                return

    def columns(self) -> np.ndarray:
        """A copy, shape (6, minutes), float64."""
        return np.array([list(column) for column in self._columns], dtype="float64").reshape(FIELDS, -1)

    def closes(self) -> list[float]:
        """Of the newest trading day."""
        return list(self._columns[4][bisect_left(self._columns[0], self._day_from) :])


class Tape:
    """Every symbol. Not safe by itself: its owner holds a lock.

    limit: symbols; minutes: of each; ids: how many event ids are remembered, so that one sent again counts once.
    """

    def __init__(self, symbols: int = 2_000, minutes: int = 1_440, ids: int = 50_000) -> None:
        self._symbols, self._minutes, self._ids = symbols, minutes, ids
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.newest: dict[str, Observed] = {}
        self.minutes: dict[str, Minutes] = {}
        self._recent: dict[str, deque[float]] = {}
        self.quotes = 0
        self.resent = 0
        self.refused = 0

    def add(self, quote: Quote, offset: int) -> bool:
        """Takes a quote; True when it is its symbol's latest now. One that came before, or of a symbol too many, changes nothing."""
        if quote.event_id in self._seen:
            self.resent += 1
            return False
        known = self.newest.get(quote.symbol)
        if known is None and len(self.newest) >= self._symbols:
            self.refused += 1
            return False
        self._seen[quote.event_id] = None
        if len(self._seen) > self._ids:
            self._seen.popitem(last=False)
        self.quotes += 1
        if (at := traded_at(quote)) is not None:
            self.minutes.setdefault(quote.symbol, Minutes(self._minutes)).add(quote, at)
        observed = Observed(quote, offset)
        if known is not None and observed.rank <= known.rank:
            return False
        self.newest[quote.symbol] = observed
        recent = self._recent.setdefault(quote.symbol, deque(maxlen=RECENT_PRICES))
        if known is not None and known.quote.trading_day != quote.trading_day:
            recent.clear()
        recent.append(float(quote.price))
        return True

    def spark(self, symbol: str, points: int) -> list[float]:
        """At most `points` prices of the newest trading day, oldest first, the newest last: minutes where there are enough, else the last prices."""
        minutes = self.minutes.get(symbol)
        prices = minutes.closes() if minutes else []
        if len(prices) < SPARK_MINUTES:
            prices = list(self._recent.get(symbol, ()))
        if len(prices) <= points:
            return prices
        return [prices[round(place * (len(prices) - 1) / (points - 1))] for place in range(points)]

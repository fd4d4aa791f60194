"""The latest quote and the minute bars of each symbol, in bounded memory, from messages in any number."""

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
"""How many last prices a sparkline may use while there are too few minutes."""
SPARK_MINUTES = 12
FIELDS = 6


class Observed(NamedTuple):
    """A quote with its offset in its partition."""

    quote: Quote
    offset: int

    @property
    def at(self) -> datetime:
        """When the quote was true: the provider's time, or the time of the fetch where it has none."""
        return self.quote.quoted_at or self.quote.fetched_at

    @property
    def rank(self) -> tuple[date, datetime, int]:
        """The quote with the greatest rank is the latest one. The warehouse's view uses the same order."""
        return (self.quote.trading_day, self.at, self.offset)


def traded_at(quote: Quote) -> datetime | None:
    """The quote's time within the day, None where it has none. End-of-day data never feed intraday bars."""
    if quote.quoted_at is not None:
        return quote.quoted_at
    return quote.fetched_at if quote.entitlement == REALTIME else None


class MinuteBars:
    """One symbol's minute bars as columns. The oldest ones are dropped beyond `limit`.

    The columns are: start (seconds since 1970), open, high, low, close, volume.
    A bar's volume is the difference of the day's cumulative volume. That is not known before the first quote,
    so the first minute is not whole.
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
        """Takes a quote that was true `at`. A quote older than the newest only widens its own minute."""
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
        self._append(minute, price, price, price, price, traded)

    def _append(self, *bar: float) -> None:
        for column, value in zip(self._columns, bar, strict=True):
            column.append(value)
            if len(column) > self._limit:
                del column[: len(column) - self._limit]

    def _traded(self, quote: Quote) -> float:
        """The volume since the last quote, at least 0. The cumulative volume starts at 0 each trading day."""
        if quote.volume is None:
            return 0.0
        same_day = quote.trading_day == self._day
        first = self._day is None
        change = quote.volume - (self._cumulative if same_day else 0)
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
        """The closes of the newest trading day, oldest first."""
        return list(self._columns[4][bisect_left(self._columns[0], self._day_from) :])


class LiveQuotes:
    """Latest quote and minute bars of every symbol. It is not thread-safe: its owner holds a lock.

    symbols: how many symbols it holds at most.
    minutes: how many minute bars it holds of each.
    ids: how many event ids it remembers, so that an event that is sent twice counts once.
    """

    def __init__(self, symbols: int = 2_000, minutes: int = 1_440, ids: int = 50_000) -> None:
        self._symbols, self._minutes, self._ids = symbols, minutes, ids
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.newest: dict[str, Observed] = {}
        self.minutes: dict[str, MinuteBars] = {}
        self._recent: dict[str, deque[float]] = {}
        self.quotes = 0
        self.resent = 0
        self.refused = 0

    def add(self, quote: Quote, offset: int) -> bool:
        """Takes a quote. True when it is its symbol's latest now.

        A quote that was sent before, or whose symbol is one too many, changes nothing.
        """
        if quote.event_id in self._seen:
            self.resent += 1
            return False
        former = self.newest.get(quote.symbol)
        if former is None and len(self.newest) >= self._symbols:
            self.refused += 1
            return False
        self._seen[quote.event_id] = None
        if len(self._seen) > self._ids:
            self._seen.popitem(last=False)
        self.quotes += 1
        if (at := traded_at(quote)) is not None:
            self.minutes.setdefault(quote.symbol, MinuteBars(self._minutes)).add(quote, at)
        observed = Observed(quote, offset)
        if former is not None and observed.rank <= former.rank:
            return False
        self.newest[quote.symbol] = observed
        self._remember_price(quote, former)
        return True

    def _remember_price(self, quote: Quote, former: Observed | None) -> None:
        recent = self._recent.setdefault(quote.symbol, deque(maxlen=RECENT_PRICES))
        if former is not None and former.quote.trading_day != quote.trading_day:
            recent.clear()
        recent.append(float(quote.price))

    def spark(self, symbol: str, points: int) -> list[float]:
        """At most `points` prices of the newest trading day, oldest first. The last one is the newest price.

        They are the closes of minutes where there are SPARK_MINUTES of them, else the last prices.
        """
        minutes = self.minutes.get(symbol)
        prices = minutes.closes() if minutes else []
        if len(prices) < SPARK_MINUTES:
            prices = list(self._recent.get(symbol, ()))
        if len(prices) <= points:
            return prices
        return [prices[round(place * (len(prices) - 1) / (points - 1))] for place in range(points)]

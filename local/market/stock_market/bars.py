"""Daily bars: some symbols replay real ones, every other symbol has a seeded random walk.

Prices are integers, ten-thousandths of a dollar, so that every answer shows the same four decimals.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from bokeh_sampledata import stocks

from stock_market.levels import LEVELS

SCALE = 10_000
CENT = 100
REPLAYED = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
SPLITS = {
    "AMZN": ((date(2022, 6, 6), 20),),
    "NVDA": ((date(2021, 7, 20), 4), (date(2024, 6, 10), 10)),
    "TSLA": ((date(2020, 8, 31), 5), (date(2022, 8, 25), 3)),
}
"""Symbol → (first day in new shares, new shares for an old one), oldest first.

The dates are the real ones.
"""
UNKNOWN_PREFIX = "NOPE"
SYMBOLS_KEPT = 512

_SYMBOL = re.compile(r"[A-Z0-9]{1,10}(?:[.-][A-Z]{1,4})?")
_FOREIGN = re.compile(r"[.-][A-Z]{2,}$")
_SPLIT = 0.3
"""A close that differs from the previous one by more is a split: no real day of these series moved so far."""
_FOLD = 0.6
"""A random walk stays within exp(±0.6) of its base, so that prices are plausible after thousands of days."""

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
"""Rows of (open, high, low, close, volume)."""


class Bar(NamedTuple):
    """One bar. Prices are in ten-thousandths of a dollar."""

    open: int
    high: int
    low: int
    close: int
    volume: int


def seed(*parts: object) -> int:
    """A number that is the same in every process for the same parts."""
    text = "|".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def is_known(symbol: str) -> bool:
    """Whether the market trades it: everything that looks like a symbol and does not begin with NOPE."""
    return _SYMBOL.fullmatch(symbol) is not None and not symbol.startswith(UNKNOWN_PREFIX)


def is_us_traded(symbol: str) -> bool:
    """Whether it is traded in the US: BRK.B is, TSCO.LON is not."""
    return _FOREIGN.search(symbol) is None


class DailyBars:
    """The bars of the sessions on `days`, as traded, for any symbol, one row a session."""

    def __init__(self, days: Sequence[date]) -> None:
        self._days = days
        self.rows = lru_cache(SYMBOLS_KEPT)(self._rows)

    def bar(self, symbol: str, index: int) -> Bar:
        return Bar(*self.rows(symbol)[index].tolist())

    def previous_close(self, symbol: str, index: int) -> int:
        """The previous session's close in this session's shares.

        The first session has its own open instead.
        """
        rows = self.rows(symbol)
        return int(rows[index - 1, 3]) // self.shares(symbol, index - 1, index) if index else int(rows[0, 0])

    def shares(self, symbol: str, index: int, later: int) -> int:
        """How many shares of session `later` one of session `index` has become."""
        start, end = self._days[index], self._days[later]
        return prod(ratio for day, ratio in SPLITS.get(symbol, ()) if start < day <= end)

    def _rows(self, symbol: str) -> Rows:
        if symbol in REPLAYED:
            return replayed(symbol, len(self._days))
        rows = random_walk(symbol, len(self._days))
        for day, ratio in SPLITS.get(symbol, ()):
            before = rows[: bisect_left(self._days, day)]
            before[:, :4] *= ratio
            before[:, 4] //= ratio
        return rows


def real_bars(symbol: str) -> Rows:
    """The real bars of one of REPLAYED, as traded, from its last split on."""
    data = getattr(stocks, symbol)
    prices = np.rint(np.array([data["open"], data["high"], data["low"], data["close"]]).T * SCALE).astype(
        np.int32
    )
    rows = np.column_stack([prices, np.array(data["volume"], dtype=np.int32)])
    moves = np.abs(rows[1:, 3] / rows[:-1, 3] - 1)
    splits = np.flatnonzero(moves > _SPLIT)
    return rows[splits[-1] + 1 :] if len(splits) else rows


def replayed(symbol: str, sessions: int) -> Rows:
    """Real bars forwards, then backwards with open and close exchanged, and so on.

    So there is no jump where the data end. Their prices are brought to the level of LEVELS.
    """
    forwards = leveled(real_bars(symbol), LEVELS[symbol])
    backwards = forwards[::-1, [3, 1, 2, 0, 4]]
    both = np.concatenate([forwards, backwards])
    return both[np.arange(sessions) % len(both)]


def leveled(rows: Rows, dollars: float) -> Rows:
    """The same moves around another price: the median close becomes `dollars`."""
    factor = dollars * SCALE / float(np.median(rows[:, 3]))
    prices = np.maximum(CENT, np.rint(rows[:, :4] * factor / CENT) * CENT).astype(np.int32)
    return np.column_stack([prices, rows[:, 4]])


def random_walk(symbol: str, sessions: int) -> Rows:
    """A walk of daily closes, reflected at its bounds.

    A longer walk begins with the rows of a shorter one.
    """
    random = np.random.default_rng(seed("walk", symbol))
    drawn = float(np.exp(random.uniform(np.log(15), np.log(600))))
    base = float(LEVELS.get(symbol, drawn))
    sigma = random.uniform(0.008, 0.022)
    shares = np.exp(random.uniform(np.log(3e5), np.log(4e7)))
    # One row a session: the draws of a session do not depend on how many follow.
    draws = random.standard_normal((sessions, 5))
    steps = np.cumsum(draws[:, 0] * sigma)
    closes = base * np.exp(np.abs((steps + _FOLD) % (4 * _FOLD) - 2 * _FOLD) - _FOLD)
    opens = np.concatenate([[base], closes[:-1]]) * np.exp(draws[:, 1] * sigma * 0.3)
    highs = np.maximum(opens, closes) * np.exp(np.abs(draws[:, 2]) * sigma * 0.5)
    lows = np.minimum(opens, closes) * np.exp(-np.abs(draws[:, 3]) * sigma * 0.5)
    prices = np.rint(np.column_stack([opens, highs, lows, closes]) * SCALE / CENT).astype(np.int32) * CENT
    volumes = np.rint(shares * np.exp(draws[:, 4] * 0.35)).astype(np.int32)
    return np.column_stack([prices, volumes])

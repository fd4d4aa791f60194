"""The path of prices inside a bar: one trade a second, from open to close, through high and low."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stock_market.bars import CENT, Bar, Ints

_ROUGHNESS = 0.6
"""Amplitude of the random walk between the four prices, in units of the bar's range."""


@dataclass(frozen=True, slots=True)
class Path:
    """A bar's trades.

    ticks: the price of each second.
    minutes: rows of (open, high, low, close, volume).
    highs, lows, volumes: the highest and lowest price and the volume from the bar's start to the end of each
    minute.
    """

    ticks: npt.NDArray[np.int32]
    minutes: Ints
    highs: Ints
    lows: Ints
    volumes: Ints

    def so_far(self, tick: int) -> Bar:
        """The bar from its start to trade number `tick`, counted from 0."""
        minute = tick // 60
        part = self.ticks[minute * 60 : tick + 1]
        high, low = int(part.max()), int(part.min())
        if minute:
            high, low = max(high, int(self.highs[minute - 1])), min(low, int(self.lows[minute - 1]))
        return Bar(int(self.ticks[0]), high, low, int(self.ticks[tick]), self._volume(tick))

    def until(self, tick: int) -> Ints:
        """The rows of the minutes up to trade number `tick`. The last minute may be unfinished."""
        whole, rest = divmod(tick + 1, 60)
        rows = self.minutes[:whole]
        if not rest:
            return rows
        part = self.ticks[whole * 60 : tick + 1]
        before = int(self.volumes[whole - 1]) if whole else 0
        return np.vstack([rows, [part[0], part.max(), part.min(), part[-1], self._volume(tick) - before]])

    def _volume(self, tick: int) -> int:
        minute, second = divmod(tick, 60)
        before = int(self.volumes[minute - 1]) if minute else 0
        return before + (int(self.volumes[minute]) - before) * (second + 1) // 60


def build(bar: Bar, seconds: int, seed: int) -> Path:
    """The path of `bar` over `seconds`, a multiple of 60. The same seed gives the same path."""
    random = np.random.default_rng(seed)
    ticks = _ticks(bar, seconds, random)
    by_minute = ticks.reshape(-1, 60)
    highs, lows = by_minute.max(axis=1).astype(np.int64), by_minute.min(axis=1).astype(np.int64)
    volumes = _volumes(bar.volume, len(by_minute), random)
    minutes = np.column_stack(
        [by_minute[:, 0], highs, lows, by_minute[:, -1], np.diff(volumes, prepend=0)]
    ).astype(np.int64)
    return Path(ticks, minutes, np.maximum.accumulate(highs), np.minimum.accumulate(lows), volumes)


def _ticks(bar: Bar, seconds: int, random: np.random.Generator) -> npt.NDArray[np.int32]:
    """A Brownian bridge through open, both extremes and close, reflected into the bar's range, in cents."""
    first, second = sorted(random.choice(np.arange(1, seconds - 1), size=2, replace=False).tolist())
    # On most days that rise, the low comes before the high.
    low_first = random.random() < (0.7 if bar.close >= bar.open else 0.3)
    extremes = [bar.low, bar.high] if low_first else [bar.high, bar.low]
    places, prices = [0, first, second, seconds - 1], [bar.open, *extremes, bar.close]
    seconds_axis = np.arange(seconds)
    walk = np.cumsum(random.standard_normal(seconds, dtype=np.float32)) / np.sqrt(seconds)
    bridge = walk - np.interp(seconds_axis, places, walk[places])
    path = np.interp(seconds_axis, places, prices) + bridge * (bar.high - bar.low) * _ROUGHNESS
    path = np.where(path > bar.high, 2 * bar.high - path, path)
    path = np.where(path < bar.low, 2 * bar.low - path, path)
    ticks = np.clip(np.rint(path / CENT) * CENT, bar.low, bar.high).astype(np.int32)
    ticks[places] = prices
    return ticks


def _volumes(total: int, minutes: int, random: np.random.Generator) -> Ints:
    """Cumulative volume at the end of each minute, up to `total`.

    The day's ends trade more than its middle.
    """
    place = np.linspace(-1, 1, minutes)
    weights = (0.6 + 1.2 * place**2) * np.exp(random.standard_normal(minutes) * 0.4)
    running = np.cumsum(weights)
    return np.rint(running / running[-1] * total).astype(np.int64)

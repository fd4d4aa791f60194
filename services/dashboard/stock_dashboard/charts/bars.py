"""Bars as columns: from the warehouse, from live minute bars, joined, and averages over them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SECOND = "datetime64[s]"
DAY = "datetime64[D]"


class Bars(NamedTuple):
    """Bars, oldest first, shape (n,) each.

    starts: UTC, datetime64[s]. days: the exchange's trading day, datetime64[D]. The others are float64.
    """

    starts: np.ndarray
    days: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def __bool__(self) -> bool:
        return len(self.starts) > 0

    def pick(self, chosen: np.ndarray | slice) -> Bars:
        return Bars(*(column[chosen] for column in self))


def empty() -> Bars:
    return Bars(np.empty(0, SECOND), np.empty(0, DAY), *(np.empty(0) for _ in range(5)))


def from_table(table: pa.Table) -> Bars:
    """Bars from a query's rows in any order. Its columns are those of queries.BAR_COLUMNS."""
    if table.num_rows == 0:
        return empty()
    table = table.sort_by("starts_at")
    starts = pc.cast(table.column("starts_at"), pa.timestamp("s"), safe=False).to_numpy().astype(SECOND)
    days = pc.cast(table.column("trading_day"), pa.date32()).to_numpy().astype(DAY)
    return Bars(
        starts, days, *(numbers(table.column(name)) for name in ("open", "high", "low", "close", "volume"))
    )


class Shares(NamedTuple):
    """Which daily bars are adjusted for splits.

    days: how many bars there are.
    adjusted: how many of them count the shares of the day `since`. The others are as traded.
    since: naive UTC, None where no bar is adjusted.
    """

    days: int
    adjusted: int
    since: datetime | None

    @property
    def words(self) -> str:
        if self.since is None:
            return "as traded, not adjusted for splits"
        adjusted = f"split-adjusted as of {self.since.day} {self.since:%b %Y}"
        if self.adjusted == self.days:
            return adjusted
        return f"{self.adjusted:,} of {self.days:,} days {adjusted}, the others as traded"


def adjusted_at(table: pa.Table) -> np.ndarray:
    """When each bar of `from_table` was split-adjusted: UTC, datetime64[s], NaT for bars as traded."""
    return (
        pc.cast(table.sort_by("starts_at").column("adjusted_at"), pa.timestamp("s"), safe=False)
        .to_numpy()
        .astype(SECOND)
    )


def shares(table: pa.Table) -> Shares:
    """Which of a query's rows are split-adjusted. Its columns are those of queries.DAY_COLUMNS.

    Bars of several fetches are adjusted as of the oldest of them.
    """
    stamps = adjusted_at(table)
    adjusted = stamps[~np.isnat(stamps)]
    since = adjusted.min().astype(object) if len(adjusted) else None
    return Shares(len(stamps), len(adjusted), since)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A numeric column as float64, NaN for NULL."""
    return pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype("float64")


def from_minutes(columns: np.ndarray, whole_from: float | None, minutes: int, day_of: np.ndarray) -> Bars:
    """Bars of `minutes` from live minute bars. Only whole ones.

    columns: shape (6, n), see minute_bars.MinuteBars. whole_from: the start of its first whole minute.
    day_of: each minute's trading day, shape (n,).
    """
    if whole_from is None or columns.shape[1] == 0:
        return empty()
    width = minutes * 60
    starts = columns[0] // width * width
    # A bar that began before the first whole minute is the warehouse's.
    chosen = starts >= whole_from
    if not chosen.any():
        return empty()
    columns, starts, days = columns[:, chosen], starts[chosen], day_of[chosen]
    first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
    last = np.r_[first[1:], len(starts)] - 1
    return Bars(
        starts[first].astype("int64").astype(SECOND),
        days[first],
        columns[1][first],
        np.maximum.reduceat(columns[2], first),
        np.minimum.reduceat(columns[3], first),
        columns[4][last],
        np.add.reduceat(columns[5], first),
    )


def join(history: Bars, live: Bars) -> Bars:
    """History up to where the live bars begin, then the live bars, then the history that is newer."""
    if not live:
        return history
    if not history:
        return live
    before = history.pick(history.starts < live.starts[0])
    after = history.pick(history.starts > live.starts[-1])
    return Bars(*(np.concatenate(columns) for columns in zip(before, live, after, strict=True)))


def last_sessions(bars: Bars, sessions: int | None, closes: bool = True) -> Bars:
    """The bars of the last trading days. Of a market that never closes, of so many times 24 hours."""
    if sessions is None or not bars:
        return bars
    if not closes:
        return bars.pick(bars.starts > bars.starts[-1] - np.timedelta64(sessions, "D"))
    return bars.pick(bars.days >= np.unique(bars.days)[-sessions:][0])


def average(values: np.ndarray, window: int) -> np.ndarray:
    """The simple moving average, NaN until there are `window` values."""
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        sums = np.cumsum(np.r_[0.0, values])
        result[window - 1 :] = (sums[window:] - sums[:-window]) / window
    return result


def vwap(bars: Bars) -> np.ndarray:
    """The volume-weighted average of the typical price, (high + low + close) / 3, since the day's start.

    NaN before any volume, and at a later day's first bar, so that no line joins two days."""
    result = np.full(len(bars.starts), np.nan)
    typical = (bars.high + bars.low + bars.close) / 3
    volume = np.nan_to_num(bars.volume)
    for day in np.unique(bars.days):
        chosen = bars.days == day
        traded = np.cumsum(volume[chosen])
        value = np.cumsum(typical[chosen] * volume[chosen])
        result[chosen] = np.divide(value, traded, out=np.full(len(traded), np.nan), where=traded > 0)
    result[1:][bars.days[1:] != bars.days[:-1]] = np.nan
    return result

"""The axes of a chart of bars: wall-clock times, closed hours to cut out, the range of prices. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from stock_dashboard import palette, text
from stock_dashboard.charts.bars import Bars

LAYOUT = {
    "dragmode": "pan",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": palette.FONT, "size": 11},
}
"""What all charts have in common. They stand on the page's own background."""
LEAST_BARS = 40
LEAST_ROOM = 0.001
"""Room above and below the bars, as a share of the price."""


def local_times(bars: Bars, zone: tzinfo, intraday: bool) -> pd.DatetimeIndex:
    """The x axis: the exchange's wall clock without a zone, as plotly draws it, or the trading day."""
    if not intraday:
        return pd.DatetimeIndex(bars.days.astype("datetime64[s]"))
    return pd.DatetimeIndex(bars.starts).tz_localize("UTC").tz_convert(zone).tz_localize(None)


def spoken_times(bars: Bars, zone: tzinfo) -> list[str]:
    """Each bar's start with its zone and in UTC: `Mon 23 Nov 09:30 EST · 14:30 UTC`."""
    return [_spoken(second, zone) for second in bars.starts.astype("datetime64[s]").astype("int64").tolist()]


@lru_cache(maxsize=20_000)
def _spoken(second: int, zone: tzinfo) -> str:
    instant = datetime.fromtimestamp(second, UTC)
    local = instant.astimezone(zone)
    name = text.zone_name(local)
    return f"{local:%a} {local.day} {local:%b %H:%M} {name}" + (
        "" if name == "UTC" else f" · {instant:%H:%M} UTC"
    )


def local_days(seconds: np.ndarray, zone: tzinfo) -> np.ndarray:
    """The exchange's day of each instant (seconds since 1970), datetime64[D]."""
    local = (
        pd.DatetimeIndex(seconds.astype("int64").astype("datetime64[s]"))
        .tz_localize("UTC")
        .tz_convert(zone)
        .tz_localize(None)
    )
    return local.values.astype("datetime64[D]")


def closed_hours(times: pd.DatetimeIndex, days: np.ndarray, intraday: bool) -> list[dict[str, Any]]:
    """The spans to cut out of the axis, as plotly's rangebreaks.

    They are the gaps between two trading days as the bars show them, so holidays and half days are right.
    """
    if len(times) < 2:
        return []
    if not intraday:
        return _closed_days(times)
    step = np.diff(times.values).min()
    turns = np.flatnonzero((days[1:] != days[:-1]) & (np.diff(times.values) > step))
    return [{"bounds": [str(times.values[turn] + step), str(times.values[turn + 1])]} for turn in turns]


def _closed_days(times: pd.DatetimeIndex) -> list[dict[str, Any]]:
    every = pd.date_range(times[0], times[-1], freq="D")
    missing = pd.DatetimeIndex(every.difference(times))
    breaks: list[dict[str, Any]] = []
    if not (times.day_of_week >= 5).any():
        breaks.append({"bounds": ["sat", "mon"]})
        missing = missing[missing.day_of_week < 5]
    if len(missing):
        breaks.append({"values": [f"{day:%Y-%m-%d}" for day in missing]})
    return breaks


def price_range(bars: Bars, last: float | None) -> list[float]:
    """What the price axis shows: the bars and the last price.

    A previous close far away must not flatten the day. A minute without a move must not fill the axis.
    """
    low, high = float(np.nanmin(bars.low)), float(np.nanmax(bars.high))
    if last is not None:
        low, high = min(low, last), max(high, last)
    room = max((high - low) * 0.06, abs(high) * LEAST_ROOM)
    return [low - room, high + room]


def filled(times: pd.DatetimeIndex, bars: Bars, minutes: int) -> tuple[pd.DatetimeIndex, Bars]:
    """At least LEAST_BARS bars: empty ones after the last make a day's first bars as wide as later ones."""
    missing = LEAST_BARS - len(times)
    if missing <= 0:
        return times, bars
    after = pd.date_range(times[-1], periods=missing + 1, freq=pd.Timedelta(minutes=minutes))[1:]
    nothing = np.full(missing, np.nan)
    days = np.full(missing, bars.days[-1])
    starts = np.full(missing, bars.starts[-1])
    numbers = (np.r_[column, nothing] for column in bars[2:])
    return pd.DatetimeIndex(times.append(after)), Bars(
        np.r_[bars.starts, starts], np.r_[bars.days, days], *numbers
    )


def time_range(times: pd.DatetimeIndex, minutes: int, least: int = 0) -> list[str]:
    """What the time axis shows: the bars and a little room, at least `least` bars up to the last one.

    Without a range, plotly leaves room for the hours that were cut out too.
    """
    step = pd.Timedelta(minutes=minutes)
    return [str(min(times[0] - step, times[-1] - least * step)), str(times[-1] + step)]

"""Sessions of a market as windows of time. Pure: the windows of a calendar are arguments, in their order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from stock_common.exchanges import US
from stock_common.status import MarketState

PRE_MARKET = {US.calendar: timedelta(hours=5, minutes=30)}
"""Trading before the open: from 04:00 in New York."""
POST_MARKET = {US.calendar: timedelta(hours=4)}
"""Trading after the close: to 20:00 in New York, to 17:00 on half days."""


class Window(NamedTuple):
    """The market trades from `opens` up to, not including, `closes`. Both aware.

    assumed: no calendar has a record of it.
    """

    opens: datetime
    closes: datetime
    assumed: bool = False


FOREVER_OPENS = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
FOREVER_CLOSES = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
ALWAYS_OPEN = (Window(FOREVER_OPENS, FOREVER_CLOSES),)
NEVER_KNOWN = (Window(FOREVER_OPENS, FOREVER_CLOSES, assumed=True),)
"""The hours of an exchange that is not known: symbols there are asked for around the clock."""


class Phase(NamedTuple):
    """Where a moment stands: in `current`, or between `previous` and `following`.

    None: there is none among the windows.
    """

    previous: Window | None
    current: Window | None
    following: Window | None


def phase(windows: Sequence[Window], at: datetime) -> Phase:
    """The windows around `at`. A lunch break is a gap like any other."""
    index = bisect_right(windows, at, key=lambda window: window.opens)
    started = windows[index - 1] if index else None
    following = windows[index] if index < len(windows) else None
    if started is not None and at < started.closes:
        return Phase(windows[index - 2] if index > 1 else None, started, following)
    return Phase(started, None, following)


def session(calendar: str, windows: Sequence[Window], at: datetime) -> str:
    """`regular`, `pre`, `post` or `closed` on that calendar. `unknown` where the hours are only assumed."""
    around = phase(windows, at)
    if around.current:
        return "unknown" if around.current.assumed else "regular"
    if around.previous and around.previous.assumed:
        return "unknown"
    if around.previous and at < around.previous.closes + POST_MARKET.get(calendar, timedelta(0)):
        return "post"
    if around.following and at >= around.following.opens - PRE_MARKET.get(calendar, timedelta(0)):
        return "pre"
    return "closed"


def overlap(windows: Sequence[Window], start: datetime, end: datetime) -> timedelta:
    """How long the market trades between `start` and `end`."""
    total = timedelta(0)
    for window in windows:
        if window.opens >= end:
            break
        total += max(timedelta(0), min(window.closes, end) - max(window.opens, start))
    return total


def market_state(calendar: str, windows: Sequence[Window], at: datetime) -> MarketState:
    """The state for `stock-status`."""
    around = phase(windows, at)
    closes = around.current.closes if around.current and around.current.closes != FOREVER_CLOSES else None
    return MarketState(
        calendar=calendar,
        is_open=around.current is not None,
        next_open=around.following.opens if around.following else None,
        next_close=closes or (around.following.closes if around.following and not around.current else None),
    )

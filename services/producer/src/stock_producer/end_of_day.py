"""What to fetch next where the data are end-of-day: after the close one daily series a symbol, 100 bars a call. Pure.

Nothing that such a plan sees changes while the market trades, so calls before the close would be wasted. With more symbols than calls
a day the longest waiting come first; since a call brings 100 bars, none is missed while each symbol has its turn within 100 sessions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from stock_producer.budget import Allowance, next_vendor_day, vendor_day
from stock_producer.plans import Limits
from stock_producer.responses import Endpoint, Request
from stock_producer.sessions import FOREVER_CLOSES, Window
from stock_producer.turns import Decision, Pace, Watched

GRACE = timedelta(minutes=30)
"""The day's bar is asked for this long after the close. The vendor only says "after the close"; a bar that is not there yet is asked for again."""
STALE_WAIT = timedelta(hours=1)
DAY_SECONDS = 86_400.0
_LUNCH = timedelta(hours=4)
"""A shorter gap between two windows is a break of one day."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Day(NamedTuple):
    """A calendar's data: `since` the day's bar is there, to be asked for before `until`; `following`: when the next one will be."""

    since: datetime | None
    until: datetime | None
    following: datetime | None


def next_daily(
    now: datetime, watched: Sequence[Watched], hours: Mapping[str, Sequence[Window]], allowance: Allowance, limits: Limits, pace: Pace
) -> Decision:
    """The next call, as `scheduler.next_fetch` has it."""
    days = {code: _day(hours[code], now) for code in {item.calendar for item in watched}}
    interval = DAY_SECONDS * (math.ceil(len(watched) / limits.day) if limits.day and watched else 1)
    waiting = [item for item in _chosen(now, watched, days, allowance) if not item.busy]
    wake_at = min((day.following for day in days.values() if day.following), default=now + timedelta(hours=1))
    if not waiting:
        # The vendor's new day may have calls for symbols that were never asked for.
        wake_at = min(wake_at, next_vendor_day(now))
        return Decision(None, wake_at, interval)
    best = min(waiting, key=lambda item: max(item.not_before or _NEVER, item.asked_at or _NEVER))
    spaced = allowance.last_call + timedelta(seconds=pace.floor) if allowance.last_call else now
    send_at = max(allowance.earliest, spaced, best.not_before or _NEVER)
    if send_at > now:
        return Decision(None, min(wake_at, send_at), interval)
    return Decision(Request(Endpoint.DAILY, (best.symbol,)), now, interval)


def last_day(windows: Sequence[Window], now: datetime) -> date | None:
    """The trading day of the newest daily bar that should be there. None: no day has closed among `windows`."""
    if _always(windows):
        return vendor_day(now - GRACE) - timedelta(days=1)
    closed = [close for close in _closes(windows) if close + GRACE <= now]
    # On each exchange that is known here the close has the trading day's date in UTC, too.
    return closed[-1].date() if closed else None


def _chosen(now: datetime, watched: Sequence[Watched], days: Mapping[str, _Day], allowance: Allowance) -> list[Watched]:
    """Whose turn it is: of all that want a call before the vendor's day ends, the longest waiting, as many as calls are left."""
    ready: list[Watched] = []
    later: list[Watched] = []
    for item in watched:
        day = days[item.calendar]
        if day.since and day.until and now < day.until and (item.asked_at is None or item.asked_at < day.since):
            ready.append(item)
        elif day.following and day.following < allowance.day_ends:
            later.append(item)
    left = allowance.day_left
    new = [item for item in later if item.asked_at is None]
    if left is None or len(ready) + len(later) + len(new) <= left:
        # A symbol that was never asked for shows its last close at once, where the evening's calls remain.
        return ready + new
    place = {item.symbol: (item.asked_at or _NEVER, number) for number, item in enumerate(watched)}
    first = {item.symbol for item in sorted(ready + later, key=lambda item: place[item.symbol])[:left]}
    return [item for item in ready if item.symbol in first]


def _day(windows: Sequence[Window], now: datetime) -> _Day:
    if _always(windows):
        since = next_vendor_day(now - GRACE - timedelta(days=1)) + GRACE
        return _Day(since, next_vendor_day(since), next_vendor_day(now - GRACE) + GRACE)
    known = [close + GRACE for close in _closes(windows)]
    since = max((moment for moment in known if moment <= now), default=None)
    return _Day(since, since and next_vendor_day(since), min((moment for moment in known if moment > now), default=None))


def _closes(windows: Sequence[Window]) -> list[datetime]:
    """The last close of each trading day."""
    closes = [before.closes for before, after in pairwise(windows) if after.opens - before.closes > _LUNCH]
    return [*closes, *(window.closes for window in windows[-1:])]


def _always(windows: Sequence[Window]) -> bool:
    # A market that never closes has the vendor's days.
    return bool(windows) and windows[0].closes == FOREVER_CLOSES

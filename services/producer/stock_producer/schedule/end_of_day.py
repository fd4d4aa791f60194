"""What to fetch next where the data are end-of-day: the daily bars that are not held. Pure.

A bar is wanted from GRACE after the close on, at any hour, until it is held. So a call that failed, a machine
that was off at the close, and a bar that is published late have one remedy: the bar is asked for again, after
a pause that grows (see watchlist). With more symbols than calls a day those with the oldest bars come first.
A call brings many bars, so that none is missed while each symbol has its turn within as many days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from stock_producer.market.sessions import FOREVER_CLOSES, Window
from stock_producer.schedule.types import NEVER, Allowance, Decision, Pace, Watched
from stock_producer.vendor.base import Limits, Plan, QuotaDay, Request

GRACE = timedelta(minutes=30)
"""The day's bar is asked for this long after the close. Vendors only promise it "after the close"."""
DAY_SECONDS = 86_400.0
_LUNCH = timedelta(hours=4)
"""A shorter gap between two windows is a break of one day."""


class Day(NamedTuple):
    """A calendar's data.

    trading_day: of the newest bar that should be there, and `since` when. None: unknown.
    following: when the next bar will be there.
    """

    trading_day: date | None
    since: datetime | None
    following: datetime | None


def next_daily(
    now: datetime,
    watched: Sequence[Watched],
    hours: Mapping[str, Sequence[Window]],
    plan: Plan,
    allowance: Allowance,
    limits: Limits,
    pace: Pace,
) -> Decision:
    """The next call, as `scheduler.next_fetch` has it."""
    days = {item.calendar: day_of(hours[item.calendar], now, plan.quota_day) for item in watched}
    interval = _interval(len(watched), limits)
    wake_at = _wake_at(days.values(), now)
    waiting = [item for item in watched if wants(item, days[item.calendar]) and not item.busy]
    if not waiting:
        return Decision(None, wake_at, interval)
    best = min(waiting, key=partial(_place, now))
    send_at = max(allowance.earliest, _spaced(now, allowance, pace), best.not_before or NEVER)
    if send_at > now:
        return Decision(None, min(wake_at, send_at), interval)
    return Decision(Request(plan.daily, (best.symbol,)), now, interval)


def _wake_at(days: Iterable[Day], now: datetime) -> datetime:
    """When the next data will be there; an hour from now where no calendar says it."""
    return min((day.following for day in days if day.following), default=now + timedelta(hours=1))


def _interval(count: int, limits: Limits) -> float:
    """Seconds between two turns of a symbol."""
    return DAY_SECONDS * (math.ceil(count / limits.day) if limits.day and count else 1)


def _place(now: datetime, item: Watched) -> tuple[datetime, date, datetime]:
    """Where the symbol stands in the queue: who need not pause, then the oldest bar, then the oldest call."""
    return max(item.not_before or now, now), item.held or date.min, item.asked_at or NEVER


def _spaced(now: datetime, allowance: Allowance, pace: Pace) -> datetime:
    """The earliest moment that keeps the distance to the last call."""
    return allowance.last_call + timedelta(seconds=pace.floor) if allowance.last_call else now


def last_day(windows: Sequence[Window], now: datetime, quota_day: QuotaDay) -> date | None:
    """The trading day of the newest daily bar that should be there.

    None: no day has closed among `windows`.
    """
    return day_of(windows, now, quota_day).trading_day


def wants(item: Watched, day: Day) -> bool:
    """Whether a bar should be there that is not held."""
    return item.held is None or (day.trading_day is not None and item.held < day.trading_day)


def day_of(windows: Sequence[Window], now: datetime, quota_day: QuotaDay) -> Day:
    """What a calendar with these windows has at `now`."""
    if _always(windows):
        newest = quota_day.of(now - GRACE) - timedelta(days=1)
        since = quota_day.end(now - GRACE - timedelta(days=1)) + GRACE
        return Day(newest, since, quota_day.end(now - GRACE) + GRACE)
    closes = _closes(windows)
    closed = max((close for close in closes if close + GRACE <= now), default=None)
    following = min((close + GRACE for close in closes if close + GRACE > now), default=None)
    if closed is None:
        return Day(None, None, following)
    # On each exchange that is known here the close has the trading day's date in UTC, too.
    return Day(closed.date(), closed + GRACE, following)


def missing_since(windows: Sequence[Window], newest: date, quota_day: QuotaDay) -> datetime | None:
    """When the first bar after that of the day `newest` should be there."""
    if _always(windows):
        after = datetime.combine(newest + timedelta(days=1), time(12), quota_day.zone)
        return quota_day.end(after) + GRACE
    return min((close + GRACE for close in _closes(windows) if close.date() > newest), default=None)


def _closes(windows: Sequence[Window]) -> list[datetime]:
    """The last close of each trading day."""
    closes = [before.closes for before, after in pairwise(windows) if after.opens - before.closes > _LUNCH]
    return [*closes, *(window.closes for window in windows[-1:])]


def _always(windows: Sequence[Window]) -> bool:
    # A market that never closes has the quota's days.
    return bool(windows) and windows[0].closes == FOREVER_CLOSES

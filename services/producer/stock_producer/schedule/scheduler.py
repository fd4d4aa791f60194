"""What to fetch next, and when.

A pure function of the time, the hours, the plan, the budget that is left, and the last calls.

Calls go out evenly. A symbol's turn comes each POLL_INTERVAL_SECONDS where the budget carries that, else as
often as it does. The turns of all symbols are spread over that interval, since vendors refuse bursts. While a
symbol's market is closed only its closing price is fetched, once, at any hour, until it is held. Plans with
end-of-day data follow `end_of_day`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from stock_producer.market.sessions import Window, overlap, phase
from stock_producer.schedule.budget import MINUTE, SECOND
from stock_producer.schedule.end_of_day import next_daily
from stock_producer.schedule.types import NEVER, Allowance, Decision, Pace, Watched
from stock_producer.vendor.base import Batch, Freshness, Limits, Plan, Request

CLOSING_GRACE = timedelta(seconds=90)
"""The closing auction's price is out by then, this long after the calendar's close."""
AUCTION_GRACE = {"XLON": timedelta(minutes=7), "XETR": timedelta(minutes=7)}
"""Where the closing auction begins at the calendar's close and prints about five minutes later.

From general knowledge, not from a published figure.
"""
SOONEST_AGAIN, LATEST_AGAIN = timedelta(minutes=1), timedelta(hours=1)
"""Between two calls for a closing price, where the first has failed. The pause grows by half each time."""
LONGEST_INTERVAL = 7 * 86_400.0
CATCH_UP_SECONDS = 0.1
"""Calls may follow each other closer than evenly by this, so that a late one delays no other."""

Hours = Mapping[str, Sequence[Window]]
"""Windows by calendar code, reaching beyond the next open."""


class _Turn(NamedTuple):
    """One call. `asked_at` None: one of its members was never asked for."""

    members: Sequence[Watched]
    endpoint: str
    asked_at: datetime | None
    not_before: datetime
    busy: bool
    closing: bool

    @property
    def request(self) -> Request:
        return Request(self.endpoint, tuple(member.symbol for member in self.members))


class Stage(NamedTuple):
    """The state of a calendar for fetching. Its hours are later by the plan's delay.

    opened_at: None while it is closed. closing_since: when the last close's price was out.
    changes_at: when the state will be another.
    """

    opened_at: datetime | None
    closing_since: datetime | None
    changes_at: datetime


def next_fetch(
    now: datetime,
    watched: Sequence[Watched],
    hours: Hours,
    plan: Plan,
    allowance: Allowance,
    limits: Limits,
    pace: Pace,
) -> Decision:
    """The next call. `limits`: the plan's, or lower ones that a refusal has named. It never blocks."""
    if plan.freshness is Freshness.END_OF_DAY:
        return next_daily(now, watched, hours, plan, allowance, limits, pace)
    stages = _stages(watched, hours, now, plan)
    turns = _turns([item for item in watched if _wants(item, stages[item.calendar])], stages, plan)
    running = sum(not turn.closing for turn in turns) or len(_turns(watched, stages, plan))
    interval = interval_of(running, limits, pace)
    if allowance.day_left is not None:
        interval = max(interval, _day_interval(now, _turns(watched, stages, plan), hours, plan, allowance))
    shown = min(interval, LONGEST_INTERVAL)
    wake_at = min((stage.changes_at for stage in stages.values()), default=now + timedelta(hours=1))
    best, best_due = _most_overdue(turns, interval, allowance)
    if best is None:
        return Decision(None, wake_at, shown)
    send_at = max(best_due, allowance.earliest, _spaced(allowance, interval / max(1, running), pace))
    if send_at > now:
        return Decision(None, min(wake_at, send_at), shown)
    return Decision(best.request, now, shown)


def _most_overdue(
    turns: Sequence[_Turn], interval: float, allowance: Allowance
) -> tuple[_Turn | None, datetime]:
    """The turn that is due first, and when. Among equals, the one that was asked for the longest ago."""
    best: _Turn | None = None
    best_due = best_asked = NEVER
    for turn in turns:
        if turn.busy:
            continue
        due, asked = _due(turn, interval, allowance), turn.asked_at or NEVER
        if best is None or (due, asked) < (best_due, best_asked):
            best, best_due, best_asked = turn, due, asked
    return best, best_due


def _stages(watched: Sequence[Watched], hours: Hours, now: datetime, plan: Plan) -> dict[str, Stage]:
    """The state of each calendar, by its code."""
    return {code: stage_of(code, hours[code], now, plan) for code in {item.calendar for item in watched}}


def closing_grace(calendar: str) -> timedelta:
    """How long after a calendar's close the closing price is out."""
    return AUCTION_GRACE.get(calendar, CLOSING_GRACE)


def stage_of(calendar: str, windows: Sequence[Window], now: datetime, plan: Plan) -> Stage:
    """The state of a calendar with these windows at `now`."""
    around = phase(windows, now - plan.delay)
    if around.current:
        return Stage(around.current.opens + plan.delay, None, around.current.closes + plan.delay)
    opens = around.following.opens + plan.delay if around.following else now + timedelta(hours=1)
    if around.previous is None:
        return Stage(None, None, opens)
    closing = around.previous.closes + plan.delay + closing_grace(calendar)
    if now < closing:
        return Stage(None, None, min(closing, opens))
    return Stage(None, closing, opens)


def _wants(item: Watched, stage: Stage) -> bool:
    return stage.opened_at is not None or (
        stage.closing_since is not None
        and (item.answered_at is None or item.answered_at < stage.closing_since)
    )


def _not_before(item: Watched, stage: Stage) -> datetime:
    """The end of the pause after failures, which is longer while nothing can change."""
    pause, since = item.not_before or NEVER, stage.closing_since
    if stage.opened_at or since is None or item.asked_at is None or item.asked_at < since:
        return pause
    longer = min(max((item.asked_at - since) / 2, SOONEST_AGAIN), LATEST_AGAIN)
    return max(pause, item.asked_at + longer)


def _turns(items: Sequence[Watched], stages: Mapping[str, Stage], plan: Plan) -> list[_Turn]:
    """The calls that serve `items`: as many of a calendar in one as the plan and the symbols allow."""
    turns: list[_Turn] = []
    batch = plan.batch
    batched: dict[str, list[Watched]] = {}
    for item in items:
        if batch and batch.serves(item.symbol):
            batched.setdefault(item.calendar, []).append(item)
        else:
            turns.append(_turn((item,), plan.quote, stages[item.calendar]))
    if batch:
        for calendar, members in batched.items():
            turns += _batch_turns(members, batch, stages[calendar])
    return turns


def _batch_turns(members: Sequence[Watched], batch: Batch, stage: Stage) -> list[_Turn]:
    starts = range(0, len(members), batch.size)
    return [_turn(members[at : at + batch.size], batch.endpoint, stage) for at in starts]


def _turn(members: Sequence[Watched], endpoint: str, stage: Stage) -> _Turn:
    asked = [member.asked_at for member in members if member.asked_at]
    asked_at = min(asked) if len(asked) == len(members) else None
    not_before = max(_not_before(member, stage) for member in members)
    busy = any(member.busy for member in members)
    return _Turn(members, endpoint, asked_at, not_before, busy, closing=stage.opened_at is None)


def interval_of(count: int, limits: Limits, pace: Pace) -> float:
    """Seconds between two turns of a symbol that the limits a second and a minute carry."""
    interval = max(pace.poll, count * pace.floor)
    if limits.second:
        interval = max(interval, count * SECOND.total_seconds() / limits.second)
    if limits.minute:
        interval = max(interval, count * MINUTE.total_seconds() / limits.minute)
    return interval


def _day_interval(
    now: datetime, turns: Sequence[_Turn], hours: Hours, plan: Plan, allowance: Allowance
) -> float:
    """What is left of the day's calls, spread over what is left of all symbols' hours.

    It is infinite when no call is left.

    The turns after the close are set aside first, but no more than half of what is left.
    """
    open_seconds, closings = 0.0, 0
    start, end = now - plan.delay, allowance.day_ends - plan.delay
    for calendar, count in Counter(turn.members[0].calendar for turn in turns).items():
        windows, late = hours[calendar], plan.delay + closing_grace(calendar)
        open_seconds += count * overlap(windows, start, end).total_seconds()
        closings += count * any(now < window.closes + late < allowance.day_ends for window in windows)
    day_left = allowance.day_left or 0
    left = day_left - min(closings, day_left // 2)
    return open_seconds / left if left > 0 else math.inf


def _due(turn: _Turn, interval: float, allowance: Allowance) -> datetime:
    if turn.closing:
        due = NEVER
    elif math.isinf(interval):
        due = allowance.day_ends
    else:
        due = NEVER if turn.asked_at is None else turn.asked_at + timedelta(seconds=interval)
    return max(due, turn.not_before)


def _spaced(allowance: Allowance, gap: float, pace: Pace) -> datetime:
    """The earliest moment that keeps the distance to the last call."""
    if allowance.last_call is None:
        return NEVER
    gap = 0.0 if math.isinf(gap) or allowance.refused else gap
    return allowance.last_call + timedelta(seconds=max(pace.floor, gap - min(0.2 * gap, CATCH_UP_SECONDS)))

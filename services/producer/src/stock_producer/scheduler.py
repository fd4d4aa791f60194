"""What to fetch next, and when. A pure function of the time, the exchanges' hours, the plan, the budget left and what was fetched last.

Calls go out evenly: a symbol's turn comes each POLL_INTERVAL_SECONDS where the budget carries that, else as often as it does, and the
turns of all symbols are spread over that interval, since the vendor refuses bursts. Nothing is fetched while a symbol's market is
closed, but for one turn after the close, which sees the closing price. Plans with end-of-day data follow `end_of_day`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stock_producer.budget import MINUTE, SECOND, Allowance
from stock_producer.end_of_day import next_daily
from stock_producer.plans import Freshness, Limits, Plan
from stock_producer.responses import BULK_SIZE, Endpoint, Request
from stock_producer.sessions import Window, overlap, phase
from stock_producer.turns import Decision, Pace, Watched

CLOSING_GRACE = timedelta(seconds=90)
"""The closing auction's price is out by then."""
CLOSING_WINDOW = timedelta(hours=1)
LONGEST_INTERVAL = 7 * 86_400.0
CATCH_UP_SECONDS = 0.1
"""Calls may follow each other by this much closer than evenly, so that a late one does not delay all after it."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Turn(NamedTuple):
    """One call. `asked_at` None: one of its members was never asked for."""

    members: Sequence[Watched]
    endpoint: Endpoint
    asked_at: datetime | None
    not_before: datetime
    busy: bool
    closing: bool


def next_fetch(
    now: datetime, watched: Sequence[Watched], hours: Mapping[str, Sequence[Window]], plan: Plan, allowance: Allowance, limits: Limits, pace: Pace
) -> Decision:
    """The next call. `hours`: windows by calendar code, reaching beyond the next open. Never blocks, changes nothing."""
    if plan.freshness is Freshness.END_OF_DAY:
        return next_daily(now, watched, hours, allowance, limits, pace)
    stages = {code: _stage(hours[code], now, plan) for code in {item.calendar for item in watched}}
    turns = _turns([item for item in watched if _wants(item, stages[item.calendar])], stages, plan)
    running = sum(not turn.closing for turn in turns) or len(_turns(watched, stages, plan))
    interval = interval_of(running, limits, pace)
    if allowance.day_left is not None:
        interval = max(interval, _day_interval(now, _turns(watched, stages, plan), hours, plan, allowance))
    wake_at = min((stage.changes_at for stage in stages.values()), default=now + timedelta(hours=1))
    best: _Turn | None = None
    best_due = _NEVER
    for turn in turns:
        due = _due(turn, now, interval, allowance)
        if not turn.busy and (best is None or (due, turn.asked_at or _NEVER) < (best_due, best.asked_at or _NEVER)):
            best, best_due = turn, due
    if best is None:
        return Decision(None, wake_at, min(interval, LONGEST_INTERVAL))
    send_at = max(best_due, allowance.earliest, _spaced(allowance, interval / max(1, running), pace))
    ready = send_at <= now
    request = Request(best.endpoint, tuple(member.symbol for member in best.members)) if ready else None
    return Decision(request, now if ready else min(wake_at, send_at), min(interval, LONGEST_INTERVAL))


class _Stage(NamedTuple):
    """Where a calendar stands for fetching: its hours are later by the plan's delay. `closing_since`: the last turn's time has come."""

    is_open: bool
    closing_since: datetime | None
    changes_at: datetime


def _stage(windows: Sequence[Window], now: datetime, plan: Plan) -> _Stage:
    around = phase(windows, now - plan.delay)
    if around.current:
        return _Stage(True, None, around.current.closes + plan.delay)
    opens = around.following.opens + plan.delay if around.following else now + timedelta(hours=1)
    if around.previous is None:
        return _Stage(False, None, opens)
    closing = around.previous.closes + plan.delay + CLOSING_GRACE
    if now < closing:
        return _Stage(False, None, min(closing, opens))
    return _Stage(False, closing if now < closing + CLOSING_WINDOW else None, opens)


def _wants(item: Watched, stage: _Stage) -> bool:
    return stage.is_open or (stage.closing_since is not None and (item.asked_at is None or item.asked_at < stage.closing_since))


def _turns(items: Sequence[Watched], stages: Mapping[str, _Stage], plan: Plan) -> list[_Turn]:
    """The calls that serve `items`: up to 100 of a calendar in one where the plan and the symbol allow."""
    turns: list[_Turn] = []
    bulk: dict[str, list[Watched]] = {}
    for item in items:
        if plan.bulk and item.bulk:
            bulk.setdefault(item.calendar, []).append(item)
        else:
            closing = not stages[item.calendar].is_open
            turns.append(_Turn((item,), Endpoint.GLOBAL_QUOTE, item.asked_at, item.not_before or _NEVER, item.busy, closing))
    for calendar, members in bulk.items():
        closing = not stages[calendar].is_open
        turns += [_bulk_turn(members[at : at + BULK_SIZE], closing) for at in range(0, len(members), BULK_SIZE)]
    return turns


def _bulk_turn(members: Sequence[Watched], closing: bool) -> _Turn:
    asked = [member.asked_at for member in members if member.asked_at]
    not_before = max(member.not_before or _NEVER for member in members)
    busy = any(member.busy for member in members)
    return _Turn(members, Endpoint.BULK, min(asked) if len(asked) == len(members) else None, not_before, busy, closing)


def interval_of(count: int, limits: Limits, pace: Pace) -> float:
    """Seconds between two turns of a symbol that the limits a second and a minute carry."""
    interval = max(pace.poll, count * pace.floor)
    if limits.second:
        interval = max(interval, count * SECOND.total_seconds() / limits.second)
    if limits.minute:
        interval = max(interval, count * MINUTE.total_seconds() / limits.minute)
    return interval


def _day_interval(now: datetime, turns: Sequence[_Turn], hours: Mapping[str, Sequence[Window]], plan: Plan, allowance: Allowance) -> float:
    """What is left of the day's calls, spread over what is left of all symbols' hours; infinite when none is left.

    The turns after the close are set aside first, but no more than half of what is left.
    """
    open_seconds, closings = 0.0, 0
    for calendar, count in Counter(turn.members[0].calendar for turn in turns).items():
        windows = hours[calendar]
        open_seconds += count * overlap(windows, now - plan.delay, allowance.day_ends - plan.delay).total_seconds()
        closings += count * any(now < window.closes + plan.delay + CLOSING_GRACE < allowance.day_ends for window in windows)
    day_left = allowance.day_left or 0
    left = day_left - min(closings, day_left // 2)
    return open_seconds / left if left > 0 else math.inf


def _due(turn: _Turn, now: datetime, interval: float, allowance: Allowance) -> datetime:
    if turn.closing:
        due = _NEVER
    elif math.isinf(interval):
        due = allowance.day_ends
    else:
        due = _NEVER if turn.asked_at is None else turn.asked_at + timedelta(seconds=interval)
    return max(due, turn.not_before)


def _spaced(allowance: Allowance, gap: float, pace: Pace) -> datetime:
    """The earliest moment that keeps the distance to the last call."""
    if allowance.last_call is None:
        return _NEVER
    gap = 0.0 if math.isinf(gap) or allowance.refused else gap
    return allowance.last_call + timedelta(seconds=max(pace.floor, gap - min(0.2 * gap, CATCH_UP_SECONDS)))

"""When the next data of a calendar's symbols should be here: what an alert and the page go by. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from stock_producer.market.sessions import Window
from stock_producer.schedule.end_of_day import GRACE, day_of, missing_since
from stock_producer.schedule.published import unlearned
from stock_producer.schedule.scheduler import stage_of
from stock_producer.schedule.types import NEVER, Watched
from stock_producer.vendor.base import Freshness, Plan


def next_data(
    now: datetime,
    watched: Sequence[Watched],
    hours: Mapping[str, Sequence[Window]],
    plan: Plan,
    interval: float,
    after_close: Callable[[str], timedelta] = unlearned,
) -> dict[str, datetime]:
    """Calendar → when its next data are due, in the past where they are late.

    A calendar is as new as its newest symbol, since symbols may have to take turns. interval: seconds between
    two turns of a symbol. after_close: when a calendar's daily bars are published. A calendar whose hours are
    unknown from now on is left out.
    """
    found: dict[str, datetime] = {}
    for code in {item.calendar for item in watched}:
        items = [item for item in watched if item.calendar == code]
        due = (
            _end_of_day(now, items, hours[code], plan, after_close(code))
            if plan.freshness is Freshness.END_OF_DAY
            else _quotes(now, items, hours[code], plan, interval)
        )
        if due is not None:
            found[code] = due
    return found


def upcoming(
    now: datetime,
    calendars: Iterable[str],
    hours: Mapping[str, Sequence[Window]],
    plan: Plan,
    interval: float,
    after_close: Callable[[str], timedelta] = unlearned,
) -> dict[str, datetime]:
    """Calendar → when its next data are due after `now`, where none are missing."""
    held = [
        Watched(code, code, answered_at=now, held=day_of(hours[code], now, plan.quota_day).trading_day)
        for code in calendars
    ]
    return next_data(now, held, hours, plan, interval, after_close)


def _end_of_day(
    now: datetime, items: Sequence[Watched], windows: Sequence[Window], plan: Plan, after_close: timedelta
) -> datetime | None:
    day = day_of(windows, now, plan.quota_day)
    newest = max((item.held for item in items if item.held), default=None)
    # A vendor that is silent for days stays late since the first of them.
    asked_from = (
        (day.since or day.following) if newest is None else missing_since(windows, newest, plan.quota_day)
    )
    return asked_from and asked_from - GRACE + after_close


def _quotes(
    now: datetime, items: Sequence[Watched], windows: Sequence[Window], plan: Plan, interval: float
) -> datetime:
    stage = stage_of(items[0].calendar, windows, now, plan)
    newest = max((item.answered_at for item in items if item.answered_at), default=NEVER)
    turn = timedelta(seconds=0.0 if math.isinf(interval) else interval)
    if stage.opened_at is not None:
        return max(newest, stage.opened_at) + turn
    if stage.closing_since is not None and newest < stage.closing_since:
        return stage.closing_since
    return stage.changes_at + turn

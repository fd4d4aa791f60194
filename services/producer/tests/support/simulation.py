"""The calls that a producer makes between two moments, by its scheduler alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from stock_producer.market.sessions import ALWAYS_OPEN, Window
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.end_of_day import last_day
from stock_producer.schedule.scheduler import next_fetch
from stock_producer.schedule.types import Allowance, Pace
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.schedule.watchlist import Watchlist
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.plans import plan as make_plan
from stock_producer.vendor.base import Freshness, Limits, Plan, Request
from support.world import START

DAY_END = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
NO_LIMITS = make_plan("test", Limits(), Freshness.REALTIME, bulk=False)
QUOTA_DAY = PLANS["free"].quota_day
FIVE_SECONDS = Pace(5.0)
FREE_BUDGET = Allowance(START, None, None, DAY_END)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SESSION = Window(at("2026-11-23T14:30:00"), at("2026-11-23T21:00:00"))
HOURS = {
    "XNYS": [SESSION, Window(at("2026-11-24T14:30:00"), at("2026-11-24T21:00:00"))],
    "XLON": [
        Window(at("2026-11-23T08:00:00"), at("2026-11-23T16:30:00")),
        Window(at("2026-11-24T08:00:00"), at("2026-11-24T16:30:00")),
    ],
    "24/7": ALWAYS_OPEN,
}


class Call(NamedTuple):
    at: datetime
    request: Request


def simulate(
    symbols: Sequence[str],
    plan: Plan,
    start: datetime,
    end: datetime,
    pace: Pace = FIVE_SECONDS,
    calendar: str = "auto",
    hours: Mapping[str, Sequence[Window]] = HOURS,
    latency: float = 0.2,
) -> list[Call]:
    """The calls a producer makes between two moments. Its loop is late by a millisecond each time."""
    budget = Budget(plan, UsageFile(Path(":memory:")), start)
    watchlist = Watchlist(symbols, calendar)
    calls: list[Call] = []
    under_way: list[tuple[datetime, tuple[str, ...]]] = []
    now = start
    while now < end:
        while under_way and under_way[0][0] <= now:
            answered = under_way.pop(0)[1]
            code = watchlist.calendar_of(answered[0])
            watchlist.answered(answered, last_day(hours[code], now, plan.quota_day) or date(2026, 11, 20))
        decision = next_fetch(
            now, watchlist.items(now), hours, plan, budget.allowance(now), budget.limits, pace
        )
        if decision.request:
            budget.take(now)
            watchlist.sent(decision.request.symbols, now)
            under_way.append((now + timedelta(seconds=latency), decision.request.symbols))
            calls.append(Call(now, decision.request))
            continue
        arrival = under_way[0][0] if under_way else end
        now = max(min(decision.wake_at, arrival), now) + timedelta(milliseconds=1)
    return calls


def most_within(calls: Sequence[Call], seconds: float) -> int:
    most = first = 0
    for last, call in enumerate(calls):
        while call.at - calls[first].at >= timedelta(seconds=seconds):
            first += 1
        most = max(most, last - first + 1)
    return most


def assert_within_limits(calls: Sequence[Call], limits: Limits) -> None:
    assert most_within(calls, 1) <= (limits.second or 10**9)
    assert most_within(calls, 60) <= (limits.minute or 10**9)
    assert max(Counter(QUOTA_DAY.of(call.at) for call in calls).values(), default=0) <= (limits.day or 10**9)

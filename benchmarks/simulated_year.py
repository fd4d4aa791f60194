"""A simulated year of the producer's scheduler, with New York's calendar and the look-alike's limits."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import structlog

from stock_market.limits import PLANS as VENDOR
from stock_market.limits import Limits as VendorLimits
from stock_producer.market.calendars import DAYS_AHEAD, Calendars
from stock_producer.market.sessions import Window
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.end_of_day import last_day
from stock_producer.schedule.preview import preview
from stock_producer.schedule.scheduler import next_fetch
from stock_producer.schedule.types import Pace
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.schedule.watchlist import Watchlist
from stock_producer.vendor.base import Freshness, Plan

START = datetime(2026, 1, 2, 5, 0, tzinfo=UTC)
NEW_YORK = "XNYS"
LATENCY = timedelta(milliseconds=150)
LATE = timedelta(milliseconds=1)
"""How late the loop is each time."""
PACE = Pace(5.0)
LEAST_USE = 0.95
SLACK = 1.02
"""Ages are compared with a little tolerance for the time of the calls."""


class Stage(Enum):
    """JUDGED: the market trades, and the use of the budget is counted."""

    CLOSED = 0
    OPEN = 1
    JUDGED = 2


class Row(NamedTuple):
    """One line of the table.

    use: None when the plan allows every call that is due, so that more would bring nothing.
    age: the largest. stated: the plan preview's. Both are seconds or sessions.
    """

    plan: str
    symbols: int
    calls: int
    over: int
    closed: int
    use: float | None
    age: float
    stated: float
    unit: str

    @property
    def good(self) -> bool:
        return (
            not self.over
            and not self.closed
            and (self.use is None or self.use >= LEAST_USE)
            and self.age <= self.stated * SLACK + 0.5
        )


def windows(start: datetime, end: datetime) -> list[Window]:
    """New York's sessions from the producer's adapter."""
    found: dict[datetime, Window] = {}
    moment = start
    log = structlog.stdlib.get_logger("bench")
    while moment < end + timedelta(DAYS_AHEAD):
        at = moment
        found |= {
            window.opens: window
            for window in Calendars({NEW_YORK}, lambda at=at: at, log).windows()[NEW_YORK]
        }
        moment += timedelta(DAYS_AHEAD)
    return [found[opens] for opens in sorted(found)]


class Year:
    """One plan and one number of symbols."""

    def __init__(
        self, plan: Plan, count: int, sessions: Sequence[Window], edge: timedelta, whole: set[datetime]
    ) -> None:
        self._plan = plan
        self._symbols = [f"S{number}" for number in range(count)]
        self._sessions = sessions
        self._edge = edge
        self._whole = whole
        self._budget = Budget(plan, UsageFile(Path(":memory:")), START)
        self._watchlist = Watchlist(self._symbols, NEW_YORK)
        self._now = START
        self._judge = VendorLimits(
            VENDOR[plan.name], lambda: self._now.timestamp(), lambda: plan.quota_day.of(self._now)
        )
        self._under_way: deque[tuple[datetime, tuple[str, ...]]] = deque()
        self._seen: dict[str, datetime] = {}
        self._held: dict[str, date | None] = {}
        self._age = 0.0
        self._closes = [window.closes for window in sessions]
        self._open_days = {plan.quota_day.of(window.opens) for window in sessions}
        self._steady_calls = 0
        self._steady_seconds = 0.0
        self._calls = self._over = self._closed = 0

    def row(self, end: datetime) -> Row:
        for start, stop, stage in self._stretches(end):
            self._run(start, stop, stage)
        given = preview(self._plan, self._symbols, NEW_YORK, PACE)
        daily = self._plan.freshness is Freshness.END_OF_DAY
        return Row(
            self._plan.name,
            len(self._symbols),
            self._calls,
            self._over,
            self._closed,
            self._use(given.interval_seconds, end),
            self._age + (0 if daily else self._plan.delay.total_seconds()),
            float(given.oldest_sessions or given.oldest_seconds or 0),
            "sessions" if daily else "s",
        )

    def _use(self, interval: float, end: datetime) -> float | None:
        """The share of the permitted calls that were made, where more would have brought fresher data."""
        limits = self._plan.limits
        if limits.day:
            days = sum(
                window.closes + timedelta(hours=2) < end for window in self._sessions if window.opens >= START
            )
            return self._calls / (limits.day * days) if len(self._symbols) > limits.day else None
        if interval <= PACE.poll * 1.001 or not self._steady_seconds:
            return None
        return self._steady_calls / (self._steady_seconds / 60 * (limits.minute or 0))

    def _stretches(self, end: datetime) -> Iterator[tuple[datetime, datetime, Stage]]:
        """The stretches that are simulated. A session's prices have age 0 at its begin."""
        moment = START
        for window in self._sessions:
            if window.opens < START or window.closes + timedelta(hours=2) > end:
                continue
            opens, closes = window.opens + self._plan.delay, window.closes + self._plan.delay
            yield moment, opens, Stage.CLOSED
            if self._plan.freshness is not Freshness.END_OF_DAY:
                self._seen = dict.fromkeys(self._symbols, opens)
            if self._plan.freshness is Freshness.END_OF_DAY or window.opens in self._whole:
                yield opens, closes, Stage.JUDGED
            else:
                # The budget is judged by the whole sessions, where there are some. The edge is whole minutes
                # from the open on: a minute's calls go out in its first 53 s, so half of it shows nothing.
                yield opens, opens + self._edge, Stage.OPEN if self._whole else Stage.JUDGED
                # The time in between is left out: no calls are made in it and no age spans it.
                self._seen.clear()
                yield closes - self._edge, closes, Stage.OPEN
            moment = closes
        yield moment, end, Stage.CLOSED

    def _run(self, start: datetime, stop: datetime, stage: Stage) -> None:
        self._now = max(self._now, start)
        began, calls = self._now, self._calls
        hours = {
            NEW_YORK: [w for w in self._sessions if start - timedelta(14) < w.opens < stop + timedelta(14)]
        }
        while self._now < stop:
            while self._under_way and self._under_way[0][0] <= self._now:
                symbols = self._under_way.popleft()[1]
                held = last_day(hours[NEW_YORK], self._now, self._plan.quota_day)
                self._watchlist.answered(symbols, held)
                self._held |= dict.fromkeys(symbols, held)
            allowance = self._budget.allowance(self._now)
            decision = next_fetch(
                self._now,
                self._watchlist.items(self._now),
                hours,
                self._plan,
                allowance,
                self._budget.limits,
                PACE,
            )
            if decision.request:
                self._call(decision.request.symbols, stage)
                continue
            arrival = self._under_way[0][0] if self._under_way else stop
            self._now = max(min(decision.wake_at, arrival, stop), self._now) + LATE
        if stage is Stage.JUDGED:
            self._steady_calls += self._calls - calls
            self._steady_seconds += (self._now - began).total_seconds()

    def _lacks(self, symbols: tuple[str, ...], now: datetime) -> bool:
        """Whether the newest bar or the closing price of one of them is not held."""
        if self._plan.freshness is Freshness.END_OF_DAY:
            newest = last_day(self._sessions, now, self._plan.quota_day)
            return any(self._held.get(symbol) != newest for symbol in symbols)
        close = max((close for close in self._closes if close <= now - self._plan.delay), default=START)
        return any(self._seen.get(symbol, START) <= close for symbol in symbols)

    def _call(self, symbols: tuple[str, ...], stage: Stage) -> None:
        now = self._now
        self._budget.take(now)
        self._watchlist.sent(symbols, now)
        self._under_way.append((now + LATENCY, symbols))
        self._calls += 1
        self._over += self._judge.refuse("key") is not None
        daily = self._plan.freshness is Freshness.END_OF_DAY
        self._closed += self._plan.quota_day.of(now) not in self._open_days and not self._lacks(symbols, now)
        for before in (self._seen[symbol] for symbol in symbols if symbol in self._seen):
            if daily:
                # How many sessions have closed since the symbol's last bar.
                self._age = max(
                    self._age, bisect_right(self._closes, now) - bisect_right(self._closes, before)
                )
            elif stage is not Stage.CLOSED:
                self._age = max(self._age, (now - before).total_seconds())
        self._seen |= dict.fromkeys(symbols, now)

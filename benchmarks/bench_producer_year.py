"""A simulated year of the producer's scheduler: its calls against New York's calendar and the market look-alike's limits.

    make bench-producer_year                                                          all plans × 1, 25, 100, 500 symbols
    make bench-producer_year ARGS="--plans free,75 --symbols 25 --days 60 --full 2"

Each session is simulated from its first to its --edge minutes and from there before its close on; so many sessions as
--full says, spread over the year, from end to end; each closed day and each night as a whole. Prints a table; exit code 1 when a call
broke a limit, was made on a closed day, or the budget was not used where the data could be fresher.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "local" / "market" / "src"))

import structlog

from stock_market.limits import PLANS as VENDOR
from stock_market.limits import Limits as VendorLimits
from stock_producer.budget import Budget, vendor_day
from stock_producer.calendars import DAYS_AHEAD, Calendars
from stock_producer.outlook import outlook
from stock_producer.plans import PLANS, Freshness, Plan
from stock_producer.scheduler import next_fetch
from stock_producer.sessions import Window
from stock_producer.turns import Pace
from stock_producer.usage import UsageFile
from stock_producer.watchlist import Watchlist

START = datetime(2026, 1, 2, 5, 0, tzinfo=UTC)
NEW_YORK = "XNYS"
LATENCY = timedelta(milliseconds=150)
LATE = timedelta(milliseconds=1)
"""The loop is late by this each time."""
PACE = Pace(5.0)
LEAST_USE = 0.95
SLACK = 1.02
"""Ages are compared with a little room for the time of the calls."""


class Row(NamedTuple):
    """One line of the table. `use` None: the plan carries every turn, so more calls would bring nothing. `age`, `told`: seconds, or sessions."""

    plan: str
    symbols: int
    calls: int
    over: int
    closed: int
    use: float | None
    age: float
    told: float
    unit: str

    @property
    def good(self) -> bool:
        return not self.over and not self.closed and (self.use is None or self.use >= LEAST_USE) and self.age <= self.told * SLACK + 0.5


def windows(start: datetime, end: datetime) -> list[Window]:
    """New York's sessions, as the producer's own adapter has them."""
    found: dict[datetime, Window] = {}
    moment = start
    log = structlog.stdlib.get_logger("bench")
    while moment < end + timedelta(DAYS_AHEAD):
        at = moment
        found |= {window.opens: window for window in Calendars({NEW_YORK}, lambda at=at: at, log).windows()[NEW_YORK]}
        moment += timedelta(DAYS_AHEAD)
    return [found[opens] for opens in sorted(found)]


class Year:
    """One plan and one number of symbols."""

    def __init__(self, plan: Plan, count: int, sessions: Sequence[Window], edge: timedelta, whole: set[datetime]) -> None:
        self._plan = plan
        self._symbols = [f"S{number}" for number in range(count)]
        self._sessions = sessions
        self._edge = edge
        self._whole = whole
        self._budget = Budget(plan.limits, UsageFile(Path(":memory:")), START)
        self._watchlist = Watchlist(self._symbols, NEW_YORK, {})
        self._now = START
        self._judge = VendorLimits(VENDOR[plan.name], lambda: self._now.timestamp(), lambda: vendor_day(self._now))
        self._under_way: deque[tuple[datetime, tuple[str, ...]]] = deque()
        self._seen: dict[str, datetime] = {}
        self._age = 0.0
        self._open_days = {vendor_day(window.opens) for window in sessions}
        self._turns: Counter[str] = Counter()
        self._steady_calls = 0
        self._steady_seconds = 0.0
        self._calls = self._over = self._closed = 0

    def row(self, end: datetime) -> Row:
        for start, stop, counted in self._stretches(end):
            self._run(start, stop, counted)
        told = outlook(self._plan, self._symbols, NEW_YORK, PACE)
        daily = self._plan.freshness is Freshness.END_OF_DAY
        return Row(
            self._plan.name,
            len(self._symbols),
            self._calls,
            self._over,
            self._closed,
            self._use(told.interval_seconds, end),
            self._age + (0 if daily else self._plan.delay.total_seconds()),
            float(told.oldest_sessions or told.oldest_seconds or 0),
            "sessions" if daily else "s",
        )

    def _use(self, interval: float, end: datetime) -> float | None:
        """The share of the permitted calls that were made, where more would have brought fresher data."""
        limits = self._plan.limits
        if limits.day:
            days = sum(window.closes + timedelta(hours=2) < end for window in self._sessions if window.opens >= START)
            return self._calls / (limits.day * days) if len(self._symbols) > limits.day else None
        if interval <= PACE.poll * 1.001 or not self._steady_seconds:
            return None
        return self._steady_calls / (self._steady_seconds / 60 * (limits.minute or 0))

    def _stretches(self, end: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
        """What is simulated; `counted`: the market trades steadily, so that the budget can be judged."""
        moment = START
        for window in self._sessions:
            if window.opens < START or window.closes + timedelta(hours=2) > end:
                continue
            opens, closes = window.opens + self._plan.delay, window.closes + self._plan.delay
            yield moment, opens, False
            warm = min(opens + self._edge / 2, closes)
            yield opens, warm, False
            if self._plan.freshness is Freshness.END_OF_DAY or window.opens in self._whole:
                yield warm, closes, True
            else:
                # Where some sessions are whole, the budget is judged by them.
                yield warm, opens + self._edge, not self._whole
                # The time between is left out: nothing is asked for in it, and no age is taken over it.
                self._seen.clear()
                yield closes - self._edge, closes, False
            moment = closes
        yield moment, end, False

    def _run(self, start: datetime, stop: datetime, counted: bool) -> None:
        self._now = max(self._now, start)
        began, calls = self._now, self._calls
        hours = {NEW_YORK: [w for w in self._sessions if start - timedelta(14) < w.opens < stop + timedelta(14)]}
        while self._now < stop:
            while self._under_way and self._under_way[0][0] <= self._now:
                self._watchlist.answered(self._under_way.popleft()[1])
            allowance = self._budget.allowance(self._now)
            decision = next_fetch(self._now, self._watchlist.items(self._now), hours, self._plan, allowance, self._budget.limits, PACE)
            if decision.request:
                self._call(decision.request.symbols)
                continue
            arrival = self._under_way[0][0] if self._under_way else stop
            self._now = max(min(decision.wake_at, arrival, stop), self._now) + LATE
        if counted:
            self._steady_calls += self._calls - calls
            self._steady_seconds += (self._now - began).total_seconds()

    def _call(self, symbols: tuple[str, ...]) -> None:
        now = self._now
        self._budget.take(now)
        self._watchlist.sent(symbols, now)
        self._under_way.append((now + LATENCY, symbols))
        self._calls += 1
        self._over += self._judge.refuse("key") is not None
        self._closed += vendor_day(now) not in self._open_days
        for symbol in symbols:
            before = self._seen.get(symbol)
            if before:
                self._age = max(self._age, self._aged(before, now))
            self._seen[symbol] = now

    def _aged(self, before: datetime, now: datetime) -> float:
        """How old the symbol's price had become: seconds within a session, sessions for end-of-day data."""
        if self._plan.freshness is Freshness.END_OF_DAY:
            return float(sum(before < window.closes <= now for window in self._sessions))
        same = any(
            window.opens + self._plan.delay <= before and now < window.closes + self._plan.delay
            for window in self._sessions
            if window.opens.date() == now.date()
        )
        return (now - before).total_seconds() if same else 0.0


def show(row: Row) -> str:
    use = "-" if row.use is None else f"{row.use:.1%}"
    age, told = f"{row.age:.4g} {row.unit}", f"{row.told:.4g} {row.unit}"
    counts = f"{row.plan:>5} {row.symbols:>8} {row.calls:>10,} {row.over:>10} {row.closed:>12}"
    return f"{counts} {use:>8} {age:>14} {told:>14}  {'ok' if row.good else 'NOT OK'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", default=",".join(PLANS))
    parser.add_argument("--symbols", default="1,25,100,500")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--edge", type=float, default=2.0, help="minutes at both ends of each session")
    parser.add_argument("--full", type=int, default=1, help="sessions that are simulated from end to end")
    options = parser.parse_args()
    end = START + timedelta(days=options.days)
    sessions = windows(START, end)
    opens = [window.opens for window in sessions if START < window.opens < end]
    whole = set(opens[:: max(1, len(opens) // options.full)][: options.full]) if options.full else set()
    print(f"{'plan':>5} {'symbols':>8} {'calls':>10} {'over limit':>10} {'closed days':>12} {'budget':>8} {'largest age':>14} {'plan says':>14}")
    good = True
    for name in options.plans.split(","):
        for count in map(int, options.symbols.split(",")):
            row = Year(PLANS[name], count, sessions, timedelta(minutes=options.edge), whole).row(end)
            print(show(row), flush=True)
            good = good and row.good
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())

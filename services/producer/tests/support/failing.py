"""A year of a producer whose vendor fails, publishes late, and whose machine is off at night.

The producer is whole but for Kafka, HTTP and the threads. Time jumps from one call to the next.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from exchange_calendars import get_calendar

from stock_common.records import Bar, Quote, decode
from stock_common.topics import BARS, QUOTES
from stock_market.limits import PLANS as VENDOR
from stock_market.limits import Limits as VendorLimits
from stock_producer.market.calendars import DAYS_AHEAD, DAYS_BACK, Calendars
from stock_producer.market.sessions import Window
from stock_producer.schedule.scheduler import closing_grace
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import Answer, Freshness, Plan, Request
from stock_producer.vendor.kinds import FATAL, Kind, Refusal
from support.bodies import bulk, daily, global_quote
from support.corpus import CORPUS, content
from support.world import Vendor, World

NEW_YORK = "XNYS"
TIMEOUTS, PAGES, REFUSED = 0.05, 0.01, 0.01
"""The shares of the calls that time out, bring HTML, and bring one of the texts of the corpus."""
TIMEOUT = Refusal(Kind.TIMEOUT, "no answer within 10 s")
LATEST, SPREAD = timedelta(hours=4), timedelta(minutes=30)
"""After the close, when the first bars are published at the latest, and how far a symbol is behind them."""
MORNING = time(8), time(12)
"""What is published when it begins has to be held when it ends."""
EDGE = timedelta(minutes=2)
"""Of an open market so much is simulated, at both ends and after each start of the machine."""


@cache
def sessions() -> tuple[Window, ...]:
    """New York's, of 2026 and the weeks around it."""
    rows = get_calendar(NEW_YORK, start="2025-12-01", end="2027-03-31").schedule.itertuples()
    return tuple(
        Window(row.open.to_pydatetime().astimezone(UTC), row.close.to_pydatetime().astimezone(UTC))
        for row in rows
    )


class Hours(Calendars):
    """The product's calendars, without the half second a day that the library takes to load."""

    def _load(self, code: str, today: date) -> tuple[Window, ...]:
        assert code == NEW_YORK
        start, end = today - timedelta(DAYS_BACK), today + timedelta(DAYS_AHEAD)
        return tuple(window for window in sessions() if start <= window.opens.date() <= end)


class FailingVendor(Vendor):
    """Has each session's bar some time after the close, which differs by day and by symbol.

    share: of the calls that time out. requested: the last call.
    over: calls beyond a limit. wasted: calls on closed days for symbols that hold all there is.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        super().__init__()
        self.freshness = plan.freshness
        self._plan = plan
        self._now = sessions()[0].closes
        self._judge = VendorLimits(
            VENDOR[plan.name], lambda: self._now.timestamp(), lambda: plan.quota_day.of(self._now)
        )
        self._random = random.Random(seed)
        self._texts = [
            content(entry)
            for entry in CORPUS
            if "refusal" in entry and entry.get("status", 200) == 200 and not _ends(Kind(entry["refusal"]))
        ]
        self._open_days = {plan.quota_day.of(window.opens) for window in sessions()}
        self.share = TIMEOUTS
        self.requested: list[tuple[Request, datetime]] = []
        self.served: dict[str, datetime] = {}
        self.calls = self.over = self.wasted = 0

    def __call__(self, request: Request, now: datetime) -> Answer:
        self._now = now
        self.calls += 1
        self.requested[:] = [(request, now)]
        self.over += self._judge.refuse("key") is not None
        closed = self._plan.quota_day.of(now) not in self._open_days
        self.wasted += closed and all(self._holds(symbol, now) for symbol in request.symbols)
        luck = self._random.random()
        body: bytes | Refusal = self._body(request, now)
        if luck < self.share:
            body = TIMEOUT
        elif luck < self.share + PAGES:
            body = b"<html></html>"
        elif luck < self.share + PAGES + REFUSED:
            body = self._random.choice(self._texts)
        self.bodies = {request.symbols[0]: body}
        answer = super().__call__(request, now)
        self.asked.clear()
        if answer.refusal is None:
            self.served |= dict.fromkeys(request.symbols, now)
        return answer

    def published(self, symbol: str, now: datetime) -> list[date]:
        """The days whose bars are there, oldest first."""
        closed = [window.closes for window in sessions() if now - timedelta(30) < window.closes <= now]
        return [close.date() for close in closed if close + self._lateness(symbol, close) <= now]

    def _lateness(self, symbol: str, close: datetime) -> timedelta:
        day, own = random.Random(str(close)).random(), random.Random(f"{symbol} {close}").random()
        return LATEST * day + SPREAD * own

    def last_close(self, now: datetime) -> datetime:
        """When the newest closing price was out."""
        late = self._plan.delay + closing_grace(NEW_YORK)
        return max(window.closes + late for window in sessions() if window.closes + late <= now)

    def _holds(self, symbol: str, now: datetime) -> bool:
        at = self.served.get(symbol)
        if at is None:
            return False
        if self._plan.freshness is Freshness.END_OF_DAY:
            return self.published(symbol, at)[-1] == max(
                window.closes.date() for window in sessions() if window.closes <= now
            )
        return at >= self.last_close(now)

    def _body(self, request: Request, now: datetime) -> bytes:
        symbol = request.symbols[0]
        if self._plan.freshness is Freshness.END_OF_DAY:
            days = self.published(symbol, now)
            return daily(symbol, str(days[-1]), len(days), days=days)
        day = max(window.opens for window in sessions() if window.opens <= now - self._plan.delay).date()
        if self._plan.batch and request.endpoint == self._plan.batch.endpoint:
            return bulk(request.symbols, day)
        delayed = " - DATA DELAYED BY 15 MINUTES" if self.freshness is Freshness.DELAYED else ""
        return global_quote(symbol, day=str(day), top=f"Global Quote{delayed}")


def _ends(kind: Kind) -> bool:
    """Whether it ends the process or the quota's day, rightly."""
    return kind in FATAL or kind is Kind.DAY


class Machine(NamedTuple):
    """When a machine is on: around the clock, or from 08:00 to 18:00 on weekdays in a zone."""

    name: str
    zone: str | None = None

    def shifts(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end of each time that it is on. The first day counts, whatever day it is."""
        place = ZoneInfo(self.zone or "UTC")
        if self.zone is None:
            begins = datetime.combine(first, time(), place)
            yield begins.astimezone(UTC), (begins + timedelta(days)).astimezone(UTC)
            return
        for number in range(days):
            day = first + timedelta(number)
            if number == 0 or day.weekday() < 5:
                opens, closes = (datetime.combine(day, time(hour), place) for hour in (8, 18))
                yield opens.astimezone(UTC), closes.astimezone(UTC)


SERVER = Machine("server")
LAPTOPS = (
    Machine("Berlin", "Europe/Berlin"),
    Machine("Tokyo", "Asia/Tokyo"),
    Machine("San Francisco", "America/Los_Angeles"),
)


class Life:
    """A producer's, on a machine. late: symbols and mornings at whose end something was not held."""

    def __init__(
        self,
        path: Path,
        plan: str,
        count: int,
        machine: Machine,
        seed: int = 1,
        vendor: type[FailingVendor] = FailingVendor,
    ) -> None:
        self._plan = PLANS[plan]
        self._machine = machine
        self._world = World(path)
        self._world.plan, self._world.hours = self._plan, NEW_YORK
        self._world.make_calendars = Hours
        self._world.watches = []
        self._world.symbols = tuple(f"S{number}" for number in range(count))
        self._world.vendor = self.vendor = vendor(self._plan, seed)
        self._newest: dict[str, date] = {}
        self._fetched: dict[str, datetime] = {}
        self.late: list[tuple[datetime, str]] = []
        self.bars: dict[str, set[date]] = {symbol: set() for symbol in self._world.symbols}

    def run(self, first: date, days: int) -> None:
        """Simulates so many days, from the morning of `first` on."""
        for opens, closes in self._machine.shifts(first, days):
            self._world.clock.now = opens
            self._world.start()
            for noon, published in self._mornings(opens, closes):
                self._go(noon)
                self._check(published, noon)
            self._go(closes)
            self._collect()
            self._world.die()

    def _mornings(self, opens: datetime, closes: datetime) -> Iterator[tuple[datetime, datetime]]:
        place = ZoneInfo(self._machine.zone or "UTC")
        day = opens.astimezone(place).date()
        while (ends := datetime.combine(day, MORNING[1], place).astimezone(UTC)) <= closes:
            yield ends, datetime.combine(day, MORNING[0], place).astimezone(UTC)
            day += timedelta(1)

    def _go(self, until: datetime) -> None:
        world, begun = self._world, self._world.clock.now
        while world.clock.now < until:
            world.loop.step()
            due = world.polling.send_due(world.clock.now)
            world.loop.step()
            world.clock.now = max(due, world.clock.now + timedelta(seconds=0.25))
            if self._plan.freshness is not Freshness.END_OF_DAY:
                world.clock.now = max(world.clock.now, self._skipped(world.clock.now, begun))
        world.clock.now = until

    def _skipped(self, now: datetime, begun: datetime) -> datetime:
        """Leaves the middle of a session out."""
        for window in self._world.calendars.windows()[NEW_YORK]:
            opens, ends = window.opens + self._plan.delay, window.closes + self._plan.delay - EDGE
            if max(opens, begun) + EDGE <= now < ends:
                return ends
        return now

    def _check(self, published: datetime, now: datetime) -> None:
        self._collect()
        for symbol in self._world.symbols:
            if self._plan.freshness is Freshness.END_OF_DAY:
                held = self._newest.get(symbol, date.min) >= self.vendor.published(symbol, published)[-1]
            else:
                fetched = self._fetched.get(symbol)
                held = fetched is not None and fetched >= self.vendor.last_close(published)
            if not held:
                self.late.append((now, symbol))

    def _collect(self) -> None:
        log, self._world.broker.log = self._world.broker.log, []
        for topic, symbol, value in log:
            if topic == BARS.name:
                day = decode(value, Bar).starts_at.date()
                self.bars[symbol].add(day)
                self._newest[symbol] = max(self._newest.get(symbol, date.min), day)
            elif topic == QUOTES.name:
                self._fetched[symbol] = decode(value, Quote).fetched_at

    def gaps(self) -> int:
        """Sessions between a symbol's first and last bar of which there is no bar."""
        days = {window.closes.date() for window in sessions()}
        return sum(
            sum(min(found) < day < max(found) for day in days - found)
            for found in self.bars.values()
            if found
        )


class Row(NamedTuple):
    """One line of the table. late: of how many mornings something was not held. gaps: bars never held."""

    plan: str
    symbols: int
    machine: str
    calls: int
    over: int
    wasted: int
    late: int
    gaps: int

    @property
    def good(self) -> bool:
        # More symbols than a day has calls, without those that fail, take turns over several days.
        may_be_late = self.plan == "free" and self.symbols > MOST_IN_A_DAY
        return not (self.over or self.wasted or self.gaps or (self.late and not may_be_late))


MOST_IN_A_DAY = 15
"""Symbols of the free plan that have each day's bar. The rest of the 25 calls are for those that fail."""


def live(path: Path, plan: str, count: int, machine: Machine, starts: Sequence[date], days: int) -> Row:
    """The sum over first starts on each of `starts`, each with an empty disk."""
    total = Row(plan, count, machine.name, 0, 0, 0, 0, 0)
    for first in starts:
        place = path / f"{plan}-{count}-{machine.name}-{first}"
        place.mkdir()
        life = Life(place, plan, count, machine, seed=first.toordinal())
        life.run(first, days)
        vendor = life.vendor
        found = (vendor.calls, vendor.over, vendor.wasted, len(life.late), life.gaps())
        total = total._replace(
            **{name: getattr(total, name) + value for name, value in zip(Row._fields[3:], found, strict=True)}
        )
    return total

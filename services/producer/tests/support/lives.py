"""Producers' lives: a machine, a plan, some symbols, and a vendor that fails.

The producer is whole but for Kafka, HTTP and the threads. Time jumps from one call to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stock_common.records import Bar, Quote, decode
from stock_common.topics import BARS, QUOTES
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import Freshness
from support.failing import NEW_YORK, FailingVendor, Hours, sessions
from support.world import World

MORNING = time(8), time(12)
"""What is published when it begins has to be held when it ends."""
EDGE = timedelta(minutes=2)
"""Of an open market so much is simulated, at both ends and after each start of the machine."""


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
        self.published = self._world.published
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

"""A whole producer on the free plan, against a vendor that publishes late and fails now and then."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from support.bodies import daily
from support.simulation import QUOTA_DAY, at
from support.world import World

from stock_common.records import Bar, decode
from stock_common.topics import BARS
from stock_producer.market.calendars import Calendars
from stock_producer.outbox.outbox import marks_of
from stock_producer.schedule.due import next_data
from stock_producer.schedule.end_of_day import GRACE
from stock_producer.schedule.published import LONGEST, Published
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import Answer, Request
from stock_producer.vendor.kinds import Kind, Refusal

FREE = PLANS["free"]
HTML = Refusal(Kind.UNREADABLE, "the body is HTML")
TIMEOUT = Refusal(Kind.TIMEOUT, "no answer within 10 s")


class Publisher:
    """A vendor that has each session's bar some time after its close, and fails now and then."""

    def __init__(self, after_close: timedelta, failing: bool, seed: int = 1) -> None:
        hours = Calendars({"XNYS"}, lambda: at("2026-11-15T00:00:00"), structlog.stdlib.get_logger("t"))
        self.published = {
            window.closes.date(): window.closes + after_close for window in hours.windows()["XNYS"]
        }
        self.calls: list[datetime] = []
        self.asked: list[str] = []
        self._failing = failing
        self._random = random.Random(seed)

    def __call__(self, request: Request, now: datetime) -> Answer:
        self.calls.append(now)
        self.asked += request.symbols
        luck = self._random.random() if self._failing else 1.0
        if luck < 0.06:
            return Answer(request, now, 10.0, [], TIMEOUT if luck < 0.05 else HTML)
        there = sorted(day for day, at in self.published.items() if at <= now)[-5:]
        body = daily(request.symbols[0], str(there[-1]), len(there), days=there)
        return Answer(request, now, 0.1, [], None, bars(request, body))

    def newest(self, now: datetime) -> date:
        return max(day for day, at in self.published.items() if at <= now)


def drive(world: World, until: datetime) -> None:
    """Steps to where something may happen: the next call or answer."""
    while world.clock.now < until:
        world.loop.step()
        due = world.polling.send_due(world.clock.now)
        world.loop.step()
        world.clock.now = min(until, max(due, world.clock.now + timedelta(seconds=1)))


def is_late(world: World) -> bool:
    """Whether QuotesStale would fire, as monitoring/rules has it."""
    now = world.clock.now
    hours, after_close = world.calendars.windows(), world.published_at.after_close
    dues = next_data(now, world.watchlist.items(now), hours, world.plan, world.polling.interval, after_close)
    return (now - min(dues.values())).total_seconds() > 120 + world.polling.interval / 2


def held(world: World) -> dict[str, date]:
    newest: dict[str, date] = {}
    for topic, symbol, value in world.broker.log:
        if topic == BARS.name:
            newest[symbol] = max(newest.get(symbol, date.min), decode(value, Bar).starts_at.date())
    return newest


@pytest.fixture
def free(tmp_path: Path) -> Callable[..., World]:
    def make(symbols: int, vendor: Publisher) -> World:
        world = World(tmp_path)
        world.plan, world.hours = FREE, "XNYS"
        world.symbols = tuple(f"S{number}" for number in range(symbols))
        world.vendor = vendor  # type: ignore[assignment]
        return world

    return make


@pytest.mark.parametrize("hours", [1.5, 4, 5])
def test_a_bar_that_is_published_late_is_not_asked_for_by_every_symbol(
    free: Callable[..., World], hours: float
) -> None:
    vendor = Publisher(timedelta(hours=hours), failing=False)
    world = free(12, vendor)
    world.clock.now = at("2026-11-16T12:00:00")
    world.start()
    for day in (16, 17, 18, 19, 20):
        # Two hours into the next day of the quota.
        drive(world, at(f"2026-11-{day + 1}T07:00:00"))
        assert set(held(world).values()) == {date(2026, 11, day)}
        assert not is_late(world)
    assert max(Counter(map(QUOTA_DAY.of, vendor.calls)).values()) <= 25
    # One symbol looks for the day's bar while nobody has it, so that the calls suffice in the evening.
    last = [when for when in vendor.calls if when > at("2026-11-20T12:00:00")]
    assert 12 <= len(last) <= 20
    assert max(last) < at("2026-11-21T05:00:00")
    # And it is learned when the bars come, within the hour between two looks, over restarts too.
    learned = world.published_at.after_close("XNYS")
    assert timedelta(hours=hours) <= learned <= timedelta(hours=hours + 1.1)
    assert Published(partial(marks_of, world.path / "outbox.sqlite")).after_close("XNYS") == learned
    [market] = world.published[-1].markets
    assert market.data_due == at("2026-11-23T21:00:00") + learned


def test_a_silent_vendor_is_late_within_its_bound(world: World) -> None:
    world.plan, world.hours, world.symbols = FREE, "XNYS", ("IBM",)
    world.clock.now = at("2026-11-20T21:40:00")
    world.vendor.bodies["IBM"] = daily("IBM", last="2026-11-20")
    world.start().steps(10)
    world.vendor.bodies["IBM"] = TIMEOUT
    for moment, late in (("22T21:00:00", False), ("23T21:29:00", False), ("24T09:30:00", False)):
        drive(world, at(f"2026-11-{moment}"))
        assert is_late(world) is late
    drive(world, at("2026-11-24T09:43:00"))
    assert is_late(world)
    drive(world, at("2026-11-27T12:00:00"))
    assert is_late(world)
    world.vendor.bodies["IBM"] = daily("IBM", last="2026-11-25", count=6)
    drive(world, at("2026-11-27T14:00:00"))
    assert not is_late(world)
    world.steps(12)


CLOSE = at("2026-11-23T21:00:00")
DAY = date(2026, 11, 23)


def learned(*lateness: timedelta) -> timedelta:
    """What is learned of so many days, each with a look shortly before."""
    published = Published(lambda _kind: {})
    for number, late in enumerate(lateness):
        day, close = DAY + timedelta(number), CLOSE + timedelta(number)
        published.looked("XNYS", day, close + late - timedelta(minutes=30))
        published.seen("XNYS", day, close, close + late)
    return published.after_close("XNYS")


def test_what_is_learned_is_the_median_of_the_last_days_within_bounds() -> None:
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    assert learned() == GRACE
    assert learned(5 * minute) == GRACE
    assert learned(20 * hour) == LONGEST
    assert learned(hour, 2 * hour, 9 * hour) == 2 * hour
    assert learned(*[hour] * 20, *[3 * hour] * 10) == 3 * hour


def test_a_bar_that_was_there_after_a_night_says_nothing() -> None:
    published = Published(lambda _kind: {})
    assert published.seen("XNYS", DAY, CLOSE, CLOSE + timedelta(hours=10)) == {}
    published.looked("XNYS", DAY + timedelta(1), CLOSE + timedelta(days=1, hours=1))
    assert published.seen("XNYS", DAY + timedelta(1), CLOSE + timedelta(1), CLOSE + timedelta(1.5)) == {}
    # The first bar of the day counts, not a later one.
    soon = CLOSE + timedelta(days=2, minutes=40)
    assert published.seen("XNYS", DAY + timedelta(2), CLOSE + timedelta(2), soon) != {}
    assert published.seen("XNYS", DAY + timedelta(2), CLOSE + timedelta(2), soon + timedelta(minutes=9)) == {}
    assert published.after_close("XNYS") == timedelta(minutes=40)


def test_a_state_that_cannot_be_read_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "damaged").write_text("no database")
    assert marks_of(tmp_path / "damaged", "x") == marks_of(tmp_path / "absent", "x") == {}

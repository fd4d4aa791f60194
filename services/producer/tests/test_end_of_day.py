"""Plans with end-of-day data: one daily series a symbol after the close."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from support.bodies import daily
from support.simulation import HOURS, assert_within_limits, at, simulate
from support.world import World

from stock_common.records import Bar, decode
from stock_common.topics import ALERTS, BARS
from stock_producer.market.sessions import ALWAYS_OPEN, Window
from stock_producer.schedule.end_of_day import GRACE, last_day
from stock_producer.schedule.types import Pace
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS, plan
from stock_producer.vendor.base import Freshness, Limits
from stock_producer.vendor.kinds import Kind, Refusal

FREE = PLANS["free"]
MIDNIGHT = at("2026-11-23T05:00:00")
CLOSE = at("2026-11-23T21:00:00")
LUNCH = {
    "XNYS": [
        Window(at("2026-11-23T01:30:00"), at("2026-11-23T03:30:00")),
        Window(at("2026-11-23T05:00:00"), at("2026-11-23T07:00:00")),
    ]
}


def names(count: int) -> list[str]:
    return [f"S{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("count", "early", "late"),
    [
        pytest.param(3, 3, 3, id="the last close at once, the new one after the close"),
        pytest.param(12, 12, 12, id="both within 25 calls"),
        pytest.param(13, 13, 12, id="not quite both"),
        pytest.param(25, 25, 0, id="as many as calls: the new ones after midnight"),
        pytest.param(60, 25, 0, id="more than calls"),
    ],
)
def test_a_first_day_within_25_calls(count: int, early: int, late: int) -> None:
    calls = simulate(names(count), FREE, MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert_within_limits(calls, FREE.limits)
    assert {call.request.endpoint for call in calls} == {Endpoint.DAILY}
    assert sum(call.at < CLOSE for call in calls) == early
    assert sum(CLOSE + GRACE <= call.at < CLOSE + GRACE + timedelta(minutes=1) for call in calls) == late
    assert len(calls) == early + late


def test_more_symbols_than_calls_take_turns_over_the_days() -> None:
    calls = simulate(names(60), FREE, MIDNIGHT, MIDNIGHT + timedelta(days=2))
    assert len(calls) == 50
    assert set(Counter(call.request.symbols[0] for call in calls).values()) == {1}


def test_an_exchange_that_closes_first_does_not_take_the_others_calls() -> None:
    symbols = [name for number in range(25) for name in (f"S{number}", f"S{number}.LON")]
    calls = simulate(symbols, FREE, MIDNIGHT, MIDNIGHT + timedelta(days=1))
    london = sum(call.request.symbols[0].endswith(".LON") for call in calls)
    assert (len(calls), 12 <= london <= 13) == (25, True)


def test_a_first_start_on_a_closed_day_fetches_the_last_bar_and_then_nothing() -> None:
    saturday = at("2026-11-28T05:00:00")
    hours = {"XNYS": [*HOURS["XNYS"], Window(at("2026-11-30T14:30:00"), at("2026-11-30T21:00:00"))]}
    calls = simulate(names(3), FREE, saturday, saturday + timedelta(days=2), hours=hours)
    assert sorted(call.request.symbols[0] for call in calls) == names(3)
    assert all(call.at < saturday + timedelta(minutes=1) for call in calls)


def test_a_market_that_never_closes_has_the_vendors_days() -> None:
    calls = simulate(names(2), FREE, MIDNIGHT, MIDNIGHT + timedelta(days=3), calendar="24/7")
    assert [call.at.date().day for call in calls] == [23, 23, 23, 23, 24, 24, 25, 25]


def test_without_a_daily_limit_all_have_their_turn() -> None:
    limited = plan("custom", Limits(second=2), Freshness.END_OF_DAY, bulk=False)
    calls = simulate(names(40), limited, MIDNIGHT, MIDNIGHT + timedelta(days=1), Pace(5.0, 1.0))
    assert len(calls) == 80


def test_a_lunch_break_is_no_close() -> None:
    calls = simulate(names(1), FREE, at("2026-11-23T01:00:00"), at("2026-11-23T12:00:00"), hours=LUNCH)
    assert [call.at.hour for call in calls] == [1, 7]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T20:59:00", None),
        ("2026-11-23T21:29:00", None),
        ("2026-11-23T21:30:00", "2026-11-23"),
        ("2026-11-24T15:00:00", "2026-11-23"),
    ],
)
def test_the_day_that_should_be_there(now: str, expected: str | None) -> None:
    day = last_day(HOURS["XNYS"], at(now), FREE.quota_day)
    assert (day and day.isoformat()) == expected


def test_the_last_day_of_a_market_that_never_closes() -> None:
    assert str(last_day(ALWAYS_OPEN, at("2026-11-24T05:29:00"), FREE.quota_day)) == "2026-11-22"
    assert str(last_day(ALWAYS_OPEN, at("2026-11-24T05:30:00"), FREE.quota_day)) == "2026-11-23"


@pytest.fixture
def free(world: World) -> World:
    world.plan, world.hours, world.symbols = FREE, "XNYS", ("IBM",)
    world.clock.now = datetime(2026, 11, 20, 21, 40, tzinfo=UTC)
    return world


def bars(world: World) -> list[Bar]:
    return [decode(value, Bar) for topic, _, value in world.broker.log if topic == BARS.name]


def test_bars_and_an_end_of_day_quote(free: World) -> None:
    free.vendor.bodies["IBM"] = daily("IBM", d20261120="94.0000", d20261119="100.0000")
    free.start().steps(5)
    [quote] = free.broker.quotes()
    assert (quote.endpoint, quote.entitlement, quote.session, str(quote.trading_day)) == (
        "TIME_SERIES_DAILY",
        "end_of_day",
        "closed",
        "2026-11-20",
    )
    assert (int(quote.price), int(quote.previous_close or 0), quote.quoted_at) == (94, 100, None)
    assert [bar.starts_at.isoformat() for bar in bars(free)] == [
        f"2026-11-{day}T00:00:00+00:00" for day in (18, 19, 20)
    ]
    assert {(bar.interval, bar.adjusted) for bar in bars(free)} == {("daily", False)}
    assert sum(topic == ALERTS.name for topic, _, _ in free.broker.log) == 1


def test_only_new_and_changed_bars_are_sent(free: World) -> None:
    free.vendor.bodies["IBM"] = daily("IBM")
    free.start().steps(5)
    free.die()
    free.clock.now += timedelta(days=3)
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-23", count=4, d20261119="55.0000")
    free.start().steps(5)
    sent = bars(free)
    assert [bar.starts_at.day for bar in sent] == [18, 19, 20, 19, 23]
    assert len({bar.event_id for bar in sent}) == 5


def test_a_bar_that_is_not_there_yet_is_asked_for_until_it_is(free: World) -> None:
    """Public reports: at 17:00 in New York some symbols have the day's bar, others do not."""
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-19")
    free.start().steps(14, seconds=60)
    assert len(free.vendor.asked) == 1
    free.steps(70, seconds=60)
    assert len(free.vendor.asked) == 3, "after 15 minutes, and after an hour more"
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-20")
    free.steps(240, seconds=60)
    assert len(free.vendor.asked) == 4
    assert max(bar.starts_at.day for bar in bars(free)) == 20
    free.steps(600, seconds=60)
    assert len(free.vendor.asked) == 4


def test_a_call_that_fails_does_not_cost_the_bar(free: World) -> None:
    free.vendor.bodies["IBM"] = Refusal(Kind.TIMEOUT, "no answer within 10 s")
    free.start().steps(30, seconds=60)
    assert len(free.vendor.asked) == 4, "after 1, 5 and 15 minutes"
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-20")
    free.steps(60, seconds=60)
    assert len(free.vendor.asked) == 5
    assert max(bar.starts_at.day for bar in bars(free)) == 20


def test_a_bar_that_is_held_is_not_asked_for_by_the_next_process(free: World) -> None:
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-20")
    free.start().steps(5)
    free.die()
    free.start().steps(30, seconds=600)
    assert free.vendor.asked == ["IBM"]

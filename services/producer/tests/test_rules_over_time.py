"""Rules over time, cooldown, and the engine across restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from support.bodies import global_quote
from support.quotes import quote
from support.world import START, World

from stock_common.records import Alert, Quote, decode
from stock_common.topics import ALERTS
from stock_producer.alerts.engine import Alerting, Watch
from stock_producer.alerts.rules.base import Evaluates
from stock_producer.alerts.rules.cooldown import Cooldown
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules.price import PriceCrossing
from stock_producer.alerts.rules.silence import Silence
from stock_producer.alerts.rules.volume import VolumeSpike
from stock_producer.alerts.rules.window import MoveWithin


def run(rule: Evaluates, quotes: list[Quote]) -> list[Alert]:
    """The alerts, with a restart after each quote: the state is all there is."""
    states: dict[tuple[str, str], bytes] = {}
    found = []
    for item in quotes:
        verdict = Alerting([Watch(rule)], states).evaluate([item])
        states |= verdict.states
        found += verdict.alerts
    return found


def every(seconds: int, prices: list[str]) -> list[Quote]:
    return [quote(price, at=seconds * number) for number, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("quotes", "directions"),
    [
        pytest.param(every(60, ["100", "101", "102"]), ["up"], id="within"),
        pytest.param(every(60, ["100", "99", "98"]), ["down"], id="down"),
        pytest.param(every(300, ["100", "100.7", "101.4", "102.1"]), [], id="too slowly"),
        pytest.param(every(60, ["103", "100", "101", "104"]), ["down", "up"], id="from side to side"),
        pytest.param(every(60, ["100", "102", "103", "104"]), ["up"], id="one a crossing"),
        pytest.param(every(60, ["100", "103"] * 50)[:3], ["up", "down"], id="each way"),
        pytest.param([quote("100", day=23), quote("110", day=24, at=60)], [], id="not overnight"),
    ],
)
def test_a_move_within_ten_minutes(quotes: list[Quote], directions: list[str]) -> None:
    assert [
        alert.direction for alert in run(MoveWithin(percent=Decimal(2), minutes=10), quotes)
    ] == directions


@pytest.mark.parametrize(
    ("prices", "directions"),
    [
        pytest.param(["105", "106"], [], id="the first only says where it is"),
        pytest.param(["99", "100", "101"], ["up"], id="up"),
        pytest.param(["101", "99.4"], ["down"], id="down"),
        pytest.param(["99", *["100.1", "99.9"] * 50], ["up"], id="fifty times within the hysteresis"),
        pytest.param(["99", *["100.1", "99"] * 50], ["up", "down"] * 50, id="fifty real crossings"),
    ],
)
def test_a_price_is_crossed(prices: list[str], directions: list[str]) -> None:
    assert [
        alert.direction for alert in run(PriceCrossing(price=Decimal(100), symbols=["IBM"]), every(5, prices))
    ] == directions


@pytest.mark.parametrize(("minutes", "count"), [(0, 50), (1, 9), (10, 1)])
def test_a_cooldown_over_fifty_crossings(minutes: int, count: int) -> None:
    rule: Evaluates = MoveAgainstClose(percent=Decimal(5))
    # 100 quotes in 495 s: a crossing each 10 s; the first one after a minute's rest alerts again.
    found = run(Cooldown(rule, minutes) if minutes else rule, every(5, ["105", "104"] * 50))
    assert len(found) == count
    assert len({alert.alert_id for alert in found}) == count


def volumes(day: int, quarter_volumes: list[int]) -> list[Quote]:
    total, found = 0, []
    for number, volume in enumerate(quarter_volumes):
        for part in range(3):
            at = datetime(2026, 11, day, 14, 30, tzinfo=UTC) + timedelta(minutes=15 * number + 5 * part)
            item = quote("100", day=day, at=int((at - START).total_seconds()))
            found.append(msgspec.structs.replace(item, volume=total + volume * part // 2))
        total += volume
    return found


def test_a_volume_spike_against_the_time_of_day() -> None:
    usual = [quotes for day in (16, 17, 18, 19) for quotes in volumes(day, [9_000, 2_000, 1_000])]
    rule = VolumeSpike(factor=Decimal(3), days=10)
    assert run(rule, usual) == []
    assert run(rule, [*usual, *volumes(20, [9_000, 2_900, 1_000])]) == []
    [alert] = run(rule, [*usual, *volumes(20, [9_000, 8_000, 1_000])])
    assert (
        alert.message
        == "IBM has traded 8000 since 09:45 in New York; 2000 is usual for that quarter of an hour."
    )


@pytest.mark.parametrize(
    ("missing", "alerts"),
    [
        pytest.param(range(3, 5), 0, id="a gap over a slot's begin"),
        pytest.param(range(4, 7), 0, id="a gap within the day"),
        pytest.param(range(1), 1, id="the open alone"),
    ],
)
def test_a_gap_in_fetching_is_no_volume_spike(missing: range, alerts: int) -> None:
    days = [volumes(day, [2_000, 2_000, 2_000, 2_000]) for day in (16, 17, 18, 19)]
    last = volumes(20, [2_000, 2_000, 2_000, 9_000 if alerts else 2_000])
    rule = VolumeSpike(factor=Decimal(2), days=10)
    held = [item for number, item in enumerate(last) if number not in missing]
    assert len(run(rule, [*[item for day in days for item in day], *held])) == alerts


def test_a_slot_that_was_seen_in_part_is_not_usual() -> None:
    rule = VolumeSpike(factor=Decimal(2), days=10)
    seen_in_part = [item for day in (16, 17, 18, 19) for item in volumes(day, [2_000] * 4)[:7]]
    assert run(rule, [*seen_in_part, *volumes(20, [2_000, 2_000, 8_000, 2_000])]) == []


def test_slots_are_of_the_exchanges_own_time() -> None:
    """Europe's clocks change on 2026-10-25, and New York's a week later."""

    def day(number: int) -> list[Quote]:
        opens = datetime(2026, 10, number, 8, 0, tzinfo=ZoneInfo("Europe/London"))
        found, total = [], 0
        for slot, volume in enumerate([9_000, 1_000, 1_000, 1_000, 1_000, 1_000]):
            for part in range(3):
                at = opens + timedelta(minutes=15 * slot + 5 * part)
                item = msgspec.structs.replace(
                    quote("100", at=int((at - START).total_seconds())),
                    symbol="TSCO.LON",
                    trading_day=at.date(),
                    volume=total + volume * part // 2,
                )
                found.append(item)
            total += volume
        return found

    rule = VolumeSpike(factor=Decimal(3), days=10)
    assert run(rule, [item for number in (20, 21, 22, 23, 26, 27) for item in day(number)]) == []


def test_a_state_of_an_earlier_version_is_read() -> None:
    averages = b'"averages":{"38":[4,10.0]}'
    held = b'{"trading_day":"2026-11-20","slot":40,"start":1,"last":2,"alerted":false,' + averages + b"}"
    at_the_open = msgspec.structs.replace(quote("100", at=-1_800), volume=1_000)
    rule = VolumeSpike(factor=Decimal(3), days=10)
    state, alert = rule.evaluate(held, at_the_open)
    assert alert is not None and state is not None


def test_end_of_day_data_and_other_symbols_are_not_judged() -> None:
    rule = MoveWithin(percent=Decimal(2), minutes=10)
    assert (
        run(
            rule,
            [
                quote(price, session="closed", entitlement="end_of_day", at=at)
                for at, price in enumerate(["100", "110"])
            ],
        )
        == []
    )
    only = Alerting([Watch(MoveAgainstClose(percent=Decimal(5)), frozenset({"AAPL"}))], {})
    assert only.evaluate([quote("110")]).alerts == []


def sent(world: World) -> list[Alert]:
    return [decode(value, Alert) for topic, _, value in world.broker.log if topic == ALERTS.name]


def test_silence_is_reported_once_and_again_after_a_quote(world: World) -> None:
    world.watches = [Watch(Silence(minutes=5))]
    world.start().steps(20)
    polled = world.polling.send_due
    world.polling.send_due = lambda now: now + timedelta(seconds=1)  # type: ignore[method-assign]
    world.steps(100, seconds=10)
    assert sorted(alert.symbol for alert in sent(world)) == ["AAPL", "IBM"]
    assert "no quote for 5 minutes" in sent(world)[0].message
    world.polling.send_due = polled  # type: ignore[method-assign]
    world.steps(40)
    assert len(sent(world)) == 2
    world.polling.send_due = lambda now: now + timedelta(seconds=1)  # type: ignore[method-assign]
    world.steps(100, seconds=10)
    assert len(sent(world)) == 4


def test_silence_is_not_reported_of_a_closed_market_nor_just_after_a_start(world: World) -> None:
    world.watches, world.hours = [Watch(Silence(minutes=5))], "XNYS"
    world.clock.now = START.replace(hour=20, minute=59)
    world.start().steps(100)
    world.die()
    world.clock.now = START.replace(day=24, hour=15)
    world.start()
    world.polling.send_due = lambda now: now + timedelta(seconds=1)  # type: ignore[method-assign]
    world.steps(28, seconds=10)
    assert sent(world) == []
    world.steps(5, seconds=10)
    assert len(sent(world)) == 2


@pytest.mark.parametrize("restarts", [set(), {3, 10, 50, 99}])
def test_fifty_crossings_with_restarts_between_raise_the_same_alerts(
    world: World, restarts: set[int]
) -> None:
    world.watches = [Watch(Cooldown(MoveAgainstClose(percent=Decimal(5)), 1))]
    world.symbols = ("IBM",)
    world.start()
    for number in range(100):
        world.vendor.bodies["IBM"] = global_quote("IBM", price="104.0000" if number % 2 else "105.0000")
        fetched = len(world.vendor.asked)
        while len(world.vendor.asked) == fetched:
            world.steps(1)
        if number in restarts:
            world.steps(1)
            world.die()
            world.start()
    world.steps(4)
    alerts, state, expected = sent(world), None, []
    for item in world.broker.quotes():
        state, alert = world.watches[0].rule.evaluate(state, item)
        expected += [alert] if alert else []
    assert alerts == expected
    # 500 s: the first crossing, and one each 60 s after it.
    assert 8 <= len(alerts) <= 9
    assert all((b.triggered_at - a.triggered_at).total_seconds() >= 60 for a, b in pairwise(alerts))

"""A vendor that does not know a symbol, or says so for a moment."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from support.world import World

from stock_common.records import Alert, decode
from stock_common.run import FatalError
from stock_common.topics import ALERTS
from stock_producer.alerts.engine import Watch
from stock_producer.alerts.rules.silence import Silence
from stock_producer.schedule.watchlist import NOTHING, Watchlist
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.kinds import Kind, Refusal

UNKNOWN = b'{"Global Quote": {}}'


def test_one_such_answer_between_good_ones_skips_nothing(world: World) -> None:
    world.start().steps(20)
    world.vendor.bodies["IBM"] = UNKNOWN
    asked = world.vendor.asked.count("IBM")
    world.steps(20)
    assert world.vendor.asked.count("IBM") == asked + 1
    assert world.watchlist.skipped == []
    del world.vendor.bodies["IBM"]
    world.steps(140)
    assert world.vendor.asked.count("IBM") > asked + 3


def test_one_that_had_answers_is_asked_for_again_in_growing_pauses(world: World) -> None:
    world.start().steps(20)
    world.vendor.bodies["IBM"] = UNKNOWN
    times = []
    for _ in range(1_400):
        before = world.vendor.asked.count("IBM")
        world.steps(1, seconds=5)
        if world.vendor.asked.count("IBM") > before:
            times.append(world.clock())
    pauses = [round((after - before) / timedelta(minutes=1)) for before, after in pairwise(times)]
    assert pauses == [1, 2, 5, 15, 30, 60]
    assert world.watchlist.skipped == ["IBM"]
    del world.vendor.bodies["IBM"]
    world.steps(13, seconds=300)
    assert world.watchlist.skipped == []


def test_with_few_calls_a_day_it_is_left_alone_until_the_day_ends(world: World) -> None:
    watchlist = Watchlist(["IBM"], "XNYS", NOTHING, end_of_day=True)
    now, ends = world.clock(), world.clock() + timedelta(hours=14)
    watchlist.sent(["IBM"], now)
    watchlist.answered(["IBM"])
    assert [watchlist.unknown("IBM", now, ends) for _ in range(3)] == [None, None, ends]
    assert watchlist.items(ends - timedelta(seconds=1)) == []
    assert len(watchlist.items(ends)) == 1


def test_a_refused_bulk_call_skips_nobody(world: World) -> None:
    world.plan = PLANS["1200"]
    world.vendor.bodies["AAPL"] = Refusal(Kind.SYMBOL, "Invalid API call")
    world.start().steps(40)
    assert world.watchlist.skipped == []


def test_a_clock_that_is_set_back_ends_a_skip(world: World) -> None:
    watchlist = Watchlist(["IBM"], "24/7")
    now = world.clock()
    assert watchlist.unknown("IBM", now, now + timedelta(hours=14))
    assert watchlist.items(now) == []
    assert len(watchlist.items(now - timedelta(hours=5))) == 1


def test_silence_counts_a_skipped_symbol(world: World) -> None:
    world.watches = [Watch(Silence(minutes=10))]
    world.start().steps(20)
    world.vendor.bodies["IBM"] = UNKNOWN
    world.steps(180, seconds=5)
    alerts = [decode(value, Alert) for topic, _, value in world.broker.log if topic == ALERTS.name]
    assert [(alert.rule, alert.symbol) for alert in alerts] == [("silence", "IBM")]


def test_it_stops_only_when_it_is_sure(world: World) -> None:
    world.stop_on_wrong_symbols = True
    world.start().steps(20)
    world.vendor.bodies["IBM"] = UNKNOWN
    world.steps(100)
    with pytest.raises(FatalError, match="IBM"):
        world.steps(400)

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from support.bodies import global_quote
from support.world import START, World

from stock_common.deadline import Deadline
from stock_common.records import Alert, decode
from stock_common.run import FatalError
from stock_common.status import ProducerStatus
from stock_common.topics import ALERTS
from stock_producer.outbox.outbox import Message
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import Request
from stock_producer.vendor.kinds import FATAL, Kind, Refusal


def state(world: World) -> ProducerStatus:
    status: Any = world.published[-1]
    return status


def value(world: World, name: str) -> float:
    [line] = [
        line for line in generate_latest(world.registry).decode().splitlines() if line.startswith(f"{name} ")
    ]
    return float(line.split()[-1])


def test_rounds_of_five_seconds_reach_kafka(world: World) -> None:
    world.start().steps(121)
    quotes = world.broker.quotes()
    assert {quote.symbol for quote in quotes} == {"AAPL", "IBM"}
    assert 22 <= len(quotes) <= 26
    first = quotes[0]
    assert (first.source, first.endpoint, first.entitlement, first.session, first.quoted_at) == (
        "simulated",
        "GLOBAL_QUOTE",
        "realtime",
        "regular",
        None,
    )
    assert state(world).calls_today == len(world.vendor.asked)
    assert (state(world).source, state(world).symbols, state(world).interval_seconds, state(world).fault) == (
        "simulated",
        2,
        5.0,
        None,
    )
    assert state(world).markets[0].is_open
    assert value(world, 'stock_producer_quota_used_calls{window="day"}') == len(world.vendor.asked)
    assert value(world, 'stock_producer_calls_total{endpoint="GLOBAL_QUOTE",outcome="answered"}') == len(
        quotes
    )


def test_an_alert_follows_its_quote(world: World) -> None:
    world.vendor.bodies["IBM"] = global_quote("IBM", price="94.0000")
    world.start().steps(60)
    [alert] = [decode(value, Alert) for topic, _, value in world.broker.log if topic == ALERTS.name]
    cause = next(quote for quote in world.broker.quotes() if quote.symbol == "IBM")
    assert (alert.direction, alert.event_id, alert.triggered_at) == ("down", cause.event_id, cause.fetched_at)


def test_delayed_data_are_labelled_by_the_answer(world: World) -> None:
    world.plan = PLANS["75"]
    world.vendor.bodies["IBM"] = global_quote("IBM", top="Global Quote - DATA DELAYED BY 15 MINUTES")
    world.start().steps(30)
    labels = {quote.symbol: (quote.entitlement, quote.session) for quote in world.broker.quotes()}
    assert labels == {"IBM": ("delayed", "regular"), "AAPL": ("end_of_day", "closed")}


def test_delayed_data_after_the_close_are_of_the_session(world: World) -> None:
    world.plan, world.hours, world.symbols = PLANS["75"], "XNYS", ("IBM",)
    world.clock.now = START.replace(hour=21, minute=5)
    world.vendor.bodies["IBM"] = global_quote("IBM", top="Global Quote - DATA DELAYED BY 15 MINUTES")
    world.start().steps(3)
    assert [(quote.entitlement, quote.session) for quote in world.broker.quotes()] == [("delayed", "regular")]


def test_an_unknown_symbol_is_reported_once_and_asked_for_again_tomorrow(world: World) -> None:
    world.vendor.bodies["IBM"] = b'{"Global Quote": {}}'
    world.start().steps(120)
    assert world.vendor.asked.count("IBM") == 1
    assert world.vendor.asked.count("AAPL") > 10
    assert state(world).fault == "symbols that the vendor does not know: IBM"
    assert value(world, 'stock_producer_symbols{state="skipped"}') == 1
    world.clock.now = PLANS["free"].quota_day.end(START) + timedelta(seconds=1)
    world.steps(10)
    assert world.vendor.asked.count("IBM") == 2


def test_the_daily_quota_ends_the_day(world: World) -> None:
    world.vendor.bodies = dict.fromkeys(world.symbols, Refusal(Kind.DAY, "25 requests per day"))
    world.start().steps(120)
    assert len(world.vendor.asked) == 1
    world.vendor.bodies = {}
    world.clock.now = PLANS["free"].quota_day.end(START) + timedelta(seconds=1)
    world.steps(10)
    assert len(world.broker.quotes()) >= 2


def test_a_burst_on_the_free_plan_is_repeated_at_once_not_the_next_day(world: World) -> None:
    world.plan = PLANS["free"]
    world.vendor.bodies["AAPL"] = Refusal(Kind.BURST, "1 request per second")
    world.start().steps(2)
    world.vendor.bodies = {}
    world.steps(20)
    assert world.vendor.asked == ["AAPL", "AAPL", "IBM"]


def test_refused_symbols_come_first_after_the_wait(world: World) -> None:
    world.vendor.bodies["AAPL"] = Refusal(Kind.MINUTE, "per minute")
    world.start().steps(2)
    assert world.vendor.asked == ["AAPL"]
    world.vendor.bodies = {}
    world.steps(116)
    assert world.vendor.asked == ["AAPL"]
    world.steps(8)
    assert world.vendor.asked[:2] == ["AAPL", "AAPL"]


def test_failures_are_tried_again_at_growing_distances(world: World) -> None:
    world.symbols = ("IBM",)
    world.vendor.bodies["IBM"] = Refusal(Kind.TIMEOUT, "no answer within 10 s")
    world.start().steps(1200)
    assert 10 < len(world.vendor.asked) < 20
    assert "timeout" in str(state(world).fault)
    assert value(world, 'stock_producer_refusals_total{kind="timeout"}') == len(world.vendor.asked)
    world.vendor.bodies = {}
    world.steps(140)
    assert state(world).fault is None


@pytest.mark.parametrize("kind", sorted(FATAL))
def test_a_wrong_configuration_stops_after_the_rest_is_safe(world: World, kind: Kind) -> None:
    world.vendor.bodies["AAPL"] = Refusal(kind, "no")
    world.start()
    with pytest.raises(FatalError, match="Alpha Vantage says: no"):
        requests = [Request(Endpoint.GLOBAL_QUOTE, (symbol,)) for symbol in ("AAPL", "IBM")]
        for request in requests:
            world.watchlist.sent(request.symbols, world.clock())
        world.recorder.record([world.vendor(request, world.clock()) for request in requests])
    assert [row.key for row in world.outbox.read(0, 10)] == ["IBM"]


def test_the_last_price_is_fetched_while_the_market_is_closed_and_then_nothing(world: World) -> None:
    world.hours = "XNYS"
    world.clock.now = START.replace(hour=3)
    world.start().steps(100, seconds=60)
    assert sorted(world.vendor.asked) == ["AAPL", "IBM"]
    world.die()
    world.start().steps(100, seconds=60)
    assert len(world.vendor.asked) == 2, "it is held"
    world.vendor.asked.clear()
    assert not state(world).markets[0].is_open
    world.clock.now = START
    world.steps(8)
    assert set(world.vendor.asked) == {"AAPL", "IBM"}


def test_a_full_outbox_stops_and_fetches_nothing_until_kafka_is_back(world: World) -> None:
    world.outbox_bytes = 1_000_000
    world.broker.up = False
    world.start()
    world.outbox.add([Message("stock-data", "IBM", bytes(1_000)) for _ in range(1_000)], {}, {}, START)
    with pytest.raises(FatalError, match="OUTBOX_BYTES"):
        world.steps(10)
    world.die()
    fetched = len(world.vendor.asked)
    world.start().steps(50)
    assert len(world.vendor.asked) == fetched
    assert "full outbox" in str(state(world).fault)
    world.broker.up = True
    world.steps(20)
    assert len(world.vendor.asked) > fetched
    assert state(world).fault is None or "full outbox" not in str(state(world).fault)


def test_closing_keeps_what_is_under_way(world: World) -> None:
    world.start()
    world.polling.send_due(world.clock())
    world.loop.close(Deadline(5))
    assert len(world.broker.quotes()) == len(world.vendor.asked) == 1
    assert world.outbox.rows == 0


def test_closing_without_kafka_keeps_everything(world: World) -> None:
    world.broker.up = False
    world.start().steps(3)
    ticks = iter(range(1_000))
    world.loop.close(Deadline(5, lambda: float(next(ticks))))
    assert world.outbox.rows == len(world.vendor.asked) > 0

"""The process dies between any two side effects. Started again it has lost nothing.

What is sent again has the same event_id.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.bodies import global_quote
from support.world import Client, Death, World, die_once

from stock_common.deadline import Deadline
from stock_common.topics import ALERTS


def kill(world: World, point: str) -> None:
    """Runs a new process until it dies at `point`."""
    world.start()
    client: Any = world.delivery._producer
    target, name, after = {
        "budget counted | call made": (world.budget, "take", True),
        "fetch | insert": (world.outbox, "add", False),
        "insert | produce": (world.outbox, "add", True),
        "produce | delivery report": (client, "produce", True),
        "delivery report | delete": (world.outbox, "remove", False),
        "delete | next": (world.outbox, "remove", True),
    }[point]
    die_once(target, name, after=after)
    with pytest.raises(Death):
        world.steps(20)
    if point == "produce | delivery report":
        # The client had sent it; the broker's answer finds nobody.
        world.broker.log += [(topic, key, value) for topic, key, value, _ in client.waiting]
    world.die()


# What each death may repeat: only what Kafka may have had without the outbox knowing.
RESENT = {
    "budget counted | call made": 0,
    "fetch | insert": 0,
    "insert | produce": 0,
    "produce | delivery report": 1,
    "delivery report | delete": 1,
    "delete | next": 0,
}


@pytest.mark.parametrize("point", RESENT)
def test_a_death_loses_nothing_that_was_kept(world: World, point: str) -> None:
    kill(world, point)
    world.start()
    kept = {row.key: row.value for row in world.outbox.read(0, 100)}
    world.steps(30)
    world.loop.close(Deadline(5))
    values = [value for _, _, value in world.broker.log]
    assert all(value in values for value in kept.values())
    assert world.outbox.rows == 0
    ids = [quote.event_id for quote in world.broker.quotes()]
    assert len(ids) - len(set(ids)) <= RESENT[point]
    assert {quote.symbol for quote in world.broker.quotes()} == {"AAPL", "IBM"}


@pytest.mark.parametrize("point", RESENT)
def test_first_occurrences_keep_their_order(world: World, point: str) -> None:
    for _ in range(5):
        kill(world, point)
        world.clock.advance(6)
    world.start().steps(30)
    for symbol in world.symbols:
        times = list(
            dict.fromkeys(quote.fetched_at for quote in world.broker.quotes() if quote.symbol == symbol)
        )
        assert times == sorted(times)
        assert len(times) >= 2


@pytest.mark.parametrize("point", RESENT)
def test_an_alert_is_neither_lost_nor_raised_again(world: World, point: str) -> None:
    world.symbols = ("IBM",)
    world.vendor.bodies["IBM"] = global_quote("IBM", price="106.0000")
    kill(world, point)
    world.start().steps(40)
    alerts = [value for topic, _, value in world.broker.log if topic == ALERTS.name]
    assert len(set(alerts)) == 1


@pytest.mark.parametrize("point", ["budget counted | call made", "fetch | insert", "insert | produce"])
def test_every_call_is_counted_whatever_came_of_it(world: World, point: str) -> None:
    for _ in range(3):
        kill(world, point)
        world.clock.advance(10)
    world.start()
    assert world.budget.use(world.clock()).day >= len(world.vendor.asked)


def test_a_restart_goes_on_with_whose_turn_it_is(world: World) -> None:
    world.start().steps(13)
    assert world.vendor.asked == ["AAPL", "IBM", "AAPL"]
    world.die()
    world.clock.advance(1.2)
    world.start().steps(1)
    assert world.vendor.asked == ["AAPL", "IBM", "AAPL", "IBM"]


def test_an_outage_of_kafka_blocks_no_fetch_and_loses_nothing(world: World) -> None:
    world.broker.up = False
    world.start().steps(200)
    fetched = len(world.vendor.asked)
    world.die()
    world.start().steps(200)
    assert world.broker.log == []
    assert len(world.vendor.asked) > 1.8 * fetched
    world.broker.up = True
    world.steps(3)
    quotes = world.broker.quotes()
    assert len({quote.event_id for quote in quotes}) == len(quotes) == len(world.vendor.asked)
    for symbol in world.symbols:
        times = [quote.fetched_at for quote in quotes if quote.symbol == symbol]
        assert times == sorted(times)


def test_the_client_is_one_that_cannot_overtake(world: World) -> None:
    world.start()
    client: Any = world.delivery._producer
    assert isinstance(client, Client)
    chosen = {name: client.config[name] for name in ("enable.idempotence", "message.timeout.ms", "acks")}
    assert chosen == {"enable.idempotence": True, "message.timeout.ms": 0, "acks": "all"}

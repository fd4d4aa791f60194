from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from structlog.testing import capture_logs
from support.world import START, World

from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_producer.outbox import delivery
from stock_producer.outbox.outbox import Message


def client(world: World) -> Any:
    return world.delivery._producer


def keep_client(world: World) -> Any:
    """The client, which also takes the place of each later one: what it is taught is the broker's doing."""
    kept = client(world)
    world.delivery._make = lambda: kept
    return kept


def fill(world: World, count: int) -> None:
    world.outbox.add(
        [Message("stock-data", f"S{number % 7}", b"{}") for number in range(count)], {}, {}, START
    )


def test_the_window_bounds_what_the_client_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "WINDOW", 10)
    world.broker.up = False
    world.start()
    fill(world, 25)
    for _ in range(3):
        world.delivery.pump()
    assert (world.delivery.in_flight, len(client(world).waiting), world.outbox.rows) == (10, 10, 25)
    world.broker.up = True
    world.delivery.close(Deadline(5))
    assert (world.outbox.rows, len(world.broker.log)) == (0, 25)


def test_a_full_queue_of_the_client_is_waited_for(world: World) -> None:
    world.start()
    fill(world, 3)
    real, room = client(world).produce, iter([True, False])

    def produce(*arguments: Any, **named: Any) -> None:
        if not next(room, True):
            raise BufferError
        real(*arguments, **named)

    client(world).produce = produce
    world.delivery.close(Deadline(5))
    assert [key for _, key, _ in world.broker.log] == ["S0", "S1", "S2"]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        pytest.param(KafkaError.UNKNOWN_TOPIC_OR_PART, "make the topics", id="no topic"),
        pytest.param(KafkaError.TOPIC_AUTHORIZATION_FAILED, "KAFKA_SASL_USERNAME", id="not allowed"),
        pytest.param(KafkaError.POLICY_VIOLATION, "see the broker's log", id="any other"),
    ],
)
def test_a_failure_that_lasts_stops_after_a_minute_and_keeps_the_messages(
    world: World, code: int, advice: str
) -> None:
    world.start()
    world.broker.fault = KafkaError(code)
    fill(world, 2)
    with pytest.raises(FatalError, match=f"{advice}.* They are kept in the outbox"):
        for _ in range(70):
            world.delivery.pump()
            world.clock.advance(1)
    assert (world.clock() - START).total_seconds() >= 60
    assert (world.outbox.rows, world.broker.log) == (2, [])


@pytest.mark.parametrize("refused_by", ["report", "produce"])
def test_a_failure_that_passes_is_sent_again_in_order(world: World, refused_by: str) -> None:
    world.start()
    fill(world, 3)
    fault = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
    one = keep_client(world)
    real = one.produce

    def refusing(*_arguments: Any, **_named: Any) -> None:
        raise KafkaException(fault)

    if refused_by == "produce":
        one.produce = refusing
    else:
        world.broker.fault = fault
    for second in range(40):
        if second == 20:
            assert "Unknown topic" in str(world.delivery.trouble)
            world.broker.fault, one.produce = None, real
            fill(world, 2)
        world.delivery.pump()
        world.clock.advance(1)
    assert [key for _, key, _ in world.broker.log] == ["S0", "S1", "S2", "S0", "S1"]
    assert (world.outbox.rows, world.delivery.trouble) == (0, None)


def test_after_a_failure_nothing_is_sent_while_something_is_in_flight(world: World) -> None:
    world.start()
    world.broker.up = False
    fill(world, 2)
    world.delivery.pump()
    (*_, first), (*_, second) = client(world).waiting
    client(world).waiting = []
    first(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), None)
    for _ in range(5):
        world.delivery.pump()
        world.clock.advance(1)
    assert client(world).waiting == []
    second(None, None)
    world.broker.up = True
    for _ in range(5):
        world.delivery.pump()
        world.clock.advance(1)
    assert [key for _, key, _ in world.broker.log] == ["S0"]


def test_after_a_fatal_error_a_new_client_goes_on_in_order(world: World) -> None:
    """An idempotent client whose sequence numbers are out of step refuses everything from then on."""
    world.start()
    fill(world, 3)
    broken = client(world)
    fatal = KafkaError(KafkaError._FATAL, "out of order", True)

    def refusing(*_arguments: Any, **_named: Any) -> None:
        raise KafkaException(fatal)

    broken.produce = refusing
    broken.config["error_cb"](fatal)
    for _ in range(5):
        world.delivery.pump()
        world.clock.advance(1)
    assert client(world) is not broken
    assert [key for _, key, _ in world.broker.log] == ["S0", "S1", "S2"]


def test_only_a_kafka_that_is_there_counts_as_refusing(world: World) -> None:
    """A refusal while the broker stops, an outage, and another while it starts do not end the process."""
    world.start()
    fill(world, 2)
    for _ in range(3):
        client(world).config["stats_cb"](json.dumps({"brokers": {"b": {"state": "UP"}}}))
        world.broker.fault = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
        world.delivery.pump()
        world.delivery.pump()
        client(world).config["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN))
        world.clock.advance(50)
    world.broker.fault = None
    world.delivery.close(Deadline(5))
    assert world.outbox.rows == 0


def test_wrong_credentials_stop(world: World) -> None:
    world.start()
    client(world).config["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN))
    world.delivery.pump()
    client(world).config["error_cb"](KafkaError(KafkaError._AUTHENTICATION))
    with pytest.raises(FatalError, match="check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"):
        world.delivery.pump()


def test_connection_is_seen_in_the_clients_statistics(world: World) -> None:
    world.start()
    tell = client(world).config["stats_cb"]
    assert world.health.waiting_for() == "kafka"
    for state, connected in (("CONNECT", False), ("UP", True), ("DOWN", False)):
        tell(json.dumps({"brokers": {"b": {"state": state}}}))
        assert world.delivery.connected is connected
    assert world.health.waiting_for() is None


def test_closing_ends_at_the_deadline_and_keeps_the_rest(world: World) -> None:
    world.broker.up = False
    world.start()
    fill(world, 3)
    ticks = iter(range(100))
    world.delivery.close(Deadline(3, lambda: float(next(ticks))))
    assert world.outbox.rows == 3


def test_the_ids_of_delivered_messages_are_logged_at_debug(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "stock")
    world.start()
    quote, alert = b'{"event_id": "e1"}', b'{"alert_id": "a1", "event_id": "e1"}'
    world.outbox.add([Message("stock-data", "S", quote), Message("stock-alerts", "S", alert)], {}, {}, START)
    with capture_logs() as shown:
        world.delivery.close(Deadline(5))
    assert [line["ids"] for line in shown if line["event"] == "delivered"] == [["e1", "a1"]]
    assert world.outbox.rows == 0


@pytest.mark.parametrize("refused_by", ["report", "produce"])
def test_a_message_that_kafka_refuses_for_good_is_set_aside_and_blocks_no_other(
    world: World, refused_by: str
) -> None:
    world.start()
    values = [b"{}", b"x" * 100, b"{}", b"{}"]
    world.outbox.add([Message("stock-data", f"S{n}", value) for n, value in enumerate(values)], {}, {}, START)
    refuse_large(world, refused_by)
    for _ in range(40):
        world.delivery.pump()
        world.clock.advance(1)
    assert sorted(key for _, key, _ in world.broker.log) == ["S0", "S2", "S3"]
    ((row, reason),) = world.outbox.aside()
    assert (row.key, world.outbox.rows) == ("S1", 0)
    assert "size" in reason.lower()
    assert world.outbox.decide([row.seq], send=True) == 1
    assert (world.outbox.rows, world.outbox.aside()) == (1, [])


def refuse_large(world: World, refused_by: str) -> None:
    """A broker that refuses every batch with a message of 100 bytes, by a report or before it is queued."""
    fake = keep_client(world)
    real_produce, real_poll = fake.produce, fake.poll
    too_large = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)

    def produce(topic: str, value: bytes, key: str, **named: Any) -> None:
        if refused_by == "produce" and len(value) >= 100:
            raise KafkaException(too_large)
        real_produce(topic, value, key, **named)

    def poll(seconds: float) -> int:
        world.broker.fault = too_large if any(len(value) >= 100 for _, _, value, _ in fake.waiting) else None
        return real_poll(seconds)

    fake.produce, fake.poll = produce, poll

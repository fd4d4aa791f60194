"""The status reader: no message ends it, and a client that brings nothing more is replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from stock_common import status as messages
from stock_common.status import ChainStatus, Status
from stock_common.topics import STATUS
from stock_kafka import status
from stock_kafka.closing import let_go
from stock_kafka.config import KafkaSettings
from stock_kafka.refused import Refused
from stock_kafka.stalled import CHECK_SECONDS
from stock_kafka.status import StatusReader
from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer

NESTED = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def state(offset: int = 41, partition: int = 0) -> ChainStatus:
    return ChainStatus(
        at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC),
        topic="stock-data",
        topic_id="a" * 32,
        partition=partition,
        last_offset=offset,
        last_object=None,
        put_at=None,
        last_kafka_time=None,
        buffered=0,
    )


class World:
    """A cluster in memory, a clock, and every consumer that the reader made."""

    def __init__(self) -> None:
        self.broker = Broker(STATUS)
        self.now = 0.0
        self.consumers: list[MemoryConsumer] = []
        self.counted: list[str] = []

    def consumer(self, config: dict[str, Any]) -> MemoryConsumer:
        self.consumers.append(MemoryConsumer(self.broker, config))
        return self.consumers[-1]

    def send(self, value: bytes | None, key: str) -> None:
        self.broker.append(STATUS.name, value, key)

    def publish(self, state: Status) -> None:
        self.send(messages.encode(state), state.key)

    def freeze(self) -> None:
        """The newest client brings nothing more, and says nothing."""
        self.consumers[-1].pause([TopicPartition(STATUS.name, 0)])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(status, "Consumer", world.consumer)
    monkeypatch.setattr(status, "AdminClient", lambda config: MemoryAdmin(world.broker, config))
    return world


@pytest.fixture
def reader(world: World) -> StatusReader:
    return StatusReader(
        KafkaSettings(kafka_bootstrap_servers="memory:9092"),
        "test",
        on_refused=lambda: world.counted.append("refused"),
        on_restart=lambda: world.counted.append("restart"),
        clock=lambda: world.now,
    )


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param(NESTED, "any", id="200 kB of nested brackets"),
        pytest.param(NESTED, "chain/stock-data/0", id="nested brackets under a key of ours"),
        pytest.param(b"\xff\xfe", "audit", id="no text"),
        pytest.param(b'{"type":"audit"}', "audit", id="fields are missing"),
        pytest.param(messages.encode(state()), "audit", id="a status under another key"),
    ],
)
def test_a_message_that_is_no_status_is_counted_and_skipped(
    world: World, reader: StatusReader, value: bytes, key: str
) -> None:
    world.send(value, key)
    world.publish(state(partition=1))
    reader.poll(0)
    assert list(reader.states) == ["chain/stock-data/1"]
    assert (reader.refused.count, world.counted) == (1, ["refused"])


def test_what_the_caller_fails_on_is_skipped(world: World, reader: StatusReader) -> None:
    world.publish(state(1))
    world.publish(state(2))
    taken: list[Status] = []

    def fail_once(found: Status) -> None:
        taken.append(found)
        if len(taken) == 1:
            raise ZeroDivisionError

    assert reader.poll(0, fail_once) == 2
    assert [each.last_offset for each in taken if isinstance(each, ChainStatus)] == [1, 2]
    assert reader.refused.count == 1


def test_one_line_is_logged_for_a_key_that_comes_again(world: World, reader: StatusReader) -> None:
    lines: list[dict[str, object]] = []
    reader.refused = Refused(Recorder(lines.append))  # type: ignore[arg-type]
    for _ in range(3):
        world.send(NESTED, "poison")
    reader.poll(0)
    assert reader.refused.count == 3
    (line,) = lines
    assert line.pop("reason")
    assert line == {"topic": STATUS.name, "partition": 0, "offset": 0, "key": "b'poison'"}


class Recorder:
    def __init__(self, take: Callable[[dict[str, object]], None]) -> None:
        self._take = take

    def warning(self, event: str, **fields: object) -> None:
        assert event == "message skipped"
        self._take(fields)


def test_a_key_that_was_forgotten_is_gone(world: World, reader: StatusReader) -> None:
    world.publish(state())
    reader.poll(0)
    world.send(None, state().key)
    assert reader.poll(0) == 0
    assert reader.states == {}


def test_a_client_that_brings_nothing_while_the_topic_grows_is_replaced(
    world: World, reader: StatusReader
) -> None:
    world.publish(state(1))
    reader.poll(0)
    world.freeze()
    world.publish(state(2))
    for _ in range(2):
        world.now += CHECK_SECONDS
        reader.poll(0)
    found = reader.states["chain/stock-data/0"]
    assert isinstance(found, ChainStatus)
    assert found.last_offset == 2
    assert (reader.restarts, world.counted) == (1, ["restart"])
    assert [each.closed for each in world.consumers] == [True, False]


def test_a_client_that_hangs_while_it_closes_holds_nothing(
    world: World, reader: StatusReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(world.consumers[0], "close", lambda: hanging.wait(60))
    monkeypatch.setattr(status, "let_go", partial(let_go, seconds=0.1))
    world.freeze()
    world.publish(state())
    for _ in range(2):
        world.now += CHECK_SECONDS
        reader.poll(0)
    assert (reader.restarts, len(reader.states)) == (1, 1)
    hanging.set()


def test_a_topic_at_rest_is_left_alone(world: World, reader: StatusReader) -> None:
    world.publish(state())
    for _ in range(5):
        world.now += CHECK_SECONDS
        reader.poll(0)
    assert reader.restarts == 0


def test_an_offset_without_a_record_at_the_end_is_no_stall(world: World, reader: StatusReader) -> None:
    world.publish(state(1))
    world.publish(state(2))
    world.broker.delete_at(STATUS.name, 0, [1])
    for _ in range(5):
        reader.poll(0)
        world.now += CHECK_SECONDS
    assert reader.restarts == 0


def test_a_broker_that_is_away_is_waited_for(world: World, reader: StatusReader) -> None:
    reader.poll(0)
    world.publish(state())
    world.broker.up = False
    for _ in range(5):
        world.now += CHECK_SECONDS
        reader.poll(0)
    world.broker.up = True
    world.now += CHECK_SECONDS
    reader.poll(0)
    assert reader.restarts == 0
    assert len(reader.states) == 1


def test_a_topic_that_never_rests_is_read_to_its_end(world: World, reader: StatusReader) -> None:
    """librdkafka reports an end only where a fetch brings nothing."""
    world.publish(state(1))
    world.consumers[-1].config["enable.partition.eof"] = False
    assert not reader.caught_up
    reader.poll(0)
    assert reader.caught_up


def test_an_end_that_the_client_does_not_know_yet_is_not_reached(
    world: World, reader: StatusReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.consumers[-1], "get_watermark_offsets", lambda *_, **__: (-1001, -1001))
    reader.poll(0)
    assert not reader.caught_up

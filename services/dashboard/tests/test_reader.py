"""The live reader's way of taking messages, without a broker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import CollectorRegistry
from samples import NOW, chain, quote

from stock_common import status
from stock_common.records import encode
from stock_common.status import ChainStatus
from stock_common.topics import ALERTS, QUOTES, STATUS
from stock_dashboard.live.reader import LiveReader, ReadWindow
from stock_dashboard.live.store import KafkaConnection
from stock_dashboard.metrics import LiveMetrics
from stock_kafka.config import KafkaSettings
from stock_kafka.stalled import CHECK_SECONDS, StallWatch
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer

PLACE = (QUOTES.name, 0)


class Message:
    """A quote as the consumer gives it, or any bytes on a topic."""

    def __init__(self, item, value: bytes | None = None, topic: str = QUOTES.name, offset: int = 0) -> None:
        self._item, self._value, self._topic, self._offset = item, value, topic, offset

    def error(self) -> KafkaError | None:
        return None

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return self._item.symbol.encode()

    def value(self) -> bytes:
        return encode(self._item) if self._value is None else self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self._item.fetched_at.timestamp() * 1_000)


class End(Message):
    """The event of a partition's end."""

    def __init__(self, offset: int) -> None:
        super().__init__(None, offset=offset)

    def error(self) -> KafkaError:
        return KafkaError(KafkaError._PARTITION_EOF)


def at(offset: int) -> Message:
    return Message(quote(at=NOW), offset=offset)


@pytest.mark.parametrize(
    ("caught_up", "age", "counted"),
    [
        pytest.param(True, 2, 1, id="live"),
        pytest.param(False, 1_800, 0, id="the start's backlog"),
        pytest.param(True, 7_200, 0, id="history"),
    ],
)
def test_what_was_read_from_the_past_is_no_lag(desk, caught_up, age, counted):
    registry = CollectorRegistry()
    window = ReadWindow(hours=1, messages=10)
    reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(registry), window, lambda: NOW)
    desk.store.connected(KafkaConnection("up", NOW, caught_up))
    assert reader._take(Message(quote(at=NOW - timedelta(seconds=age))), NOW) == 1
    assert desk.store.newest()
    assert registry.get_sample_value("stock_dashboard_live_lag_seconds_count") == counted


@pytest.mark.parametrize("topic", [QUOTES.name, ALERTS.name, STATUS.name])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="200 kB of brackets"),
        pytest.param(b'{"type":"chain","x":' + b"[" * 100_000, id="brackets in a field"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b'{"type":"chain","last_offset":' + b"9" * 401 + b"}", id="401 digits"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_message_that_nobody_can_read_is_passed_over_and_counted(desk, topic, value):
    registry = CollectorRegistry()
    reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(registry), ReadWindow(1, 10), lambda: NOW)
    assert reader._take(Message(quote(at=NOW), value, topic), NOW) == 1
    assert registry.get_sample_value("stock_dashboard_live_refused_total", {"topic": topic}) == 1
    assert reader._take(Message(quote(at=NOW)), NOW) == 1


def test_any_error_of_a_message_is_that_messages(desk, monkeypatch):
    registry = CollectorRegistry()
    reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(registry), ReadWindow(1, 10), lambda: NOW)
    monkeypatch.setattr(desk.store, "quote", lambda *_: 1 / 0)
    assert reader._take(Message(quote(at=NOW)), NOW) == 1
    assert registry.get_sample_value("stock_dashboard_live_refused_total", {"topic": QUOTES.name}) == 1


class StatusMessage(Message):
    """A message of stock-status under a key. Without a value the key is forgotten."""

    def __init__(self, key: str, state: ChainStatus | None) -> None:
        super().__init__(None, None if state is None else status.encode(state), STATUS.name)
        self._key = key

    def key(self) -> bytes:
        return self._key.encode()

    def value(self) -> bytes | None:
        return self._value


def test_a_state_counts_under_its_own_key_until_that_is_forgotten(desk):
    registry = CollectorRegistry()
    reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(registry), ReadWindow(1, 10), lambda: NOW)
    state = chain(41, partition=5)
    assert reader._take(StatusMessage("audit", state), NOW) == 1
    assert registry.get_sample_value("stock_dashboard_live_refused_total", {"topic": STATUS.name}) == 1
    assert state not in desk.store.chains()
    assert reader._take(StatusMessage(state.key, state), NOW) == 1
    assert state in desk.store.chains()
    assert reader._take(StatusMessage(state.key, None), NOW) == 0
    assert state not in desk.store.chains()
    assert registry.get_sample_value("stock_dashboard_live_refused_total", {"topic": STATUS.name}) == 1


class Log:
    """What the brokers say of one partition, and a client that is given a part of it."""

    def __init__(self, desk) -> None:
        self.registry = CollectorRegistry()
        window = ReadWindow(hours=1, messages=10)
        self.reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(self.registry), window, lambda: NOW)
        self.now, self.end = 0.0, 0
        self.reader._watch = StallWatch(lambda _: {PLACE: self.end}, clock=lambda: self.now)

    def look(self, end: int, *given: Message | End) -> None:
        """An interval later the log ends at `end`, and the client was given these."""
        self.now, self.end = self.now + CHECK_SECONDS, end
        for message in given:
            self.reader._take(message, NOW)
        self.reader._look()

    def restarts(self) -> float | None:
        return self.registry.get_sample_value("stock_dashboard_live_restarts_total")


def test_a_client_that_stands_still_although_its_log_goes_on_is_dropped(desk):
    log = Log(desk)
    log.look(9, at(4))
    log.look(9, at(6))
    log.look(9, at(8))
    log.look(12)
    with pytest.raises(KafkaException, match="stands still"):
        log.look(15)
    assert log.restarts() == 1


def test_a_log_that_ends_with_a_transactions_marker_is_read_to_its_end(desk):
    log = Log(desk)
    log.look(9, at(7), End(9))
    for _ in range(5):
        log.look(9)
    assert log.restarts() == 0
    log.look(12)
    with pytest.raises(KafkaException, match="stands still"):
        log.look(12)


def test_brokers_that_are_away_are_not_asked(desk):
    log = Log(desk)
    log.look(9, at(8))
    desk.store.connected(KafkaConnection("down", NOW, caught_up=True))
    for _ in range(5):
        log.look(12)
    desk.store.connected(KafkaConnection("up", NOW, caught_up=True))
    log.look(12)
    with pytest.raises(KafkaException, match="stands still"):
        log.look(15)


def test_nothing_is_dropped_while_messages_come(desk):
    log = Log(desk)
    for offset in range(5):
        log.look(100, at(offset))
    assert log.restarts() == 0


def test_a_topic_without_partitions_is_asked_for_again(desk):
    """A passing state, source: rd_kafka_msg_partitioner in librdkafka's rdkafka_msg.c."""
    reader, broker = Log(desk).reader, Broker()
    broker.create(QUOTES.name, 0)
    with pytest.raises(KafkaException, match="no partition of stock-data is known"):
        reader._starts(MemoryConsumer(broker), QUOTES.name)
    broker.create(QUOTES.name, 2)
    assert len(reader._starts(MemoryConsumer(broker), QUOTES.name)) == 2

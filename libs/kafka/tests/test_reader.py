from __future__ import annotations

from contextlib import closing
from itertools import islice, takewhile
from typing import Any

import pytest
from confluent_kafka import KafkaError

from stock_common.topics import Topic
from stock_kafka.cluster import Unreachable
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import SILENT_SECONDS, Expired, Unreadable, arrived, read, read_alone
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.message import event

TOPIC = "stock-decisions"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def broker() -> Broker:
    broker = Broker(Topic(TOPIC, 2, 1))
    for number in range(6):
        broker.append(TOPIC, b"v%d" % number, partition=0)
    return broker


def consumer(broker: Broker, clock: Clock | None = None) -> Any:
    config = KafkaSettings(kafka_bootstrap_servers="memory").reader("test")
    return MemoryConsumer(broker, config, (clock or Clock()).wait)


def values(broker: Broker, first: int, end: int, clock: Clock | None = None) -> list[bytes]:
    clock = clock or Clock()
    return [message.value() for message in read(consumer(broker, clock), TOPIC, 0, first, end, clock)]


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [
        pytest.param(0, 6, [b"v0", b"v1", b"v2", b"v3", b"v4", b"v5"], id="all of it"),
        pytest.param(2, 4, [b"v2", b"v3"], id="from an offset to an end before the log's"),
        pytest.param(6, 6, [], id="nothing"),
        pytest.param(5, 3, [], id="an end before the beginning"),
    ],
)
def test_a_range_is_read_in_order(broker: Broker, first: int, end: int, expected: list[bytes]) -> None:
    assert values(broker, first, end) == expected


@pytest.mark.parametrize("gone", [[0], [2, 3], [5], [4, 5], [0, 1, 2, 3, 4, 5]])
def test_offsets_without_a_record_are_passed_over(broker: Broker, gone: list[int]) -> None:
    broker.delete_at(TOPIC, 0, gone)
    assert values(broker, 0, 6) == [b"v%d" % each for each in range(6) if each not in gone]


def test_what_comes_during_the_reading_is_not_read(broker: Broker) -> None:
    found = []
    for message in read(consumer(broker), TOPIC, 0, 0, 6):
        broker.append(TOPIC, b"later", partition=0)
        found.append(message.value())
    assert found == [b"v%d" % each for each in range(6)]


def test_one_consumer_reads_one_range_after_the_other(broker: Broker) -> None:
    broker.append(TOPIC, b"other", partition=1)
    one = consumer(broker)
    assert [message.offset() for message in read(one, TOPIC, 0, 4, 6)] == [4, 5]
    assert [message.value() for message in read(one, TOPIC, 1, 0, 1)] == [b"other"]
    assert [message.offset() for message in read(one, TOPIC, 0, 0, 2)] == [0, 1]


def test_a_silent_broker_is_unreachable(broker: Broker) -> None:
    broker.up, clock = False, Clock()
    with pytest.raises(Unreachable, match="stock-decisions/0 did not answer for 30 s"):
        values(broker, 0, 6, clock)
    assert SILENT_SECONDS <= clock.now < SILENT_SECONDS + 2


def test_a_range_that_retention_took_is_unreachable(broker: Broker) -> None:
    broker.delete_before(TOPIC, 0, 3)
    with pytest.raises(Expired, match="stock-decisions/0 no longer has offset 0"):
        values(broker, 0, 6)


class BrokenConsumer(MemoryConsumer):
    """What comes after the fourth record cannot be read. The error comes with the records before it."""

    def consume(self, num_messages: int = 1, timeout: float = 0) -> list[Any]:
        found: list[Any] = super().consume(num_messages, timeout)
        good = list(takewhile(lambda each: each.offset() < 4, found))
        return good if len(good) == len(found) else [*good, event(TOPIC, 0, -1, KafkaError._BAD_MSG)]


@pytest.mark.parametrize("first", [0, 3])
def test_a_broken_batch_after_the_range_does_no_harm(broker: Broker, first: int) -> None:
    config = KafkaSettings(kafka_bootstrap_servers="memory").reader("test")
    one: Any = BrokenConsumer(broker, config)
    assert [message.offset() for message in read(one, TOPIC, 0, first, 4)] == list(range(first, 4))
    with pytest.raises(Unreadable) as broken:
        list(read(one, TOPIC, 0, first, 5))
    assert broken.value.offset == 4


@pytest.mark.parametrize("taken", [1, 6])
def test_a_client_of_its_own_is_closed_at_the_end_and_before_it(broker: Broker, taken: int) -> None:
    one = consumer(broker)
    with closing(read_alone(lambda: one, TOPIC, 0, 0, 6)) as found:
        assert len(list(islice(found, taken))) == taken
        assert not one.closed
    assert one.closed


def test_a_client_of_its_own_is_closed_after_an_error(broker: Broker) -> None:
    broker.delete_before(TOPIC, 0, 3)
    one = consumer(broker)
    with pytest.raises(Unreachable):
        list(read_alone(lambda: one, TOPIC, 0, 0, 6))
    assert one.closed


def test_arrived_waits_for_the_first_message_only(broker: Broker) -> None:
    clock = Clock()
    one = consumer(broker, clock)
    assert (arrived(one, 2.0), clock.now) == ([], 2.0)
    assert len(list(read(one, TOPIC, 0, 0, 6))) == 6
    assert clock.now == 2.0

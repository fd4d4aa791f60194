from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from stock_common.topics import DEAD_LETTERS
from stock_kafka.sender import Delivered, Outgoing, Undelivered, deliver
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.producer import MemoryProducer

TOPIC = DEAD_LETTERS.name
LETTERS = [Outgoing(TOPIC, b"v%d" % number, f"k{number}", [("reason", "schema")], 1) for number in range(3)]


class Clock:
    """Moves by a tenth of a second a look, so that a bound is reached."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def send(producer: MemoryProducer, *messages: Outgoing, seconds: float = 5.0) -> list[Delivered]:
    client: Any = producer
    return deliver(client, messages or LETTERS, seconds, Clock())


def test_every_message_is_acknowledged_and_its_place_is_returned() -> None:
    broker = Broker(DEAD_LETTERS)
    assert send(MemoryProducer(broker)) == [Delivered(1, 0), Delivered(1, 1), Delivered(1, 2)]
    first = broker.records(TOPIC, 1)[0]
    assert (first.value, first.key, first.headers) == (b"v0", b"k0", [("reason", b"schema")])


def test_nothing_to_send() -> None:
    assert deliver(MemoryProducer(Broker()), [], 1.0) == []  # type: ignore[arg-type]


def test_without_a_partition_the_key_decides() -> None:
    broker = Broker(DEAD_LETTERS)
    same = [Outgoing(TOPIC, b"1", "AAPL"), Outgoing(TOPIC, b"2", "AAPL")]
    assert len({place.partition for place in send(MemoryProducer(broker), *same)}) == 1


@pytest.mark.parametrize("reports", [pytest.param(True, id="away"), pytest.param(False, id="no reports")])
def test_without_an_answer_in_time_it_is_undelivered(reports: bool) -> None:
    broker = Broker(DEAD_LETTERS)
    broker.up = not reports
    producer = MemoryProducer(broker)
    producer.reports = reports
    with pytest.raises(Undelivered, match=r"stock-dlq: 0 of 3 messages delivered: no answer within 5 s"):
        send(producer)


def test_a_refusal_names_the_reason_and_what_was_delivered() -> None:
    broker = Broker(DEAD_LETTERS)
    producer = MemoryProducer(broker)

    def poll(timeout: float) -> int:
        first, *producer.waiting = producer.waiting
        MemoryProducer._send(producer, first)
        broker.fault = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
        return 1

    producer.poll = poll
    with pytest.raises(Undelivered, match="1 of 3 messages delivered: Broker: ") as caught:
        send(producer)
    assert caught.value.delivered == {0: Delivered(1, 0)}


def test_a_full_queue_is_waited_for_and_bounded() -> None:
    producer = MemoryProducer(Broker(DEAD_LETTERS))
    producer.refusals = [BufferError(), BufferError()]
    assert len(send(producer)) == 3
    producer.refusals = [BufferError()] * 1000
    with pytest.raises(Undelivered, match="queue is full"):
        send(producer)


def test_a_message_that_the_client_refuses_is_undelivered() -> None:
    producer = MemoryProducer(Broker(DEAD_LETTERS))
    producer.refusals = [KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC))]
    with pytest.raises(Undelivered, match="stock-dlq: "):
        send(producer)

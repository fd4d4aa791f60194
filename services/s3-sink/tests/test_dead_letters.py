"""The letters on their topic, and the allowance that stops the sink."""

from __future__ import annotations

from functools import partial

import pytest
from confluent_kafka import KafkaError
from samples import TOPIC_ID

from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS
from stock_kafka.sender import Undelivered
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.producer import MemoryProducer
from stock_s3_sink.dead_letters import TEXT_LIMIT, Allowance, DeadLetterTopic
from stock_s3_sink.encode.parquet import Rejected

LETTER = Rejected(7, 1_795_000_000_123, b"bad", "json", "x" * (TEXT_LIMIT + 1))


def topic_of(broker: Broker) -> DeadLetterTopic:
    make_producer = partial(MemoryProducer, broker)
    return DeadLetterTopic({}, Allowance(1, 0), make_producer)  # type: ignore[arg-type]


def test_a_letter_has_its_origin_as_key_and_in_its_headers() -> None:
    broker = Broker(DEAD_LETTERS)
    topic_of(broker).send("stock-data", TOPIC_ID, 2, [LETTER])
    (sent,) = broker.records(DEAD_LETTERS.name)
    assert (sent.key, sent.value) == (f"{TOPIC_ID}/2/7".encode(), b"bad")
    assert dict(sent.headers) == {
        "origin-topic": b"stock-data",
        "origin-topic-id": TOPIC_ID.encode(),
        "origin-partition": b"2",
        "origin-offset": b"7",
        "origin-time": b"1795000000123",
        "reason": b"json",
        "text": b"x" * TEXT_LIMIT,
    }


def test_a_refused_letter_is_undelivered() -> None:
    broker = Broker(DEAD_LETTERS)
    broker.fault = KafkaError(KafkaError._MSG_TIMED_OUT)
    with pytest.raises(Undelivered):
        topic_of(broker).send("stock-data", TOPIC_ID, 2, [LETTER])


def test_too_many_letters_stop_the_sink_and_the_first_one_is_named() -> None:
    topic = topic_of(Broker(DEAD_LETTERS))
    topic.admit("stock-data", 2, [LETTER], 1)
    with pytest.raises(
        FatalError, match=r"1 of 1 records of stock-data/2 from offset 7 on are bad \(json: x+\)"
    ):
        topic.admit("stock-data", 2, [LETTER], 1)


def test_the_allowance_is_a_burst_and_a_share_for_ever() -> None:
    allowance = Allowance(burst=2, percent=10)
    assert allowance.take(2, 0)
    assert allowance.take(1, 10)
    assert not allowance.take(1, 0)
    assert Allowance(2, 10).take(2, 1000)
    assert not Allowance(0, 0).take(1, 1)

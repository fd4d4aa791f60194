"""What the clients in memory promise, beyond what the adapters' own tests use."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaError, KafkaException, TopicPartition

from stock_common.topics import Topic
from stock_kafka.testing.broker import FIRST_TIME_MS, Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.producer import MemoryProducer

TOPIC = "stock-data"


@pytest.fixture
def broker() -> Broker:
    return Broker(Topic(TOPIC, 2, 1))


def test_messages_wait_while_the_broker_is_away_and_arrive_in_order(broker: Broker) -> None:
    producer, reports = MemoryProducer(broker), []
    broker.up = False
    for number in range(3):
        producer.produce(
            TOPIC,
            b"%d" % number,
            "AAPL",
            on_delivery=lambda error, message: reports.append((error, message.offset())),
        )
    assert (producer.flush(1.0), broker.arrived, len(producer)) == (3, [], 3)
    broker.up = True
    assert producer.flush(1.0) == 0
    assert [record.value for record in broker.arrived] == [b"0", b"1", b"2"]
    assert reports == [(None, 0), (None, 1), (None, 2)]


def test_a_fault_is_reported_and_nothing_is_taken(broker: Broker) -> None:
    producer, reports = MemoryProducer(broker), []
    broker.fault = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    producer.produce(TOPIC, b"x", on_delivery=lambda error, message: reports.append(error))
    producer.poll(0)
    assert (reports, broker.arrived) == ([broker.fault], [])


def test_what_is_purged_is_reported_as_purged(broker: Broker) -> None:
    producer, codes = MemoryProducer(broker), []
    producer.produce(TOPIC, b"x", on_delivery=lambda error, message: codes.append(error.code()))
    producer.purge(in_queue=True, in_flight=False)
    assert (codes, len(producer)) == ([KafkaError._PURGE_QUEUE], 0)


def test_an_unknown_topic_is_refused(broker: Broker) -> None:
    with pytest.raises(KafkaException):
        MemoryProducer(broker).produce("absent", b"x")


@pytest.mark.parametrize(
    ("start", "expected"), [(OFFSET_BEGINNING, [0, 1, 2]), (1, [1, 2]), (OFFSET_END, [])]
)
def test_an_assignment_is_read_from_its_offset(broker: Broker, start: int, expected: list[int]) -> None:
    for _ in range(3):
        broker.append(TOPIC, b"x", partition=0)
    consumer = MemoryConsumer(broker, {"enable.partition.eof": True})
    consumer.assign([TopicPartition(TOPIC, 0, start)])
    *found, last = consumer.consume(10, 0)
    assert [message.offset() for message in found] == expected
    assert (last.error().code(), last.offset()) == (KafkaError._PARTITION_EOF, 3)
    assert consumer.consume(10, 0) == []
    broker.append(TOPIC, b"y", partition=0)
    assert [message.value() for message in consumer.consume(1, 0)] == [b"y"]


@pytest.mark.parametrize(("reset", "offset"), [("earliest", 2), ("error", None)])
def test_an_offset_out_of_range(broker: Broker, reset: str, offset: int | None) -> None:
    for _ in range(3):
        broker.append(TOPIC, b"x", partition=0)
    broker.delete_before(TOPIC, 0, 2)
    consumer = MemoryConsumer(broker, {"auto.offset.reset": reset})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    message = consumer.poll(0)
    if offset is None:
        assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    else:
        assert message.offset() == offset


def test_a_subscription_is_given_and_loses_every_partition(broker: Broker) -> None:
    calls: list[Any] = []

    def on_assign(consumer: MemoryConsumer, places: list[TopicPartition]) -> None:
        calls.append(("assigned", len(places)))
        consumer.assign([TopicPartition(each.topic, each.partition, 0) for each in places])

    broker.append(TOPIC, b"x", partition=1)
    consumer = MemoryConsumer(broker, {"group.id": "sink"})
    consumer.subscribe(
        [TOPIC],
        on_assign=on_assign,
        on_revoke=lambda _, places: calls.append(("revoked", len(places))),
        on_lost=lambda _, places: calls.append(("lost", len(places))),
    )
    assert [message.partition() for message in consumer.consume(10, 0)] == [1]
    consumer.lose()
    assert [message.partition() for message in consumer.consume(10, 0)] == [1]
    consumer.pause(consumer.assignment())
    broker.append(TOPIC, b"y", partition=1)
    assert consumer.consume(10, 0) == []
    consumer.resume(consumer.assignment())
    assert len(consumer.consume(10, 0)) == 1
    consumer.commit([TopicPartition(TOPIC, 1, 2)])
    consumer.close()
    assert calls == [("assigned", 2), ("lost", 2), ("assigned", 2), ("revoked", 2)]
    assert broker.committed == {"sink": {(TOPIC, 1): 2}}


def test_offsets_by_time_and_metadata(broker: Broker) -> None:
    for _ in range(3):
        broker.append(TOPIC, b"x", partition=0)
    consumer = MemoryConsumer(broker)
    wanted = [TopicPartition(TOPIC, 0, FIRST_TIME_MS + 1), TopicPartition(TOPIC, 1, FIRST_TIME_MS)]
    assert [each.offset for each in consumer.offsets_for_times(wanted)] == [1, OFFSET_END]
    assert sorted(consumer.list_topics(TOPIC).topics[TOPIC].partitions) == [0, 1]
    assert consumer.list_topics("absent").topics["absent"].error is not None
    broker.up = False
    with pytest.raises(KafkaException):
        consumer.list_topics(TOPIC)


def test_a_topic_that_is_made_again_has_another_id(broker: Broker) -> None:
    former = broker.topics[TOPIC].topic_id
    broker.append(TOPIC, b"x", partition=0)
    broker.create(TOPIC, 2)
    assert broker.topics[TOPIC].topic_id != former
    assert broker.records(TOPIC) == []

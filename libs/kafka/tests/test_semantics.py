"""One suite for the cluster in memory and for a real one, so that the stand-in stays true.

The real cluster is the one at KAFKA_TEST_SERVERS (host:port). Without it, only the one in memory is tried.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_common.topics import DAY_MS, Topic
from stock_kafka import cluster
from stock_kafka.config import KafkaSettings
from stock_kafka.reader import read
from stock_kafka.sender import Outgoing, deliver
from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.producer import MemoryProducer

SERVERS = os.environ.get("KAFKA_TEST_SERVERS", "")


class Cluster(NamedTuple):
    """Clients of a cluster, and a topic with two partitions that nobody else uses."""

    admin: Any
    producer: Any
    consumer: Callable[..., Any]
    topic: str


def poll_until(consumer: Any, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None:
            return message
    pytest.fail("no message came")


@pytest.fixture(params=["memory", *(["real"] if SERVERS else [])])
def found(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    settings = KafkaSettings(kafka_bootstrap_servers=SERVERS or "memory")
    topic = f"test-{uuid.uuid4()}"
    consumers: list[Any] = []
    broker = Broker()

    def consumer(**changes: Any) -> Any:
        config = settings.reader("test") | changes
        made = MemoryConsumer(broker, config) if request.param == "memory" else Consumer(config)
        consumers.append(made)
        return made

    if request.param == "memory":
        clients: tuple[Any, Any] = MemoryAdmin(broker), MemoryProducer(broker)
    else:
        clients = AdminClient(settings.admin("test")), Producer(settings.producer("test"))
    cluster.make(clients[0], [Topic(topic, 2, DAY_MS)], 1)
    yield Cluster(*clients, consumer, topic)
    for each in consumers:
        each.close()


def fill(found: Cluster, count: int, partition: int = 0) -> None:
    messages = [
        Outgoing(found.topic, b"v%d" % each, "k", [("n", str(each))], partition) for each in range(count)
    ]
    places = deliver(found.producer, messages, 20.0)
    assert [place.partition for place in places] == [partition] * count
    assert [place.offset for place in places] == list(range(count))


def test_what_is_sent_is_read_in_order_with_key_and_headers(found: Cluster) -> None:
    fill(found, 5)
    consumer = found.consumer()
    assert cluster.watermarks(consumer, found.topic, 0) == (0, 5)
    messages = list(read(consumer, found.topic, 0, 1, 4))
    assert [message.value() for message in messages] == [b"v1", b"v2", b"v3"]
    assert [message.offset() for message in messages] == [1, 2, 3]
    assert (messages[0].key(), messages[0].headers()) == (b"k", [("n", b"1")])
    assert list(read(consumer, found.topic, 1, 0, 0)) == []
    assert [message.offset() for message in read(consumer, found.topic, 0, 0, 1)] == [0]


def test_ids_and_offsets(found: Cluster) -> None:
    fill(found, 3, partition=1)
    state = cluster.describe(found.admin, [found.topic, "absent"])[found.topic]
    assert (state.partitions, len(state.topic_id)) == (2, 32)
    places = [(found.topic, 0), (found.topic, 1)]
    assert cluster.offsets(found.admin, places) == {places[0]: (0, 0), places[1]: (0, 3)}
    assert cluster.make(found.admin, [Topic(found.topic, 2, DAY_MS)], 1) == ([], [])


def test_the_end_of_a_partition_is_reported_once_for_each_end(found: Cluster) -> None:
    fill(found, 1)
    consumer = found.consumer()
    consumer.assign([TopicPartition(found.topic, 0, OFFSET_BEGINNING)])
    assert poll_until(consumer).value() == b"v0"
    end = poll_until(consumer)
    assert (end.error().code(), end.offset()) == (KafkaError._PARTITION_EOF, 1)
    assert consumer.poll(1.0) is None
    deliver(found.producer, [Outgoing(found.topic, b"next", partition=0)], 20.0)
    assert poll_until(consumer).value() == b"next"
    assert poll_until(consumer).offset() == 2


@pytest.mark.parametrize("reset", ["error", "earliest"])
def test_an_offset_beyond_the_end(found: Cluster, reset: str) -> None:
    fill(found, 2)
    consumer = found.consumer(**{"auto.offset.reset": reset})
    consumer.assign([TopicPartition(found.topic, 0, 7)])
    message = poll_until(consumer)
    if reset == "earliest":
        assert (message.error(), message.offset()) == (None, 0)
    else:
        assert message.error().code() == KafkaError._AUTO_OFFSET_RESET


def test_without_a_partition_one_key_goes_to_one_partition(found: Cluster) -> None:
    messages = [Outgoing(found.topic, b"x", "AAPL") for _ in range(4)]
    assert len({place.partition for place in deliver(found.producer, messages, 20.0)}) == 1


def test_offsets_by_time(found: Cluster) -> None:
    fill(found, 2)
    consumer = found.consumer()
    first = next(iter(read(consumer, found.topic, 0, 0, 1)))
    kind, time_ms = first.timestamp()
    asked = [TopicPartition(found.topic, 0, time_ms), TopicPartition(found.topic, 0, time_ms + 10_000_000)]
    answers = [consumer.offsets_for_times([each], timeout=10)[0].offset for each in asked]
    assert answers[0] == 0
    assert answers[1] == -1
    assert kind == 2, "the broker's time"

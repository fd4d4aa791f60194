from __future__ import annotations

from typing import Any

import pytest

from stock_common.run import FatalError
from stock_common.topics import ALL, QUOTES, Topic
from stock_kafka import cluster
from stock_kafka.cluster import Unreachable
from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer

ID = "f" * 16 + "0123456789abcdef"


def admin(broker: Broker) -> Any:
    return MemoryAdmin(broker)


def test_topics_are_described_with_their_ids_in_hex() -> None:
    broker = Broker()
    broker.create("stock-data", 6, ID)
    found = cluster.describe(admin(broker), ["stock-data", "absent"])
    assert found == {"stock-data": cluster.TopicState("stock-data", ID, 6)}


def test_a_topic_without_partitions_is_no_answer() -> None:
    """The topic is being made: it is neither absent nor smaller."""
    broker = Broker()
    broker.create(QUOTES.name, 0)
    with pytest.raises(Unreachable, match="no partition of stock-data is known"):
        cluster.make(admin(broker), [QUOTES], 1)


def test_offsets_of_many_partitions() -> None:
    broker = Broker(Topic("a", 2, 1))
    for _ in range(5):
        broker.append("a", b"x", partition=1)
    broker.delete_before("a", 1, 2)
    assert cluster.offsets(admin(broker), [("a", 0), ("a", 1)]) == {("a", 0): (0, 0), ("a", 1): (2, 5)}
    consumer: Any = MemoryConsumer(broker)
    assert cluster.watermarks(consumer, "a", 1) == (2, 5)


def test_topics_are_made_once() -> None:
    broker = Broker()
    assert cluster.make(admin(broker), ALL, 1) == ([topic.name for topic in ALL], [])
    assert cluster.make(admin(broker), ALL, 1) == ([], [])


def test_a_topic_with_fewer_partitions_is_refused() -> None:
    broker = Broker()
    broker.create(QUOTES.name, 3)
    with pytest.raises(FatalError, match="has 3 partitions, not 6: add the others"):
        cluster.make(admin(broker), [QUOTES], 1)


def test_a_topic_with_more_partitions_serves() -> None:
    broker = Broker()
    broker.create(QUOTES.name, 8)
    made = cluster.make(admin(broker), ALL, 1)
    assert made.topics == [topic.name for topic in ALL if topic is not QUOTES]
    assert made.notes == [
        "Topic stock-data has 8 partitions, not 6: all are used, and symbols may have moved."
    ]


@pytest.mark.parametrize("topic", [topic for topic in ALL if topic.compacted])
def test_a_topic_whose_readers_read_one_partition_is_refused_with_more(topic: Topic) -> None:
    broker = Broker()
    broker.create(topic.name, 2)
    with pytest.raises(FatalError, match="has 2 partitions, not 1: its readers read one"):
        cluster.make(admin(broker), [topic], 1)


def test_a_topic_with_its_producers_times_is_refused() -> None:
    broker = Broker()
    broker.create(QUOTES.name, 6, append_time=False)
    with pytest.raises(FatalError, match="set it to LogAppendTime"):
        cluster.make(admin(broker), [QUOTES], 1)


def test_a_cluster_that_is_away_is_unreachable() -> None:
    broker = Broker(QUOTES)
    broker.up = False
    with pytest.raises(Unreachable):
        cluster.describe(admin(broker), [QUOTES.name])
    with pytest.raises(Unreachable):
        cluster.offsets(admin(broker), [(QUOTES.name, 0)])
    consumer: Any = MemoryConsumer(broker)
    with pytest.raises(Unreachable):
        cluster.watermarks(consumer, QUOTES.name, 0)

"""The Kafka client's own calls."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stock_kafka.config import KafkaSettings
from stock_s3_sink.source import KafkaSource

PLACE = ("stock-data", 3)


class Group:
    """A consumer whose group is being rebalanced: it takes a commit only from who does not wait for it."""

    def __init__(self) -> None:
        self.committed: list[TopicPartition] = []

    def commit(self, offsets: list[TopicPartition], asynchronous: bool = True) -> None:
        assert asynchronous, "two sinks that stopped together waited for over 40 s here"
        self.committed += offsets
        raise KafkaException(KafkaError(KafkaError.REBALANCE_IN_PROGRESS))


def test_a_commit_waits_for_nobody_and_its_failure_is_ignored() -> None:
    source: Any = KafkaSource(
        KafkaSettings.model_validate({"kafka_bootstrap_servers": "127.0.0.1:9"}), "s3-sink-test"
    )
    source.close()
    source._consumer = group = Group()
    source.commit({})
    assert group.committed == []
    source.commit({PLACE: 7})
    assert [(each.topic, each.partition, each.offset) for each in group.committed] == [(*PLACE, 7)]

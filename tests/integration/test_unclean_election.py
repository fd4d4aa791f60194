"""What rule C13 rests on: a record that an unclean election replaced has a later leader epoch, others do not.

Two brokers of the real Kafka, and its own client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    PartitionMetadata,
    ResourceType,
)

from stock_common.topics import QUOTES
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.stack import Stack
from stock_testing.messages import consumer
from stock_testing.poll import poll_until

BROKERS = ("kafka", "kafka-2")
PARTITION = 0
KEPT, LOST, WRITTEN = 10, 20, 30
SECONDS = 60.0


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    layout = Layout(tmp_path_factory.mktemp("two"), free(), {}, ({},) * len(BROKERS))
    with Stack(layout, print) as stack:
        stack.start("topics")
        yield stack


def allow_unclean(stack: Stack) -> None:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in (("unclean.leader.election.enable", "true"), ("min.insync.replicas", "1"))
    ]
    resource = ConfigResource(ResourceType.TOPIC, QUOTES.name, incremental_configs=entries)
    admin = AdminClient({"bootstrap.servers": stack.layout.servers})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(SECONDS)


def look(stack: Stack) -> PartitionMetadata | None:
    """None: a broker that has just started may not answer, or not know the partition."""
    client = AdminClient({"bootstrap.servers": stack.layout.servers})
    with suppress(KafkaException):
        return client.list_topics(QUOTES.name, timeout=10).topics[QUOTES.name].partitions.get(PARTITION)
    return None


def write(stack: Stack, count: int) -> None:
    """Raises AssertionError when Kafka does not acknowledge all."""
    reports: list[object] = []
    producer = Producer({"bootstrap.servers": stack.layout.servers})
    for number in range(count):
        producer.produce(
            QUOTES.name,
            b"%d" % number,
            partition=PARTITION,
            on_delivery=lambda error, _: reports.append(error),
        )
    producer.flush(SECONDS)
    assert reports == [None] * count


def epochs(stack: Stack, count: int) -> list[int | None]:
    """The leader epoch of each of the first `count` records."""
    found: list[int | None] = []
    with closing(consumer(stack.layout.servers)) as client:
        client.assign([TopicPartition(QUOTES.name, PARTITION, 0)])

        def read() -> bool:
            found.extend(each.leader_epoch() for each in client.consume(count, 0.5) if each.error() is None)
            return len(found) >= count

        poll_until(read, f"{count} records", SECONDS)
    return found


@pytest.mark.timeout(240)
def test_records_that_were_replaced_have_a_later_leader_epoch(two: Stack) -> None:
    allow_unclean(two)
    write(two, KEPT)
    old = BROKERS[poll_until(lambda: look(two), "the partition", SECONDS).leader - 1]
    (other,) = (name for name in BROKERS if name != old)
    two.kill(other)
    poll_until(lambda: (part := look(two)) and len(part.isrs) == 1, "one replica in sync", SECONDS)
    write(two, LOST)
    before = epochs(two, KEPT + LOST)

    two.kill(old)
    two.restart(other)
    number = BROKERS.index(other) + 1
    poll_until(lambda: (part := look(two)) and part.leader == number, "the unclean election", SECONDS)
    write(two, WRITTEN)
    after = epochs(two, KEPT + WRITTEN)
    assert after[:KEPT] == before[:KEPT]
    assert min(epoch or 0 for epoch in after[KEPT:]) > max(epoch or 0 for epoch in before)

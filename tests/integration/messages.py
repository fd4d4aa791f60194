"""Everything that a topic holds, read by Kafka's own client."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, Message, TopicPartition

from stock_common.deadline import Deadline

READ_SECONDS = 120.0


def ends(servers: str, topic: str, partitions: int) -> dict[int, int]:
    """Partition → the next offset."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "looker", "enable.auto.commit": False})
    try:
        return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1] for number in range(partitions)}
    finally:
        consumer.close()


def read(servers: str, topic: str, partitions: int) -> Iterator[Message]:
    """Each partition's messages in their order. Raises TimeoutError when they cannot be read in READ_SECONDS."""
    deadline = Deadline(READ_SECONDS)
    for partition, end in ends(servers, topic, partitions).items():
        consumer = Consumer({"bootstrap.servers": servers, "group.id": "looker", "enable.auto.commit": False, "enable.partition.eof": False})
        try:
            consumer.assign([TopicPartition(topic, partition, 0)])
            position = 0
            while position < end:
                if deadline.passed:
                    raise TimeoutError(f"{topic} could not be read in {READ_SECONDS:.0f} s")
                for message in consumer.consume(1_000, 1.0):
                    position = (message.offset() or 0) + 1
                    yield message
        finally:
            consumer.close()

"""What the topics of a stack hold, read by Kafka's own client. Nothing of the product's reading is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from stock_common.deadline import Deadline
from stock_common.topics import Topic

READ_SECONDS = 300.0
POLL_SECONDS = 1.0
MOST_MESSAGES = 1_000


def consumer(servers: str) -> Consumer:
    """A client outside of any group that reads only what it is assigned, and hears of a partition's end."""
    config = {"bootstrap.servers": servers, "group.id": "stock-testing", "enable.auto.commit": False}
    return Consumer(config | {"enable.partition.eof": True})


def ends(servers: str, topic: Topic) -> dict[int, int]:
    """Partition → the next offset."""
    with closing(consumer(servers)) as client:
        return {
            number: client.get_watermark_offsets(TopicPartition(topic.name, number), timeout=60)[1]
            for number in range(topic.partitions)
        }


def read(servers: str, topic: Topic) -> Iterator[Message]:
    """Each partition's messages in their order, up to the end that it has at the call.

    A topic that never rests has no event of its end, and a transaction's marker at the end is no message.
    Raises TimeoutError after READ_SECONDS.
    """
    deadline = Deadline(READ_SECONDS)
    for partition, end in ends(servers, topic).items():
        with closing(consumer(servers)) as client:
            client.assign([TopicPartition(topic.name, partition, 0)])
            position = 0
            while position < end:
                if deadline.passed:
                    raise TimeoutError(f"{topic.name} could not be read in {READ_SECONDS:.0f} s")
                first = client.poll(POLL_SECONDS)
                for message in () if first is None else (first, *client.consume(MOST_MESSAGES, 0)):
                    fault, offset = message.error(), message.offset() or 0
                    if fault is None:
                        position = offset + 1
                        yield message
                    elif fault.code() == KafkaError._PARTITION_EOF:
                        position = offset


def headers(message: Message) -> dict[str, str]:
    found = message.headers() or []
    return {name: str(value, "utf-8") for name, value in found}  # type: ignore[misc, arg-type]


def fields(message: Message) -> dict[str, Any]:
    """The value's JSON object, empty for a message without a value."""
    return json.loads(message.value() or b"{}")

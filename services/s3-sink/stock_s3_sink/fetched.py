"""What the client delivers: records, and errors sorted by what they mean."""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import KafkaError, Message

from stock_common.run import FatalError
from stock_s3_sink.cutter import Records

PartitionId = tuple[str, int]
"""(topic, partition)."""
_FATAL = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "the principal may not read the topic: grant READ and DESCRIBE",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "the principal may not join the group: grant READ on KAFKA_GROUP",
    KafkaError._LOG_TRUNCATION: "the broker's log was cut back before what was read: "
    "see docs/how-to/operations.md, 'log truncated'",
}
_OUT_OF_RANGE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
_PASSING = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._PARTITION_EOF,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.KAFKA_STORAGE_ERROR,
    }
)
"""Errors of the way to a partition, which the client overcomes. Any other error is of what is in the log."""


class Fetched(NamedTuple):
    """What one `consume` gave.

    records: by partition.
    out_of_range: partitions whose position the broker's log no longer has.
    unreadable: partition → why its records cannot be read.
    notes: other errors of the client, which it may overcome by itself.
    """

    records: dict[PartitionId, Records]
    out_of_range: set[PartitionId]
    unreadable: dict[PartitionId, str]
    notes: list[str]

    @classmethod
    def empty(cls) -> Fetched:
        return cls({}, set(), {}, [])


def sort(error: KafkaError, message: Message, fetched: Fetched) -> None:
    """Puts an error where it belongs. Raises FatalError where an operator must act."""
    code, topic, partition = error.code(), message.topic(), message.partition()
    if code in _FATAL:
        raise FatalError(f"Kafka, {topic or 'group'}: {_FATAL[code]}.")
    if error.fatal():
        raise FatalError(f"Kafka: {error.str()}. The consumer cannot go on: start it again.")
    if topic is None or partition is None or partition < 0 or code in _PASSING:
        fetched.notes.append(f"{topic or 'client'}: {error.str()}")
    elif code in _OUT_OF_RANGE:
        fetched.out_of_range.add((topic, partition))
    else:
        fetched.unreadable[topic, partition] = error.str()

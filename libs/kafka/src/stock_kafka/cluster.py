"""What the cluster says of topics: ids, partitions, watermarks; and making them. Every call has a bound."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, ResourceType

from stock_common.run import FatalError
from stock_common.topics import Topic

CALL_SECONDS = 15.0


class TopicState(NamedTuple):
    """`topic_id` is 32 hex digits (KIP-516): its base64 form can hold `/`."""

    name: str
    topic_id: str
    partitions: int


class Unreachable(Exception):
    """The cluster did not answer in time, or refused for now. Try again."""


def describe(admin: AdminClient, names: Iterable[str]) -> dict[str, TopicState]:
    """The topics that exist among `names`. Raises Unreachable, or FatalError where the principal may not describe."""
    found: dict[str, TopicState] = {}
    for name, future in admin.describe_topics(TopicCollection(list(names)), request_timeout=CALL_SECONDS).items():
        try:
            topic = future.result(CALL_SECONDS + 5)
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            raise _classified(error, f"describe topic {name}") from None
        except TimeoutError:
            raise Unreachable(f"no answer to describe topic {name}") from None
        found[name] = TopicState(name, hex_id(topic.topic_id), len(topic.partitions))
    return found


def hex_id(topic_id: object) -> str:
    """32 hex digits of a client's topic id."""
    high, low = topic_id.get_most_significant_bits(), topic_id.get_least_significant_bits()  # type: ignore[attr-defined]
    return uuid.UUID(int=((high & (2**64 - 1)) << 64) | (low & (2**64 - 1))).hex


def watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """(first offset in the log, end offset) as the broker says now. Raises Unreachable."""
    try:
        answer = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=CALL_SECONDS, cached=False)
    except KafkaException as error:
        raise _classified(error, f"read the offsets of {topic}/{partition}") from None
    if answer is None:
        raise Unreachable(f"no answer for the offsets of {topic}/{partition}")
    return answer


def offsets(admin: AdminClient, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """(first, end) of many partitions with two requests a broker. Raises Unreachable."""
    wanted = [TopicPartition(topic, partition) for topic, partition in partitions]
    ends = []
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
        futures = admin.list_offsets(dict.fromkeys(wanted, spec), request_timeout=CALL_SECONDS)  # type: ignore[arg-type]
        try:
            ends.append({(tp.topic, tp.partition): future.result(CALL_SECONDS + 5).offset for tp, future in futures.items()})
        except KafkaException as error:
            raise _classified(error, "list offsets") from None
        except TimeoutError:
            raise Unreachable("no answer to list offsets") from None
    first, end = ends
    return {place: (first[place], end[place]) for place in first}


def make(admin: AdminClient, topics: Iterable[Topic], replication: int) -> list[str]:
    """Makes the topics that are missing and returns their names. Raises Unreachable or FatalError; an existing one with other
    partitions or timestamps is a FatalError that says so."""
    wanted = {topic.name: topic for topic in topics}
    existing = describe(admin, wanted)
    for name, state in existing.items():
        if state.partitions != wanted[name].partitions:
            raise FatalError(
                f"Topic {name} has {state.partitions} partitions, not {wanted[name].partitions}: its keys would move. Use another cluster."
            )
    new = [_new(topic, replication) for name, topic in wanted.items() if name not in existing]
    for name, future in (admin.create_topics(new, request_timeout=CALL_SECONDS) if new else {}).items():
        try:
            future.result(CALL_SECONDS + 5)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _classified(error, f"create topic {name}") from None
    for name in wanted:
        require_append_time(admin, name)
    return [topic.topic for topic in new]


def require_append_time(admin: AdminClient, topic: str) -> None:
    """Raises FatalError unless the broker stamps the topic's records itself: objects are cut by hour of that time."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        config: Mapping = admin.describe_configs([resource], request_timeout=CALL_SECONDS)[resource].result(CALL_SECONDS + 5)
    except KafkaException as error:
        raise _classified(error, f"describe the configuration of {topic}") from None
    except TimeoutError:
        raise Unreachable(f"no answer for the configuration of {topic}") from None
    kind = config["message.timestamp.type"].value
    if kind != "LogAppendTime":
        raise FatalError(f"Topic {topic} has message.timestamp.type={kind}: set it to LogAppendTime (kafka-configs --alter).")


def _new(topic: Topic, replication: int) -> NewTopic:
    config = {
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(topic.retention_ms),
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "min.insync.replicas": str(min(2, replication)),
    }
    return NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=replication, config=config)


def _classified(error: KafkaException, what: str) -> Exception:
    cause = error.args[0]
    if cause.code() in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.SASL_AUTHENTICATION_FAILED):
        return FatalError(f"Kafka refuses to {what}: {cause.str()}. Check KAFKA_SASL_USERNAME and its ACLs.")
    if cause.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        return FatalError(f"Kafka cannot {what}: {cause.str()} Set KAFKA_REPLICATION_FACTOR to the number of brokers.")
    return Unreachable(f"cannot {what}: {cause.str()}")

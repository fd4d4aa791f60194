"""Topics of the cluster: ids, partitions, offsets, and making them. Every call has a bound."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, ResourceType

from stock_common.run import FatalError
from stock_common.topics import Topic
from stock_kafka import sign_in

CALL_SECONDS = 15.0
_REFUSED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
)


class TopicState(NamedTuple):
    """`topic_id` is 32 hex digits (KIP-516): its base64 form can hold `/`."""

    name: str
    topic_id: str
    partitions: int


class Unreachable(Exception):
    """The cluster did not answer in time, or refused for now. Try again."""


class Made(NamedTuple):
    """What the topic job did: the topics that it made, and a sentence about each that is not as asked for."""

    topics: list[str]
    notes: list[str]


def describe(admin: AdminClient, names: Iterable[str]) -> dict[str, TopicState]:
    """The topics that exist among `names`.

    Raises Unreachable, also for a topic without partitions, which is being made.
    Raises FatalError where the principal may not describe one.
    """
    topics = TopicCollection(list(names))
    found: dict[str, TopicState] = {}
    for name, future in admin.describe_topics(topics, request_timeout=CALL_SECONDS).items():
        topic = _result(future, f"describe topic {name}", absent=KafkaError.UNKNOWN_TOPIC_OR_PART)
        if topic is not None and not topic.partitions:
            raise Unreachable(f"no partition of {name} is known yet")
        if topic is not None:
            found[name] = TopicState(name, hex_id(topic.topic_id), len(topic.partitions))
    return found


def hex_id(topic_id: Any) -> str:
    """32 hex digits of a client's topic id (confluent_kafka.Uuid)."""
    high, low = topic_id.get_most_significant_bits(), topic_id.get_least_significant_bits()
    return uuid.UUID(int=((high & (2**64 - 1)) << 64) | (low & (2**64 - 1))).hex


def partitions(consumer: Consumer, topic: str, seconds: float) -> list[int]:
    """The numbers of the topic's partitions. Raises KafkaException, also where the topic is being made."""
    found = consumer.list_topics(topic, timeout=seconds).topics.get(topic)
    if found is not None and found.error is not None:
        raise KafkaException(found.error)
    if found is None or not found.partitions:
        unknown = f"no partition of {topic} is known yet"
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, unknown))
    return sorted(found.partitions)


def watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """(first offset in the log, end offset) as the broker says now. Raises Unreachable."""
    what = f"read the offsets of {topic}/{partition}"
    place = TopicPartition(topic, partition)
    try:
        answer = consumer.get_watermark_offsets(place, timeout=CALL_SECONDS, cached=False)
    except KafkaException as error:
        raise _classified(error, what) from None
    if answer is None:
        raise Unreachable(f"no answer to {what}")
    return answer


def offsets(
    admin: AdminClient, partitions: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """(first, end) of many partitions with two requests a broker. Raises Unreachable."""
    places = list(partitions)
    first, end = (_offsets(admin, places, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
    return {place: (first[place], end[place]) for place in first}


def ends(admin: AdminClient, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where a reader of each partition gets to now: before the first record of an open transaction.

    It asks the broker, past every consumer. Raises Unreachable.
    """
    return _offsets(admin, list(partitions), OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)


def make(admin: AdminClient, topics: Iterable[Topic], replication: int) -> Made:
    """Makes the topics that are missing. One that was given more partitions serves as well.

    Raises Unreachable, or FatalError for a topic that exists with fewer partitions or other timestamps.
    """
    wanted = {topic.name: topic for topic in topics}
    existing = describe(admin, wanted)
    notes = [
        note
        for name, state in existing.items()
        if (note := _partitions_note(state, wanted[name])) is not None
    ]
    new = [_new(topic, replication) for name, topic in wanted.items() if name not in existing]
    futures = admin.create_topics(new, request_timeout=CALL_SECONDS) if new else {}
    for name, future in futures.items():
        _result(future, f"create topic {name}", absent=KafkaError.TOPIC_ALREADY_EXISTS)
    for name in wanted:
        require_append_time(admin, name)
    return Made([topic.topic for topic in new], notes)


def require_append_time(admin: AdminClient, topic: str) -> None:
    """Raises FatalError unless the broker stamps the topic's records itself: objects are cut by that time."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    future = admin.describe_configs([resource], request_timeout=CALL_SECONDS)[resource]
    kind = _result(future, f"describe the configuration of {topic}")["message.timestamp.type"].value
    if kind != "LogAppendTime":
        advice = "set it to LogAppendTime (kafka-configs --alter)"
        raise FatalError(f"Topic {topic} has message.timestamp.type={kind}: {advice}.")


def _partitions_note(state: TopicState, wanted: Topic) -> str | None:
    """A sentence about a topic with more partitions than are asked for.

    Raises FatalError for fewer, and for more where the readers know of one partition only.
    """
    count = f"{state.partitions} partitions, not {wanted.partitions}"
    if state.partitions < wanted.partitions:
        advice = f"add the others (kafka-topics --alter --partitions {wanted.partitions})"
        raise FatalError(f"Topic {state.name} has {count}: {advice}.")
    if state.partitions == wanted.partitions:
        return None
    if wanted.compacted:
        raise FatalError(f"Topic {state.name} has {count}: its readers read one. Use another cluster.")
    return f"Topic {state.name} has {count}: all are used, and symbols may have moved."


def _offsets(
    admin: AdminClient,
    places: Sequence[tuple[str, int]],
    spec: OffsetSpec | None,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
) -> dict[tuple[str, int], int]:
    wanted: dict[Any, Any] = dict.fromkeys((TopicPartition(*place) for place in places), spec)
    futures = admin.list_offsets(wanted, isolation_level=isolation, request_timeout=CALL_SECONDS)
    return {
        (place.topic, place.partition): _result(future, "list offsets").offset
        for place, future in futures.items()
    }


def _new(topic: Topic, replication: int) -> NewTopic:
    config = {
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(topic.retention_ms),
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "min.insync.replicas": str(min(2, replication)),
    }
    return NewTopic(
        topic.name, num_partitions=topic.partitions, replication_factor=replication, config=config
    )


def _result(future: Future[Any], what: str, absent: int | None = None) -> Any:
    """The answer to a request, None where the error is `absent`. Raises Unreachable or FatalError."""
    try:
        return future.result(CALL_SECONDS + 5)
    except KafkaException as error:
        if error.args[0].code() == absent:
            return None
        raise _classified(error, what) from None
    except TimeoutError:
        raise Unreachable(f"no answer to {what}") from None


def _classified(error: KafkaException, what: str) -> Exception:
    cause = error.args[0]
    if cause.code() in _REFUSED:
        advice = sign_in.advice(cause.code(), cause.str())
        return FatalError(f"Kafka refuses to {what}: {cause.str()}: {advice}.")
    if cause.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        advice = "Set KAFKA_REPLICATION_FACTOR to the number of brokers."
        return FatalError(f"Kafka cannot {what}: {cause.str()} {advice}")
    return Unreachable(f"cannot {what}: {cause.str()}")

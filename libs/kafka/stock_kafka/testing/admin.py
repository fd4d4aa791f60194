"""An admin client over the broker in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition, Uuid
from confluent_kafka.admin import NewTopic, OffsetSpec

from stock_kafka.testing.broker import Broker

K = TypeVar("K")
_BITS = 64


class MemoryAdmin:
    """confluent_kafka.admin.AdminClient's methods. Each future is done at once."""

    def __init__(self, broker: Broker, config: Mapping[str, Any] | None = None) -> None:
        self.broker = broker
        self.config = dict(config or {})

    def describe_topics(self, topics: TopicCollection, request_timeout: float = 0) -> dict[str, Future[Any]]:
        names: list[str] = topics.topic_names
        return self._answers(names, self._description)

    def list_offsets(
        self,
        topic_partition_offsets: Mapping[TopicPartition, OffsetSpec],
        isolation_level: Any = None,
        request_timeout: float = 0,
    ) -> dict[TopicPartition, Future[Any]]:
        def offset(place: TopicPartition) -> Any:
            return SimpleNamespace(offset=self._offset(place, topic_partition_offsets[place]))

        return self._answers(topic_partition_offsets, offset)

    def create_topics(
        self, new_topics: Iterable[NewTopic], request_timeout: float = 0
    ) -> dict[str, Future[None]]:
        wanted = {topic.topic: topic for topic in new_topics}

        def create(name: str) -> None:
            if name in self.broker.topics:
                raise KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS))
            topic = wanted[name]
            kind = (topic.config or {}).get("message.timestamp.type", "CreateTime")
            self.broker.create(name, topic.num_partitions, append_time=kind == "LogAppendTime")

        return self._answers(wanted, create)

    def describe_configs(
        self, resources: Iterable[Any], request_timeout: float = 0
    ) -> dict[Any, Future[Any]]:
        def config(resource: Any) -> Any:
            topic = self.broker.topics.get(resource.name)
            if topic is None:
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
            kind = "LogAppendTime" if topic.append_time else "CreateTime"
            return {"message.timestamp.type": SimpleNamespace(value=kind)}

        return self._answers(resources, config)

    def _answers(self, names: Iterable[K], answer: Callable[[K], Any]) -> dict[K, Future[Any]]:
        return {name: self._future(answer, name) for name in names}

    def _future(self, answer: Callable[[K], Any], name: K) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            self.broker.require_up()
            future.set_result(answer(name))
        except KafkaException as error:
            future.set_exception(error)
        return future

    def _description(self, name: str) -> Any:
        topic = self.broker.topics.get(name)
        if topic is None:
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        number = int(topic.topic_id, 16)
        halves = _signed(number >> _BITS), _signed(number & (2**_BITS - 1))
        return SimpleNamespace(topic_id=Uuid(*halves), partitions=list(topic.partitions))

    def _offset(self, place: TopicPartition, spec: Any) -> int:
        held = self.broker.partitions(place.topic)[place.partition]
        if spec is OffsetSpec.earliest():
            return held.first
        if spec is OffsetSpec.latest():
            return held.end
        records = self.broker.records(place.topic, place.partition)
        return next((each.offset for each in records if each.time_ms >= spec._value), -1)  # noqa: SLF001


def _signed(bits: int) -> int:
    return bits - 2**_BITS if bits >= 2 ** (_BITS - 1) else bits

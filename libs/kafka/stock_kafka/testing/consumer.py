"""A consumer over the broker in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaError, TopicPartition

from stock_kafka.testing.broker import Broker, Partition
from stock_kafka.testing.message import MemoryMessage, event

Place = tuple[str, int]


class MemoryConsumer:
    """confluent_kafka.Consumer's methods. A subscription is given every partition at the next poll.

    wait: called with the timeout when nothing is there. A test moves its clock in it. Nothing sleeps.
    committed offsets are in the broker's `committed`, by group and place.
    """

    def __init__(
        self,
        broker: Broker,
        config: Mapping[str, Any] | None = None,
        wait: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self.broker = broker
        self.config = dict(config or {})
        self._wait = wait
        self._positions: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self._ends_seen: dict[Place, int] = {}
        self._subscribed: list[str] | None = None
        self._on_assign = self._on_revoke = self._on_lost = None
        self.closed = False

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._positions, self._paused, self._ends_seen = {}, set(), {}
        for each in partitions:
            self._positions[each.topic, each.partition] = each.offset

    def unassign(self) -> None:
        self.assign([])

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self._positions]

    def subscribe(
        self, topics: list[str], on_assign: Any = None, on_revoke: Any = None, on_lost: Any = None
    ) -> None:
        self._subscribed = list(topics)
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost

    def revoke(self) -> None:
        """Takes every partition away, as a rebalance does. The next poll gives them back."""
        self._take_away(self._on_revoke)

    def lose(self) -> None:
        """Takes every partition away without asking, as after a session timeout."""
        self._take_away(self._on_lost or self._on_revoke)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        self._paused |= {(each.topic, each.partition) for each in partitions}

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        self._paused -= {(each.topic, each.partition) for each in partitions}

    def poll(self, timeout: float = 0) -> MemoryMessage | None:
        found = self.consume(1, timeout)
        return found[0] if found else None

    def consume(self, num_messages: int = 1, timeout: float = 0) -> list[MemoryMessage]:
        if not self.broker.up:
            self._wait(timeout)
            return []
        if self._subscribed is not None and not self._positions:
            self._give()
        found: list[MemoryMessage] = []
        for place in list(self._positions):
            while place not in self._paused and len(found) < num_messages:
                message = self._next(place)
                if message is None:
                    break
                found.append(message)
        if not found:
            self._wait(timeout)
        return found

    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float = 0, cached: bool = False
    ) -> tuple[int, int] | None:
        if not self.broker.up:
            return None
        held = self._held((partition.topic, partition.partition))
        return held.first, held.end

    def offsets_for_times(
        self, partitions: Iterable[TopicPartition], timeout: float = 0
    ) -> list[TopicPartition]:
        """Each partition with the offset of its first record of that time (ms) or later, else OFFSET_END."""
        self.broker.require_up()
        return [self._at_time(each) for each in partitions]

    def list_topics(self, topic: str | None = None, timeout: float = 0) -> SimpleNamespace:
        """Metadata: `.topics[name].partitions`, and `.topics[name].error` for an unknown topic."""
        self.broker.require_up()
        names = [topic] if topic is not None else list(self.broker.topics)
        return SimpleNamespace(topics={name: self._metadata(name) for name in names})

    def commit(self, offsets: Iterable[TopicPartition] = (), asynchronous: bool = True) -> None:
        committed = self.broker.committed.setdefault(self.config.get("group.id", ""), {})
        committed |= {(each.topic, each.partition): each.offset for each in offsets}

    def close(self) -> None:
        if self._subscribed is not None:
            self.revoke()
        self.closed = True

    def _give(self) -> None:
        places = [
            TopicPartition(topic, number)
            for topic in self._subscribed or ()
            if topic in self.broker.topics
            for number in range(len(self.broker.partitions(topic)))
        ]
        if not places:
            return
        if self._on_assign is not None:
            self._on_assign(self, places)
        if not self._positions:
            self.assign(places)

    def _take_away(self, callback: Any) -> None:
        places = self.assignment()
        if places and callback is not None:
            callback(self, places)
        self._positions = {}

    def _next(self, place: Place) -> MemoryMessage | None:
        held = self._held(place)
        position = self._resolved(place, held)
        if position is None:
            del self._positions[place]
            return event(*place, -1, KafkaError._AUTO_OFFSET_RESET)
        record = held.next_record(position)
        if record is not None:
            self._positions[place] = record.offset + 1
            return MemoryMessage(record, append_time=self.broker.topics[place[0]].append_time)
        self._positions[place] = held.end
        if self.config.get("enable.partition.eof") and self._ends_seen.get(place) != held.end:
            self._ends_seen[place] = held.end
            return event(*place, held.end, KafkaError._PARTITION_EOF)
        return None

    def _resolved(self, place: Place, held: Partition) -> int | None:
        """The offset to read next, None where it is out of range and the configuration asks for an error."""
        position, reset = self._positions[place], self.config.get("auto.offset.reset", "latest")
        if position in (OFFSET_BEGINNING, OFFSET_END):
            return held.first if position == OFFSET_BEGINNING else held.end
        if held.first <= position <= held.end:
            return position
        return {"earliest": held.first, "latest": held.end}.get(reset)

    def _held(self, place: Place) -> Partition:
        return self.broker.partitions(place[0])[place[1]]

    def _metadata(self, topic: str) -> SimpleNamespace:
        if topic not in self.broker.topics:
            return SimpleNamespace(error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), partitions={})
        numbers = range(len(self.broker.partitions(topic)))
        return SimpleNamespace(error=None, partitions=dict.fromkeys(numbers))

    def _at_time(self, wanted: TopicPartition) -> TopicPartition:
        records = self.broker.records(wanted.topic, wanted.partition)
        offset = next((each.offset for each in records if each.time_ms >= wanted.offset), OFFSET_END)
        return TopicPartition(wanted.topic, wanted.partition, offset)

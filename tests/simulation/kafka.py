"""A simulated Kafka: partitions with topic ids, epochs, retention, markers, and what a reader is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, TopicPartition

from stock_kafka.cluster import TopicState, Unreachable

from .world import World

START_MS = 1_795_000_000_000
HOUR_MS = 3_600_000
Place = tuple[str, int]


class Record(NamedTuple):
    """`value` None: a control record, which takes an offset and is delivered to nobody."""

    offset: int
    time: int
    epoch: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Log:
    """One partition. `truth` has every record that was ever accepted, of each offset the last one."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.first, self.end, self.epoch = 0, 0, 0
        self.truth: dict[int, Record] = {}
        self.unreadable: set[int] = set()
        self.replaced: set[int] = set()
        """Offsets that an unclean election has emptied."""
        self.busy_until = 0.0

    def since(self, offset: int) -> list[Record]:
        return self.records[max(0, offset - self.first) :]


class Topic:
    def __init__(self, number: int, partitions: int) -> None:
        self.topic_id = f"{number:032x}"
        self.logs = [Log() for _ in range(partitions)]


class Message:
    """What confluent_kafka.Message offers the product."""

    __slots__ = ("_at", "_error", "_offset", "_record")

    def __init__(self, at: Place, record: Record | None, error: KafkaError | None = None, offset: int = -1):
        self._at, self._record, self._error = at, record, error
        self._offset = offset if record is None else record.offset

    def topic(self) -> str:
        return self._at[0]

    def partition(self) -> int:
        return self._at[1]

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def value(self) -> bytes | None:
        return self._record.value if self._record else None

    def key(self) -> bytes | None:
        return self._record.key if self._record else None

    def headers(self) -> list[tuple[str, bytes]] | None:
        return list(self._record.headers) if self._record else None

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, self._record.time if self._record else 0

    def leader_epoch(self) -> int | None:
        return self._record.epoch if self._record else None


class Cluster:
    """The brokers. `clock_ms` is added to their wall clock."""

    def __init__(self, world: World, topics: dict[str, int]) -> None:
        self.world, self.clock_ms = world, 0
        self.ids = 0
        self.topics: dict[str, Topic] = {}
        self.old: list[tuple[str, Topic]] = []
        self.readers: list[Any] = []
        for name, partitions in topics.items():
            self.make(name, partitions)

    def make(self, name: str, partitions: int) -> None:
        """Makes the topic, or makes it again under a new id."""
        if name in self.topics:
            self.old.append((name, self.topics[name]))
        self.ids += 1
        self.topics[name] = Topic(self.ids, partitions)

    def log(self, place: Place) -> Log:
        return self.topics[place[0]].logs[place[1]]

    def wall_ms(self) -> int:
        return START_MS + self.clock_ms + int(self.world.now * 1000)

    def append(
        self,
        place: Place,
        value: bytes | None,
        key: bytes | None = None,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> int:
        log = self.log(place)
        record = Record(log.end, self.wall_ms(), log.epoch, value, key, headers)
        log.records.append(record)
        log.end += 1
        log.truth[record.offset] = record
        for reader in self.readers:
            reader.nudge()
        return record.offset

    def expire(self, place: Place, count: int) -> None:
        log = self.log(place)
        count = min(count, len(log.records))
        del log.records[:count]
        log.first += count

    def elect(self, place: Place, lost: int) -> None:
        """A new leader. An unclean one has lost the last records."""
        log = self.log(place)
        log.epoch += 1
        log.busy_until = self.world.now + 3.0
        kept = max(0, len(log.records) - lost)
        log.replaced.update(record.offset for record in log.records[kept:])
        del log.records[kept:]
        log.end = log.first + kept

    def describe(self, admin: Any, names: Iterable[str]) -> dict[str, TopicState]:
        def answer() -> dict[str, TopicState]:
            known = {name: self.topics[name] for name in names if name in self.topics}
            return {name: TopicState(name, t.topic_id, len(t.logs)) for name, t in known.items()}

        return self.world.request("describe topics", answer, self._silent)

    def watermarks(self, consumer: Any, topic: str, partition: int) -> tuple[int, int]:
        return self.world.request("ask watermarks", lambda: self._offsets((topic, partition)), self._silent)

    def offsets(self, admin: Any, places: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        return self.world.request(
            "ask offsets", lambda: {place: self._offsets(place) for place in places}, self._silent
        )

    def ends(self, admin: Any, places: Iterable[Place]) -> dict[Place, int]:
        wanted = list(places)
        return self.world.request(
            "ask ends", lambda: {place: self._offsets(place)[1] for place in wanted}, self._silent
        )

    def since(self, place: Place, milliseconds: int, end: int) -> int:
        def answer() -> int:
            later = (record.offset for record in self.log(place).records if record.time >= milliseconds)
            return next(later, end)

        return self.world.request("ask offsets", answer, self._silent)

    def _offsets(self, place: Place) -> tuple[int, int]:
        """A leader that was just elected does not know its end yet, and says so (KIP-207)."""
        if place[0] not in self.topics or self.log(place).busy_until > self.world.now:
            raise self._silent()
        return self.log(place).first, self.log(place).end

    @staticmethod
    def _silent() -> Unreachable:
        return Unreachable("no answer")


class Reader:
    """confluent_kafka.Consumer outside of a group: what stock_kafka.reader uses."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.world = cluster, cluster.world
        self.positions: dict[Place, int] = {}
        self.ids: dict[Place, str] = {}
        self._shown_ends: set[tuple[Place, int]] = set()

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self.positions = {(each.topic, each.partition): each.offset for each in partitions}
        self._shown_ends.clear()

    def poll(self, seconds: float) -> Message | None:
        found = self.consume(1, seconds)
        return found[0] if found else None

    def consume(self, count: int, seconds: float) -> list[Message]:
        if not seconds:
            return self._fetch(count)
        try:
            found = self.world.request("read again", lambda: self._fetch(count), TimeoutError, seconds)
        except TimeoutError:
            return []
        if not found:
            self.world.sleep(seconds)
        return found

    def close(self) -> None: ...

    def _fetch(self, count: int) -> list[Message]:
        found: list[Message] = []
        for place, position in self.positions.items():
            log = self.cluster.log(place)
            if log.busy_until > self.world.now:
                continue
            if not log.first <= position <= log.end:
                error = KafkaError(KafkaError._AUTO_OFFSET_RESET)
                found.append(Message(place, None, error))
                continue
            for record in log.since(position)[:count]:
                if record.offset in log.unreadable:
                    return [*found, Message(place, None, KafkaError(KafkaError._BAD_MSG))]
                self.positions[place] = record.offset + 1
                if record.value is not None:
                    found.append(Message(place, record))
            end = self.positions[place]
            if end == log.end and (place, end) not in self._shown_ends:
                self._shown_ends.add((place, end))
                found.append(Message(place, None, KafkaError(KafkaError._PARTITION_EOF), end))
        return found

"""A broker, a group and dead letters in memory, and one sink over them. The tests share them."""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from prometheus_client import CollectorRegistry
from samples import QUOTE

from stock_common import logs, records
from stock_common.deadline import Deadline
from stock_common.status import ChainStatus, Status
from stock_kafka.cluster import Unreachable
from stock_kafka.reader import Unreadable
from stock_objects.chain import Chain, link_at
from stock_objects.testing import MemoryStore
from stock_s3_sink.backpressure import Backpressure
from stock_s3_sink.cutter import Limits, Records
from stock_s3_sink.encode.parquet import Rejected
from stock_s3_sink.fetched import Fetched, PartitionId
from stock_s3_sink.liveness import Liveness
from stock_s3_sink.loop import Sink, Stages
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.progress import Progress
from stock_s3_sink.resume import Resumer, TopicLog
from stock_s3_sink.source import Listener
from stock_s3_sink.status import StatusReporter
from stock_s3_sink.uploads import TOPICS, Uploads
from stock_s3_sink.writer import LinkWriter

PARTITION_ID = ("stock-data", 0)
GOOD = records.encode(QUOTE)
START_MS = 1_795_000_000_000
LIMITS = Limits(rows=1000, size=10**6, seconds=1.0)


class Died(BaseException):
    """The process is gone."""


class Letters:
    def __init__(self) -> None:
        self.sent: list[int] = []
        self.faults: list[BaseException] = []
        self.admitted = 0

    def admit(self, topic: str, partition: int, letters: Sequence[Rejected], seen: int) -> None:
        self.admitted += seen

    def send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.sent += [letter.offset for letter in letters]


class Broker:
    """One partition's log and the topics' ids."""

    def __init__(self) -> None:
        self.ids = dict.fromkeys(TOPICS, "a" * 32)
        self.first = 0
        self.log: list[tuple[bytes, int]] = []
        self.unreachable = 0
        self.absent: set[int] = set()
        """Offsets without a record: a transaction's markers."""
        self.unreadable: set[int] = set()
        self.epochs: dict[int, int] = {}
        """Offset → the epoch of the leader that wrote it, 0 where it is not given."""

    def records(self, first: int, end: int) -> Records:
        """What a client gets of `first..end-1`. Raises Unreadable."""
        offsets = [each for each in range(first, min(end, len(self.log))) if each not in self.absent]
        for each in offsets:
            if each in self.unreadable:
                raise Unreadable(each, "CRC mismatch")
        values, times = [self.log[each][0] for each in offsets], [self.log[each][1] for each in offsets]
        epoch = max((self.epochs.get(each, 0) for each in offsets), default=-1)
        return Records(values, array("q", offsets), array("q", times), epoch, sum(map(len, values)))

    def append(self, count: int, value: bytes = GOOD) -> None:
        self.log += [(value, START_MS + len(self.log) + n) for n in range(count)]


class MemorySource:
    """A consumer of the broker: the same methods as KafkaSource."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._at, self._paused, self._held = broker, None, False, False
        self.skips: set[int] = set()
        """Offsets that the client leaves out, once."""
        self.frozen = False
        """The client delivers nothing until the partition is assigned again."""
        self.pauses: list[str] = []
        self.committed: dict[PartitionId, int] = {}
        self.give = True

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None:
        self.listener = listener

    def consume(self, count: int, seconds: float) -> Fetched:
        time.sleep(0.001)
        if self.give and self._at is None:
            self._at = self.listener.assigned([PARTITION_ID])[PARTITION_ID]
        if self._at is None or self._paused or self._held or self.frozen:
            return Fetched.empty()
        if not self._broker.first <= self._at <= len(self._broker.log):
            return Fetched({}, {PARTITION_ID}, {}, [])
        begin, bad = self._at, [each for each in self._broker.unreadable if each >= self._at]
        self._at = min(len(self._broker.log), begin + count, *bad)
        held = self._broker.records(begin, self._at)
        held = held.pick([place for place, each in enumerate(held.offsets) if each not in self.skips])
        self.skips.clear()
        unreadable = {PARTITION_ID: "CRC mismatch"} if self._at in bad else {}
        return Fetched({PARTITION_ID: held} if held else {}, set(), unreadable, [])

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        if self._broker.unreachable:
            self._broker.unreachable -= 1
            raise Unreachable("no answer")
        return {name: self._broker.ids[name] for name in topics if name in self._broker.ids}

    def watermarks(self, partition_id: PartitionId) -> tuple[int, int]:
        return self._broker.first, len(self._broker.log)

    def ends(self, partition_ids: Iterable[PartitionId]) -> dict[PartitionId, int]:
        return dict.fromkeys(partition_ids, len(self._broker.log))

    def reread(self, partition_id: PartitionId, first: int, last: int, most: int) -> Records:
        return self._broker.records(first, min(last + 1, first + most))

    def commit(self, positions: Mapping[PartitionId, int]) -> None:
        self.committed |= positions

    def hold(self, partition_id: PartitionId) -> None:
        self._held = True

    def reposition(self, moved: Iterable[PartitionId], positions: Mapping[PartitionId, int]) -> None:
        self._at, self._held, self.frozen = positions[PARTITION_ID], False, False

    def pause(self) -> None:
        self._paused = True
        self.pauses.append("pause")

    def resume(self) -> None:
        self._paused = False
        self.pauses.append("resume")

    def close(self) -> None:
        self.listener.revoked([PARTITION_ID])


class Publisher:
    def __init__(self) -> None:
        self.states: list[Status] = []

    def publish(self, state: Status) -> None:
        self.states.append(state)

    def close(self, seconds: float) -> None: ...


class Clock:
    """Goes on by a tenth of a second a look."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


class Run:
    """One sink process over a broker and a store that outlive it."""

    def __init__(
        self, broker: Broker, store: MemoryStore, limits: Limits = LIMITS, buffer_bytes: int = 10**7
    ) -> None:
        self.source, self.clock, self.stopping = MemorySource(broker), Clock(), False
        self.registry = CollectorRegistry()
        self.liveness = Liveness(300.0, self.clock)
        self.publisher, self.letters = Publisher(), Letters()
        status = StatusReporter(
            Metrics(self.registry), self.publisher, logs.logger("test"), lambda: datetime.now(UTC)
        )
        writer = LinkWriter(
            store,
            self.letters,
            TopicLog(self.source),
            self.liveness.fresh,
            status.retry,
            random.Random(1).random,
        )
        stages = Stages(
            self.source,
            Progress(self.source.ends),
            Backpressure(self.source, buffer_bytes),
            Resumer(self.source, store, writer, status, self.liveness, lambda _: self.stopping),
            Uploads(writer, 2),
            status,
        )
        self.sink = Sink(stages, limits, self.liveness, logs.logger("test"))

    def until(self, done: Callable[[], bool]) -> None:
        deadline = Deadline(10)
        while not done():
            assert not deadline.passed
            self.sink.poll_once()


def covered(store: MemoryStore, topic_id: str = "a" * 32) -> list[tuple[int, int, int]]:
    """(first, last, rows) of the chain's links; fails on a hole or an overlap."""
    found = [link_at(store, info.key) for info in store.objects(Chain("stock-data", topic_id, 0).prefix)]
    links = [link for link in found if link]
    assert all(a.last + 1 == b.first for a, b in pairwise(links))
    return [(link.first, link.last, link.rows) for link in links]


def end(store: MemoryStore) -> int:
    links = covered(store)
    return links[-1][1] if links else -1


def last_fault(run: Run) -> str | None:
    state = run.publisher.states[-1] if run.publisher.states else None
    return state.fault if isinstance(state, ChainStatus) else None

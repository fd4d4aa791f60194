"""The loop against a broker and a bucket in memory: positions, deaths, zombies, retention, re-created topics, the memory ceiling."""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry
from samples import QUOTE
from test_writer import Letters

from stock_common import logs, records
from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.status import ChainStatus, Status
from stock_kafka.cluster import Unreachable
from stock_objects.chain import Chain, link_at
from stock_objects.errors import ObjectError
from stock_objects.memory import MemoryStore
from stock_s3_sink import sink as sink_module
from stock_s3_sink.chunks import Limits, Records
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.poll_clock import PollClock
from stock_s3_sink.position import require_topic
from stock_s3_sink.reports import Reports
from stock_s3_sink.sink import Sink
from stock_s3_sink.source import Fetched, Listener, Place
from stock_s3_sink.uploads import TOPICS, Uploads
from stock_s3_sink.writer import LinkWriter

PLACE = ("stock-data", 0)
GOOD = records.encode(QUOTE)
START_MS = 1_795_000_000_000
LIMITS = Limits(rows=1000, size=10**6, seconds=1.0)


class Broker:
    """One partition's log and the topics' ids."""

    def __init__(self) -> None:
        self.ids = dict.fromkeys(TOPICS, "a" * 32)
        self.first = 0
        self.log: list[tuple[bytes, int]] = []
        self.unreachable = 0

    def append(self, count: int, value: bytes = GOOD) -> None:
        self.log += [(value, START_MS + len(self.log) + n) for n in range(count)]


class MemorySource:
    """A consumer of the broker: the same methods as KafkaSource."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._at, self._paused = broker, None, False
        self.pauses: list[str] = []
        self.committed: dict[Place, int] = {}
        self.give = True

    def subscribe(self, topics: Iterable[str], listener: Listener) -> None:
        self.listener = listener

    def consume(self, count: int, seconds: float) -> Fetched:
        time.sleep(0.001)
        if self.give and self._at is None:
            self._at = self.listener.assigned([PLACE])[PLACE]
        if self._at is None or self._paused:
            return Fetched({}, set())
        if not self._broker.first <= self._at <= len(self._broker.log):
            return Fetched({}, {PLACE})
        held = self._broker.log[self._at : self._at + count]
        begin, self._at = self._at, self._at + len(held)
        if not held:
            return Fetched({}, set())
        values = [value for value, _ in held]
        return Fetched(
            {PLACE: Records(values, array("q", range(begin, self._at)), array("q", [at for _, at in held]), 0, sum(map(len, values)))}, set()
        )

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        if self._broker.unreachable:
            self._broker.unreachable -= 1
            raise Unreachable("no answer")
        return {name: self._broker.ids[name] for name in topics if name in self._broker.ids}

    def watermarks(self, place: Place) -> tuple[int, int]:
        return self._broker.first, len(self._broker.log)

    def end(self, place: Place) -> int:
        return len(self._broker.log)

    def commit(self, positions: Mapping[Place, int], wait: bool) -> None:
        self.committed |= positions

    def reposition(self, place: Place, offset: int) -> None:
        self._at = offset

    def pause(self) -> None:
        self._paused = True
        self.pauses.append("pause")

    def resume(self) -> None:
        self._paused = False
        self.pauses.append("resume")

    def close(self) -> None:
        self.listener.revoked([PLACE])


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

    def __init__(self, broker: Broker, store: MemoryStore, limits: Limits = LIMITS, buffer_bytes: int = 10**7) -> None:
        self.source, self.clock, self.stopping = MemorySource(broker), Clock(), False
        self.registry = CollectorRegistry()
        self.poll_clock = PollClock(300.0, self.clock)
        self.publisher, self.letters = Publisher(), Letters()
        reports = Reports(Metrics(self.registry), self.publisher, logs.logger("test"), lambda: datetime.now(UTC))
        writer = LinkWriter(
            store, self.letters, self.poll_clock.fresh, reports.retry, random.Random(1), partial(require_topic, self.source.topic_ids)
        )
        uploads = Uploads(writer, 2)
        self.sink = Sink(
            self.source, store, writer, uploads, reports, limits, buffer_bytes, self.poll_clock, logs.logger("test"), lambda _: self.stopping
        )

    def until(self, done: Callable[[], bool]) -> None:
        deadline = Deadline(10)
        while not done():
            assert not deadline.passed
            self.sink.poll_once()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def covered(store: MemoryStore, topic_id: str = "a" * 32) -> list[tuple[int, int, int]]:
    """(first, last, rows) of the chain's links; fails on a hole or an overlap."""
    found = [link_at(store, info.key) for info in store.objects(Chain("stock-data", topic_id, 0).prefix)]
    links = [link for link in found if link]
    assert all(a.last + 1 == b.first for a, b in pairwise(links))
    return [(link.first, link.last, link.rows) for link in links]


def end(store: MemoryStore) -> int:
    links = covered(store)
    return links[-1][1] if links else -1


def test_everything_is_put_within_the_flush_age_and_the_rest_at_the_close(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    broker.append(3)
    run.sink.poll_once()
    run.sink.close(Deadline(25))
    assert covered(store) == [(0, 4, 5), (5, 7, 3)]
    assert run.source.committed == {PLACE: 8}


def test_the_status_says_when_the_oldest_and_the_newest_record_of_the_last_object_came(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4 and any(state.last_offset == 4 for state in run.publisher.states))
    status = run.publisher.states[-1]
    assert isinstance(status, ChainStatus)
    first, last = (datetime.fromtimestamp(broker.log[offset][1] / 1000, UTC) for offset in (0, 4))
    assert (status.first_kafka_time, status.last_kafka_time) == (first, last)
    assert first < last


def test_a_close_that_can_put_nothing_keeps_its_deadline(broker: Broker, store: MemoryStore) -> None:
    """Leaving the group revokes the partitions: the second flush has what the first one left of the time, not a time of its own."""
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    broker.append(3)
    run.sink.poll_once()
    broker.unreachable = 10**6
    begun = time.monotonic()
    run.sink.close(Deadline(1))
    assert time.monotonic() - begun < 5
    assert end(store) == 4


def test_a_stop_is_not_kept_waiting_by_a_position_that_cannot_be_known(broker: Broker, store: MemoryStore) -> None:
    broker.unreachable = 10**6
    run = Run(broker, store)
    run.stopping = True
    with pytest.raises(FatalError, match="Asked to stop before the position of stock-data/0 was known: no answer"):
        run.sink.poll_once()


def test_a_successor_reads_on_from_s3_whatever_was_committed(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    broker.append(5)
    successor = Run(broker, store)
    successor.until(lambda: end(store) == 9)
    assert covered(store) == [(0, 4, 5), (5, 9, 5)]


def test_two_writers_of_one_partition_make_one_chain(broker: Broker, store: MemoryStore) -> None:
    """A zombie that still holds records and its successor, turn by turn."""
    zombie, successor = Run(broker, store, Limits(3, 10**6, 1.0)), Run(broker, store, Limits(5, 10**6, 1.0))
    for _ in range(20):
        broker.append(7)
        zombie.sink.poll_once()
        successor.sink.poll_once()
    successor.until(lambda: end(store) == 139)
    zombie.until(lambda: not zombie.sink._parts[PLACE].cutter.rows)
    assert sum(rows for _, _, rows in covered(store)) == 140


def test_a_new_chain_begins_at_the_logs_start(broker: Broker, store: MemoryStore) -> None:
    broker.append(10)
    broker.first = 4
    Run(broker, store).until(lambda: end(store) == 9)
    assert covered(store) == [(4, 9, 6)]


def test_what_retention_took_is_a_lost_link(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    broker.append(10)
    broker.first = 8
    run = Run(broker, store)
    run.until(lambda: end(store) == 14)
    assert covered(store) == [(0, 4, 5), (5, 7, 0), (8, 14, 7)]
    assert run.registry.get_sample_value("stock_s3_sink_offsets_lost_total", {"topic": "stock-data"}) == 3


def test_retention_that_passes_a_running_sink_loses_only_what_it_had_not_read(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store, Limits(1000, 10**6, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    broker.append(20)
    broker.first = 15
    run.until(lambda: end(store) >= 14)
    assert covered(store)[:2] == [(0, 4, 5), (5, 14, 0)]


def test_a_truncated_log_is_refused(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    del broker.log[3:]
    with pytest.raises(FatalError, match="truncated"):
        Run(broker, store).sink.poll_once()
    assert covered(store) == [(0, 4, 5)]


def test_a_topic_made_again_while_it_is_read_puts_nothing_and_then_has_a_chain_of_its_own(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.sink.poll_once()
    broker.ids["stock-data"] = "b" * 32
    with pytest.raises(FatalError, match="made again"):
        run.until(lambda: False)
    assert covered(store) == []
    Run(broker, store).until(lambda: covered(store, "b" * 32) == [(0, 4, 5)])


def test_nothing_is_put_while_the_topic_ids_are_unknown(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    broker.unreachable = 3
    run.until(lambda: end(store) == 4)
    assert broker.unreachable == 0


def test_lost_partitions_put_nothing(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    run.source.give = False
    run.sink.lost([PLACE])
    for _ in range(30):
        run.sink.poll_once()
    assert covered(store) == []


def test_a_sleeper_drops_its_buffers_and_looks_its_position_up(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    run.sink._parts[PLACE].cutter.cut("age")
    run.clock.now += 1000
    run.sink._start(run.sink._parts)
    run.until(lambda: end(store) == 4)
    assert covered(store) == [(0, 4, 5)]


def test_s3_failing_for_a_while_stops_nothing(broker: Broker, store: MemoryStore) -> None:
    store.faults = [("put_new", ObjectError("503"))] * 2 + [("put_new", ObjectError("timeout"), "after")]
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    assert run.registry.get_sample_value("stock_s3_sink_put_retries_total") == 3


def test_at_the_memory_ceiling_partitions_pause_and_resume(broker: Broker, store: MemoryStore) -> None:
    store.faults = [("put_new", ObjectError("503"))] * 3
    broker.append(100)
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0), buffer_bytes=50 * len(GOOD))
    run.until(lambda: end(store) == 99)
    run.until(lambda: run.source.pauses == ["pause", "resume"])


def test_a_revoked_partition_is_flushed_committed_and_forgotten(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    run.sink.revoked([PLACE])
    assert covered(store) == [(0, 4, 5)]
    assert run.source.committed == {PLACE: 5}
    assert not run.sink._parts


def test_a_flush_that_s3_refuses_ends_at_its_deadline_and_leaves_all_to_the_next_owner(
    broker: Broker, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_module, "REVOKE_SECONDS", 0.3)
    store.faults = [("put_new", ObjectError("503"))] * 50
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    run.sink.revoked([PLACE])
    assert covered(store) == []
    assert run.source.committed == {PLACE: 0}
    store.faults = []
    Run(broker, store).until(lambda: end(store) == 4)
    assert covered(store) == [(0, 4, 5)]


def test_what_was_paused_flows_again_when_the_group_moves(broker: Broker, store: MemoryStore) -> None:
    """A cooperative rebalance that gives this sink nothing new must not leave its partitions paused for ever."""
    store.faults = [("put_new", ObjectError("503"))] * 3
    broker.append(100)
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0), buffer_bytes=50 * len(GOOD))
    run.until(lambda: run.source.pauses == ["pause"])
    run.source.listener.assigned([])
    broker.append(100)
    run.until(lambda: end(store) >= 150)

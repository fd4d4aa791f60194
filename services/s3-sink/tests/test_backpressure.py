"""Under any upload speed and any number of busy partitions: memory is bounded, and no object is small."""

from __future__ import annotations

from array import array
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stock_common.links import Link
from stock_objects.chain import Chain
from stock_s3_sink.backpressure import Backpressure
from stock_s3_sink.cutter import HOUR_MS, Chunk, Cutter, Limits, Records
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.uploads import Partition

CEILING, RECORD = 64_000, 100
LIMITS = Limits(rows=10**9, size=CEILING // 2, seconds=1e9)
BATCH = 50
START = 1_795_000_000_000


class Source:
    paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class World:
    """The loop's steps over partitions in memory. An upload ends when the test says so."""

    def __init__(self, partitions: int) -> None:
        self.parts: dict[PartitionId, Partition] = {
            ("t", number): Partition(Cutter(Chain("t", "0" * 32, number), 0, None))
            for number in range(partitions)
        }
        self.source = Source()
        self.pressure = Backpressure(self.source, CEILING)  # type: ignore[arg-type]
        self.put: list[tuple[str, int]] = []

    @property
    def held(self) -> int:
        return sum(part.cutter.size for part in self.parts.values())

    def deliver(self, numbers: list[int]) -> None:
        """One poll: a batch for these partitions together, unless the source is paused."""
        if self.held >= CEILING or self.source.paused:
            return
        for number in numbers:
            cutter = self.parts["t", number].cutter
            cutter.append(records(cutter.expected, BATCH // len(numbers)), 0.0)
            if reason := cutter.due(LIMITS, 0.0):
                cutter.cut(reason)

    def step(self) -> None:
        self.pressure.relieve(self.parts)
        for part in self.parts.values():
            if part.upload is None and part.cutter.queue:
                part.cutter.join(LIMITS)
                part.uploading, part.upload = part.cutter.queue[0], Future()

    def finish(self, number: int) -> None:
        part = self.parts["t", number]
        if part.upload is not None and part.uploading is not None:
            chunk, part.upload, part.uploading = part.uploading, None, None
            self.put.append((chunk.reason, chunk.records.size))
            last = chunk.records.offsets[-1]
            part.cutter.settled(Link(part.cutter.key(chunk.records), last, len(chunk.records)))


def records(first: int, count: int, time: int = START) -> Records:
    values = [b"x" * RECORD] * count
    return Records(
        values, array("q", range(first, first + count)), array("q", [time] * count), 0, count * RECORD
    )


steps = st.lists(
    st.tuples(
        st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True),
        st.lists(st.integers(0, 11), max_size=3),
    ),
    min_size=20,
    max_size=400,
)


@settings(deadline=None, max_examples=60)
@given(partitions=st.integers(1, 12), plan=steps)
def test_objects_cut_for_memory_are_not_small_and_memory_is_bounded(
    partitions: int, plan: list[tuple[list[int], list[int]]]
) -> None:
    world = World(partitions)
    for busy, done in plan * 3:
        world.deliver(sorted({number % partitions for number in busy}))
        world.step()
        for number in done:
            world.finish(number % partitions)
        assert world.held <= CEILING + BATCH * RECORD
    small = [
        size
        for reason, size in world.put
        if reason == "memory" and size < world.pressure.smallest(partitions)
    ]
    assert small == []


@pytest.mark.parametrize("partitions", [1, 2, 3, 6, 12])
def test_a_full_memory_always_has_something_on_its_way(partitions: int) -> None:
    world = World(partitions)
    for _ in range(10_000):
        world.deliver([0])
        world.step()
    assert world.held >= CEILING
    assert world.parts["t", 0].upload is not None


def test_one_busy_partition_makes_large_objects_however_slow_the_uploads_are() -> None:
    world = World(6)
    for number in range(3_000):
        world.deliver([0])
        world.step()
        if number % 40 == 0:
            world.finish(0)
    assert min(size for _, size in world.put) >= CEILING // 8


def test_chunks_that_wait_are_joined_within_the_limits_and_their_hour() -> None:
    cutter = Cutter(Chain("t", "0" * 32, 0), 0, datetime.fromtimestamp(START / 1000 - 3600, UTC))
    for first, time in ((0, START), (10, START), (20, START), (30, START + HOUR_MS)):
        cutter.queue.append(Chunk(records(first, 10, time), "memory"))
    cutter.join(Limits(25, 10**6, 1.0))
    assert [len(chunk.records) for chunk in cutter.queue] == [20, 10, 10]
    cutter.join(Limits(1_000, 10**6, 1.0))
    assert [(len(chunk.records), chunk.records.offsets[0]) for chunk in cutter.queue] == [(30, 0), (10, 30)]

"""A model of several writers on one partition: whatever happens, each chain stays without hole and overlap.

Puts land late or never, writers die, retention takes records, topics are made again. The writers are the
product's own cutter, resume point and put-or-find. Broker, bucket and network are in memory and take turns,
so that hypothesis can choose any interleaving. Each `Broken...` machine breaks one rule, and the same search
must find the fault.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from fakes import Letters
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from samples import QUOTE

from stock_common import records
from stock_common.keys import ObjectKey
from stock_common.topics import QUOTES
from stock_objects.chain import Chain, link_at
from stock_objects.testing import MemoryStore
from stock_s3_sink.cutter import HOUR_MS, Cutter, Records
from stock_s3_sink.resume import NEW_CHAIN, resume_point
from stock_s3_sink.writer import Abandoned, Empty, LinkWriter, Put

GOOD = records.encode(QUOTE)
START = 480_000 * HOUR_MS
WRITERS = 3
writers = st.integers(0, WRITERS - 1)


class Unconditional(MemoryStore):
    """A store that lets a put replace an object."""

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        self.held.pop(key, None)
        return super().put_new(key, body, metadata)


@dataclass
class Writer:
    """One sink's view of the partition. A process that is killed is replaced by a new Writer."""

    cutter: Cutter | None = None
    next_read: int = 0
    in_flight: Records | None = None
    fresh: bool = True


@dataclass
class Log:
    """The broker's partition: the times of its records from offset 0 on. Those before `first` are gone."""

    topic_id: str
    times: list[int] = field(default_factory=list)
    first: int = 0


class ChainMachine(RuleBasedStateMachine):
    store_kind: type[MemoryStore] = MemoryStore
    trusts_committed = False

    def __init__(self) -> None:
        super().__init__()
        self.store = self.store_kind()
        self.logs = [Log(f"{0:032x}")]
        self.writers = [Writer() for _ in range(WRITERS)]
        self.now = START
        self.committed = 0
        self.expired = 0

    @property
    def log(self) -> Log:
        return self.logs[-1]

    @initialize(count=st.integers(1, 12))
    def begin(self, count: int) -> None:
        self.produce(count, 0)

    @rule(count=st.integers(1, 4), passed=st.sampled_from([0, 1, HOUR_MS // 2, HOUR_MS]))
    def produce(self, count: int, passed: int) -> None:
        self.now += passed
        self.log.times += [self.now] * count

    @rule(number=writers, count=st.integers(1, 5))
    def work(self, number: int, count: int) -> None:
        """Reads on, cuts, and sends the first chunk off.

        `land` is its arrival. The topic's id is checked before.
        """
        writer = self.writers[number]
        if writer.cutter is None:
            writer = self.writers[number] = self.assigned()
        cutter = writer.cutter
        if cutter is None or cutter.chain.topic_id != self.log.topic_id:
            return
        if writer.next_read >= self.log.first:
            times = self.log.times[writer.next_read : writer.next_read + count]
            offsets = array("q", range(writer.next_read, writer.next_read + len(times)))
            cutter.append(Records([GOOD] * len(times), offsets, array("q", times), 0, len(times)), 0.0)
            writer.next_read += len(times)
        cutter.cut("age")
        if writer.in_flight is None and cutter.queue:
            writer.in_flight = cutter.queue[0].records

    def assigned(self) -> Writer:
        """The group gives the partition to a new writer. The old owner may not know that.

        The model leaves out one overlap that no object name can prevent: an old writer still holds records
        that retention has taken since, and the new writer calls them lost. The loader refuses the second of
        the two objects, and the audit names it.
        """
        for other in self.writers:
            other.fresh = other.fresh and not (other.cutter and other.cutter.next_offset < self.log.first)
        chain, end = Chain("stock-data", self.log.topic_id, 0), len(self.log.times)
        found = resume_point(self.store, chain, self.log.first, end, print)
        if self.trusts_committed and self.log.first <= self.committed <= len(self.log.times):
            found.cutter.next_offset = self.committed
        writer = Writer(found.cutter)
        if found.lost_until is not None:
            key, empty = (
                found.cutter.key_at(found.cutter.hour or NEW_CHAIN),
                Empty(found.lost_until, lost=True),
            )
            put = self.link_writer(writer).put_empty(QUOTES, key, empty, lambda _: True)
            found.cutter.settled(put.link)
        writer.next_read = found.cutter.next_offset
        return writer

    @rule(number=writers, answered=st.booleans())
    def land(self, number: int, answered: bool) -> None:
        """The put reaches the store. Its answer reaches the writer, or the writer is dead by then."""
        writer = self.writers[number]
        if writer.cutter is None or writer.in_flight is None:
            return
        held, writer.in_flight = writer.in_flight, None
        try:
            put: Put = self.link_writer(writer).put(QUOTES, writer.cutter.key(held), held, lambda _: True)
        except Abandoned:
            self.writers[number] = Writer()
            return
        if answered:
            writer.cutter.settled(put.link)
            self.committed = max(self.committed, put.link.last + 1)
        else:
            self.writers[number] = Writer()

    @rule(number=writers, count=st.integers(1, 5))
    def work_undisturbed(self, number: int, count: int) -> None:
        self.produce(count, 1)
        self.work(number, count)
        self.land(number, True)

    @precondition(lambda self: any(writer.cutter for writer in self.writers))
    @rule(number=writers)
    def kill(self, number: int) -> None:
        self.writers[number] = Writer()

    @precondition(lambda self: len(self.log.times) > 8 * (self.expired + 1))
    @rule(offset=st.integers(0, 12))
    def reset_group(self, offset: int) -> None:
        """Somebody sets the group's committed offset: nothing of ours reads it."""
        self.committed = min(offset, len(self.log.times))

    @precondition(lambda self: len(self.log.times) > 8 * (self.expired + 1))
    @rule(count=st.integers(1, 6))
    def expire(self, count: int) -> None:
        """Retention takes the oldest records."""
        self.now += HOUR_MS
        self.expired += 1
        self.log.first = min(len(self.log.times), self.log.first + count)

    @precondition(lambda self: len(self.logs) < 3 and len(self.log.times) > 12)
    @rule()
    def recreate(self) -> None:
        self.logs.append(Log(f"{len(self.logs):032x}"))
        self.committed = 0

    def confirm(self, key: ObjectKey) -> None: ...

    def end(self, key: ObjectKey) -> int:
        return next(len(log.times) for log in self.logs if log.topic_id == key.topic_id)

    def link_writer(self, writer: Writer) -> LinkWriter:
        rand = random.Random(0).random
        return LinkWriter(self.store, Letters(), self, lambda: writer.fresh, lambda error: None, rand)

    @invariant()
    def each_chain_is_whole(self) -> None:
        for log in self.logs:
            self.check(log)

    def check(self, log: Log) -> None:
        links = [
            link_at(self.store, info.key)
            for info in self.store.objects(Chain("stock-data", log.topic_id, 0).prefix)
        ]
        expected = None
        for link in links:
            assert link is not None
            assert expected is None or link.first == expected, (
                f"{link.key} begins at {link.first}, the chain goes on at {expected}"
            )
            assert link.last < len(log.times)
            assert link.rows + link.lost == link.last - link.first + 1
            assert not link.lost or link.last < log.first, "an offset is called lost that the log still has"
            expected = link.last + 1


class BrokenUnconditional(ChainMachine):
    store_kind = Unconditional


class BrokenCommitted(ChainMachine):
    trusts_committed = True


SEARCH = settings(
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MUTANT = settings(SEARCH, derandomize=True, max_examples=3000, phases=[Phase.generate])


@pytest.mark.hypothesis
def test_chains_stay_whole() -> None:
    run_state_machine_as_test(ChainMachine, settings=SEARCH)


@pytest.mark.parametrize("broken", [BrokenUnconditional, BrokenCommitted])
def test_the_search_finds_a_broken_rule(broken: type[ChainMachine]) -> None:
    with pytest.raises((AssertionError, ValueError, ExceptionGroup)):
        run_state_machine_as_test(broken, settings=MUTANT)

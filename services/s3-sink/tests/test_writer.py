"""The put of one link: existing objects, errors of each kind, and deaths between any two steps."""

from __future__ import annotations

import random

import pytest
from fakes import Died, Letters
from samples import QUOTE, held

from stock_common import keys, records
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.run import FatalError
from stock_common.topics import QUOTES
from stock_kafka.sender import Undelivered
from stock_objects.chain import Chain, ForeignObject, last_link
from stock_objects.errors import Conflict, ObjectError
from stock_objects.testing import MemoryStore
from stock_s3_sink.cutter import Cutter
from stock_s3_sink.writer import Abandoned, Empty, LinkWriter

CHAIN = Chain("stock-data", "0" * 32, 1)
GOOD = records.encode(QUOTE)


class World:
    def __init__(self) -> None:
        self.store, self.letters, self.retries, self.fresh = MemoryStore(), Letters(), [], True
        self.waits: list[float] = []
        self.log_end = 100
        self.writer = LinkWriter(
            self.store, self.letters, self, lambda: self.fresh, self.retries.append, random.Random(1).random
        )

    def confirm(self, key: ObjectKey) -> None: ...

    def end(self, key: ObjectKey) -> int:
        return self.log_end

    def put(self, *values: bytes, first: int = 0):
        cutter = Cutter(CHAIN, first, None)
        cutter.append(held(*values, first=first), 0.0)
        cutter.cut("age")
        chunk = cutter.queue[0].records
        return self.writer.put(QUOTES, cutter.key(chunk), chunk, self.wait)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return len(self.waits) > 20


@pytest.fixture
def world() -> World:
    return World()


def test_a_link_is_put_with_the_range_that_it_covers(world: World) -> None:
    put = world.put(GOOD, b"bad", GOOD, first=7)
    assert put.ours
    assert (put.link.first, put.link.last, put.link.rows, put.link.rejected) == (7, 9, 2, 1)
    assert last_link(world.store, CHAIN) == put.link
    assert world.letters.sent == [8]


def test_a_link_that_claims_offsets_beyond_the_log_is_foreign(world: World) -> None:
    """Somebody put an object at the chain's next place. Its offsets would never be read."""
    theirs = world.put(GOOD)
    forged = theirs.link._replace(last=10**11, rows=10**11 + 1)
    world.store.held.clear()
    world.store.put_new(str(forged.key), b"", forged.metadata())
    with pytest.raises(ForeignObject, match="ends at 100000000000, but the log ends at 99"):
        world.put(GOOD)


def test_a_link_of_another_writer_is_found(world: World) -> None:
    theirs = world.put(GOOD, GOOD, GOOD)
    found = world.put(GOOD, GOOD)
    assert not found.ours
    assert found.link == theirs.link


@pytest.mark.parametrize("error", [ObjectError("503"), Conflict("409")])
def test_an_error_that_passes_is_retried(world: World, error: Exception) -> None:
    world.store.faults = [("put_new", error), ("put_new", error)]
    assert world.put(GOOD).ours
    assert world.retries == [error, error]


def test_after_a_lost_answer_the_link_is_found(world: World) -> None:
    world.store.faults = [("put_new", ObjectError("timeout"), "after")]
    put = world.put(GOOD)
    assert put.link.last == 0
    assert len(world.store.held) == 1


def test_an_object_that_vanishes_after_a_412_is_tried_again(world: World) -> None:
    theirs = world.put(GOOD)
    head, calls = world.store.head, []
    world.store.head = lambda key: None if not calls.append(key) and len(calls) == 1 else head(key)
    assert world.put(GOOD).link == theirs.link
    assert isinstance(world.retries[0], Conflict)


def test_no_permission_is_fatal(world: World) -> None:
    world.store.faults = [("put_new", FatalError("403: grant s3:PutObject"))]
    with pytest.raises(FatalError, match="s3:PutObject"):
        world.put(GOOD)


def test_an_object_that_is_no_link_stops_the_chain(world: World) -> None:
    key = keys.ObjectKey(*CHAIN, keys.hour_of(QUOTE.fetched_at), 0)
    put = world.put(GOOD)
    world.store.held = {str(put.link.key): (b"x", {}, QUOTE.fetched_at)}
    with pytest.raises(ForeignObject):
        world.put(GOOD)
    assert key.first == 0


def test_a_sleeper_puts_nothing(world: World) -> None:
    world.fresh = False
    with pytest.raises(Abandoned):
        world.put(GOOD)
    assert world.store.held == {}


def test_letters_are_delivered_before_the_put(world: World) -> None:
    world.letters.faults = [Undelivered("no ack", {}), Undelivered("no ack", {})]
    world.put(b"bad")
    assert world.letters.sent == [0]
    assert world.letters.admitted == 1
    world.letters.faults = [Died()]
    with pytest.raises(Died):
        world.put(b"bad", first=1)
    assert len(world.store.held) == 1


def test_lost_offsets_are_a_link_of_their_own(world: World) -> None:
    put = world.put(GOOD)
    lost = world.writer.put_empty(QUOTES, put.link.key._replace(first=1), Empty(99, lost=True), world.wait)
    assert (lost.link.rows, lost.link.lost) == (0, 99)
    assert last_link(world.store, CHAIN) == lost.link


def test_deaths_before_and_after_the_put_lose_and_double_nothing(world: World) -> None:
    """Before: nothing was put, and the next writer puts all.

    After: the next writer goes on after the link.
    """
    world.store.faults = [("put_new", Died())]
    with pytest.raises(Died):
        world.put(GOOD, GOOD)
    assert last_link(world.store, CHAIN) is None
    world.store.faults = [("put_new", Died(), "after")]
    with pytest.raises(Died):
        world.put(GOOD, GOOD)
    link = last_link(world.store, CHAIN)
    assert link is not None
    assert isinstance(link, Link)
    assert (link.first, link.last) == (0, 1)

"""Random chains: what is right is never an alarm, what was corrupted is always named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from world import OLD, World, accepting, link, row_offsets

from stock_auditor.compare.chain import compare
from stock_auditor.compare.evidence import START, Checkpoint, Log
from stock_auditor.compare.findings import Kind
from stock_auditor.compare.ledger_table import agrees
from stock_common.ledger import LOADED, PRUNED, QUARANTINED
from stock_common.links import Link

counts = st.tuples(st.integers(0, 8), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)).filter(
    lambda parts: sum(parts) > 0
)


class Chained(NamedTuple):
    """A right state, its links, and how many of them are pruned and ledgered."""

    world: World
    links: list[Link]
    pruned: int
    ledgered: int


@st.composite
def chains(draw: st.DrawFn, least: int = 0) -> Chained:
    links: list[Link] = []
    first, hour = draw(st.integers(0, 50)), 0
    begin = first
    for parts in draw(st.lists(counts, min_size=least, max_size=12)):
        hour = min(23, hour + draw(st.integers(0, 1)))
        links.append(link(first, *parts, hour=hour))
        first = links[-1].last + 1
    ledgered = draw(st.integers(0, len(links)))
    pruned = draw(st.integers(0, ledgered))
    if not links:
        # Where the log begins later, the sink puts a lost link at once.
        begin = first = 0
    log = Log(draw(st.integers(begin, first)), first + draw(st.integers(0, 20)), draw(st.integers(0, first)))
    world = World(links, 0, draw(st.sampled_from([log, None])))
    if world.log is not None:
        world.log = log
    for index, each in enumerate(links[:ledgered]):
        world.load(each, PRUNED if index < pruned else LOADED)
        if index < pruned and draw(st.booleans()):
            del world.objects[str(each.key)]
    for each in links[ledgered:]:
        world.put(each)
    return Chained(world, links, pruned, ledgered)


@st.composite
def checkpoints(draw: st.DrawFn, state: Chained) -> Checkpoint:
    """Where an earlier audit of the chain ended: before anything, or after any ledgered link."""
    upto = draw(st.integers(0, state.ledgered))
    if not upto:
        return START
    of = state.links[:upto]
    loaded = state.links[state.pruned : upto]
    rejected, holes, lost = (
        sum(getattr(each, name) for each in of) for name in ("rejected", "holes", "lost")
    )
    return Checkpoint(
        of[-1].last + 1, str(of[-1].key), sum(each.rows for each in loaded), rejected, holes, lost
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_is_right_is_never_an_alarm(data: st.DataObject) -> None:
    state = data.draw(chains())
    since = data.draw(checkpoints(state))
    world, by_range = state.world, data.draw(st.booleans())
    evidence = world.evidence(since, runs=by_range)
    assert evidence.reading is not None
    assert agrees(
        [row for row in evidence.reading.ledger if row.status != QUARANTINED], evidence.reading.totals
    )
    outcome = compare(accepting(evidence, Kind.LOST, Kind.GONE))
    verdict = outcome.verdict
    assert outcome.findings == []
    assert (verdict.missing, verdict.doubled) == (0, 0)
    assert verdict.rows == sum(each.rows for each in state.links[state.pruned : state.ledgered])
    end = state.links[-1].last + 1 if state.links else None
    if end is not None and world.log:
        assert verdict.s3_last == end - 1
        assert verdict.in_flight_s3 == world.log.end - end
    assert verdict.in_flight_warehouse == sum(
        each.last - each.first + 1 for each in state.links[state.ledgered :]
    )
    if state.ledgered:
        assert outcome.checkpoint.next == state.links[state.ledgered - 1].last + 1


class Corruption(NamedTuple):
    """One way to corrupt a link.

    fits: whether the link at an index can be corrupted so.
    apply: does it, and returns the object or the offset that must be named.
    """

    kind: Kind
    fits: Callable[[Chained, int], bool]
    apply: Callable[[World, Link], str | int]


def loaded_rows(state: Chained, index: int) -> bool:
    return state.pruned <= index < state.ledgered and state.links[index].rows > 0


def open_link(state: Chained, index: int) -> bool:
    return index >= state.ledgered


def delete_object(world: World, of: Link) -> str:
    del world.objects[str(of.key)]
    return str(of.key)


def make_hole(world: World, of: Link) -> int:
    del world.objects[str(of.key)]
    return of.first


def delete_ledger_row(world: World, of: Link) -> int:
    del world.ledger[str(of.key)]
    return row_offsets(of)[0]


def double_row(world: World, of: Link) -> int:
    world.table[of.last] += 1
    return of.last


def delete_row(world: World, of: Link) -> str:
    del world.table[of.last]
    return str(of.key)


def insert_row(world: World, of: Link) -> int:
    world.table[of.last] += 1
    return of.last


def replace_object(world: World, of: Link) -> str:
    key = str(of.key)
    world.objects[key] = world.objects[key]._replace(etag="another")
    return key


def foreign_object(world: World, of: Link) -> str:
    key = f"{of.key}.tmp"
    world.objects[key] = world.objects[str(of.key)]._replace(
        key=key, link=None, fault="not the key of a link"
    )
    return key


def overlap(world: World, of: Link) -> int:
    zombie = link(of.last, 1, hour=23)
    world.put(
        zombie._replace(
            key=zombie.key._replace(topic_id=of.key.topic_id, hour=zombie.key.hour.replace(minute=0, day=24))
        )
    )
    return of.last


def quarantine(world: World, of: Link) -> str:
    world.load(of, QUARANTINED)
    return str(of.key)


def age(world: World, of: Link) -> int:
    key = str(of.key)
    world.objects[key] = world.objects[key]._replace(modified=OLD)
    return of.first


def names(detail: str, what: str | int) -> bool:
    if isinstance(what, str):
        return what in detail
    return any(
        int(first) <= what <= int(last or first)
        for first, last in re.findall(r"\b(\d+)(?: to (\d+))?\b", detail)
    )


CORRUPTIONS = (
    Corruption(Kind.DELETED, lambda state, index: state.pruned <= index < state.ledgered, delete_object),
    Corruption(
        Kind.HOLE, lambda state, index: max(1, state.ledgered) <= index < len(state.links) - 1, make_hole
    ),
    Corruption(Kind.NO_LEDGER_ROW, loaded_rows, delete_ledger_row),
    Corruption(Kind.ROWS_DOUBLED, loaded_rows, double_row),
    Corruption(Kind.ROWS_MISSING, loaded_rows, delete_row),
    Corruption(Kind.NO_LEDGER_ROW, open_link, insert_row),
    Corruption(Kind.REPLACED, lambda state, index: state.pruned <= index < state.ledgered, replace_object),
    Corruption(Kind.FOREIGN, lambda state, index: state.pruned <= index, foreign_object),
    Corruption(Kind.OVERLAP, lambda state, index: state.pruned <= index, overlap),
    Corruption(Kind.QUARANTINED, open_link, quarantine),
    Corruption(Kind.NOT_LOADED, open_link, age),
)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_what_is_corrupted_is_always_named(data: st.DataObject) -> None:
    state = data.draw(chains(least=1))
    since = data.draw(checkpoints(state))
    following = [index for index, each in enumerate(state.links) if each.first >= since.next]
    named: list[tuple[Kind, str | int]] = []
    # One corruption a link. Two of one link can undo each other, as a lost row of the table and a lost row of
    # the ledger do at the chain's end.
    for index in (
        data.draw(st.lists(st.sampled_from(following), min_size=1, max_size=3, unique=True))
        if following
        else []
    ):
        fitting = [corruption for corruption in CORRUPTIONS if corruption.fits(state, index)]
        if fitting:
            corruption = data.draw(st.sampled_from(fitting))
            named.append((corruption.kind, corruption.apply(state.world, state.links[index])))
    outcome = compare(accepting(state.world.evidence(since), Kind.LOST, Kind.GONE))
    for kind, what in named:
        assert any(finding.kind is kind and names(finding.detail, what) for finding in outcome.findings), (
            kind,
            what,
            outcome.findings,
        )
    if named:
        assert outcome.checkpoint == since
    else:
        assert outcome.findings == []

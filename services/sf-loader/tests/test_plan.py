from __future__ import annotations

from typing import NamedTuple

import pytest
from fake_bucket import START
from hypothesis import given
from hypothesis import strategies as st
from world import ID

from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_objects.chain import Chain
from stock_objects.store import ObjectInfo
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.load.plan import Found, Gap, fits, plan

CHAIN = Chain("stock-data", ID, 0)
TAIL = Tail(99, "raw/tail")


def found(first: int, last: int) -> Found:
    key = ObjectKey(*CHAIN, START, first)
    info = ObjectInfo(str(key), 10, "etag", START)
    return Found(info, Link(key, last, last - first + 1, schema="s"))


def foreign(name: str = "notes.txt") -> Found:
    return Found(ObjectInfo(CHAIN.prefix + name, 10, "etag", START), None, "it is not the key of a link")


class Case(NamedTuple):
    """`expected`: (first, last, status) in order. A stray has None for both."""

    tail: Tail | None
    objects: list[Found]
    expected: list[tuple[int | None, int | None, str]]
    gap: Gap | None = None
    corrupt: tuple[int, ...] = ()


L, Q = "loaded", "quarantined"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(TAIL, [], []), id="nothing new"),
        pytest.param(
            Case(TAIL, [found(100, 109), found(110, 110)], [(100, 109, L), (110, 110, L)]), id="contiguous"
        ),
        pytest.param(
            Case(None, [found(500, 509), found(510, 511)], [(500, 509, L), (510, 511, L)]),
            id="a new chain begins where its log began",
        ),
        pytest.param(
            Case(TAIL, [found(101, 109)], [], Gap(100, 101, found(101, 109).info.key)),
            id="gap after the tail",
        ),
        pytest.param(
            Case(
                TAIL,
                [found(100, 109), found(120, 129), found(130, 139)],
                [(100, 109, L)],
                Gap(110, 120, found(120, 0).info.key),
            ),
            id="gap in between: nothing after it",
        ),
        pytest.param(
            Case(TAIL, [found(95, 104), found(100, 104)], [(None, None, Q), (100, 104, L)]),
            id="overlap with the ledger",
        ),
        pytest.param(
            Case(
                TAIL,
                [found(100, 104), found(102, 110), found(105, 106)],
                [(100, 104, L), (None, None, Q), (105, 106, L)],
            ),
            id="overlap with the batch",
        ),
        pytest.param(Case(TAIL, [found(90, 95)], [(None, None, Q)]), id="wholly ledgered already"),
        pytest.param(
            Case(TAIL, [foreign(), found(100, 104)], [(None, None, Q), (100, 104, L)]), id="foreign object"
        ),
        pytest.param(
            Case(TAIL, [found(100, 99), found(100, 104)], [(None, None, Q), (100, 104, L)]),
            id="a link over nothing",
        ),
        pytest.param(
            Case(
                TAIL,
                [found(100, 104), found(105, 109), found(110, 114)],
                [(100, 104, L), (105, 109, Q), (110, 114, L)],
                corrupt=(105,),
            ),
            id="the chain goes on after a corrupt link",
        ),
        pytest.param(
            Case(TAIL, [found(900, 909), found(100, 104)], [(None, None, Q), (100, 104, L)]),
            id="a later link with a greater key shows that the first was never the chain's",
        ),
    ],
)
def test_plan(case: Case) -> None:
    corrupt = {found(first, first).info.key: "bad" for first in case.corrupt}
    entries, gap = plan(CHAIN, case.tail, case.objects, corrupt)
    assert [(entry.first, entry.last, entry.status) for entry in entries] == case.expected
    assert gap == case.gap
    assert all(entry.reason for entry in entries if entry.status == Q)
    state = LedgerState({CHAIN: case.tail} if case.tail else {}, frozenset())
    assert fits(entries, state)


@pytest.mark.parametrize(
    ("tails", "strays", "fit"),
    [
        pytest.param({CHAIN: TAIL}, (), True, id="as planned"),
        pytest.param({CHAIN: Tail(104, "k")}, (), False, id="another loader was here"),
        pytest.param({CHAIN: Tail(98, "k")}, (), False, id="rows were taken out of the ledger"),
        pytest.param({}, (), True, id="a chain that is new to the ledger"),
        pytest.param({CHAIN: TAIL}, (foreign().info.key,), False, id="the stray is in already"),
    ],
)
def test_what_is_read_under_the_lock_decides(
    tails: dict[Chain, Tail], strays: tuple[str, ...], fit: bool
) -> None:
    entries, _ = plan(CHAIN, TAIL, [foreign(), found(100, 104), found(105, 106)], {})
    assert fits(entries, LedgerState(tails, frozenset(strays))) is fit


ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(-1, 12)), max_size=12)


@given(ranges=ranges, tail=st.none() | st.integers(-1, 20))
def test_whatever_lies_there_no_offset_is_planned_twice_or_passed_over(
    ranges: list[tuple[int, int]], tail: int | None
) -> None:
    objects = [found(first, first + length) for first, length in dict(ranges).items()]
    entries, gap = plan(CHAIN, Tail(tail, "k") if tail is not None else None, objects, {})
    placed = [(entry.first, entry.last) for entry in entries if entry.first is not None]
    offsets = [offset for first, last in placed for offset in range(first, (last or 0) + 1)]
    if offsets:
        start = offsets[0] if tail is None else tail + 1
        assert offsets == list(range(start, start + len(offsets)))
    assert len({entry.key for entry in entries}) == len(entries)
    end = offsets[-1] if offsets else tail
    assert gap is None or (end is not None and gap.found > gap.expected == end + 1)

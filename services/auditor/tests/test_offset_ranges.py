"""Offset ranges are sets of offsets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from world import runs_of

from stock_auditor.compare.evidence import Run
from stock_auditor.compare.offset_ranges import OffsetRange, common, merge, overlaps, size, subtract, within

ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 8)).map(
        lambda pair: OffsetRange(pair[0], pair[0] + pair[1])
    ),
    max_size=8,
)


def offsets(of: list[OffsetRange]) -> set[int]:
    return {offset for each in of for offset in range(each.first, each.last + 1)}


@given(ranges, ranges)
def test_ranges_are_sets_of_offsets(some: list[OffsetRange], others: list[OffsetRange]) -> None:
    for result, expected in (
        (merge(some), offsets(some)),
        (subtract(some, others), offsets(some) - offsets(others)),
        (common(some, others), offsets(some) & offsets(others)),
    ):
        assert offsets(result) == expected
        assert result == merge(result)
    assert size(some) == len(offsets(some))
    for each in some:
        assert offsets(within(each, merge(others))) == offsets([each]) & offsets(others)


@given(st.dictionaries(st.integers(0, 40), st.integers(1, 3)))
def test_runs_are_the_table(table: dict[int, int]) -> None:
    back = {offset: run.copies for run in runs_of(table) for offset in range(run.first, run.last + 1)}
    assert back == table
    assert all(isinstance(run, Run) for run in runs_of(table))


def test_overlaps_name_both_holders() -> None:
    holders = [
        (OffsetRange(0, 9), "a"),
        (OffsetRange(5, 20), "b"),
        (OffsetRange(6, 7), "c"),
        (OffsetRange(21, 22), "d"),
    ]
    assert overlaps(holders) == [(OffsetRange(5, 9), "a", "b"), (OffsetRange(6, 7), "b", "c")]
    assert overlaps(holders[3:], 22, "before") == [(OffsetRange(21, 21), "before", "d")]

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stock_common.links import Link
from stock_objects.chain import Chain
from stock_s3_sink.cutter import HOUR_MS, Cutter, Limits, Records

CHAIN = Chain("stock-data", "0" * 32, 0)
HOUR = 480_000 * HOUR_MS
LIMITS = Limits(rows=10, size=1000, seconds=5.0)


def records(*rows: tuple[int, int]) -> Records:
    """Records of (offset, time in ms after HOUR)."""
    return Records(
        [b"{}" for _ in rows],
        array("q", [o for o, _ in rows]),
        array("q", [HOUR + t for _, t in rows]),
        1,
        2 * len(rows),
    )


def fresh(next_offset: int = 0) -> Cutter:
    return Cutter(CHAIN, next_offset, None)


def test_a_chunk_begins_after_the_last_link_not_at_its_first_record() -> None:
    cutter = fresh(5)
    cutter.append(records((7, 0), (8, 0)), 0.0)
    cutter.cut("age")
    assert cutter.key(cutter.queue[0].records).first == 5


def test_records_that_the_chain_covers_are_dropped() -> None:
    cutter = fresh(5)
    cutter.append(records((3, 0), (4, 0), (5, 0)), 0.0)
    assert cutter.buffer.offsets.tolist() == [5]


def test_a_later_hour_ends_the_chunk() -> None:
    cutter = fresh()
    cutter.append(records((0, 0), (1, HOUR_MS - 1), (2, HOUR_MS), (3, 3 * HOUR_MS)), 0.0)
    assert [(c.records.offsets.tolist(), c.reason) for c in cutter.queue] == [([0, 1], "hour"), ([2], "hour")]
    assert cutter.buffer.offsets.tolist() == [3]


def test_an_earlier_time_stays_in_the_links_hour() -> None:
    cutter = Cutter(CHAIN, 0, datetime.fromtimestamp((HOUR + HOUR_MS) / 1000, UTC))
    cutter.append(records((0, 0), (1, HOUR_MS), (2, 5)), 0.0)
    cutter.cut("age")
    assert cutter.queue[0].records.offsets.tolist() == [0, 1, 2]
    assert cutter.key(cutter.queue[0].records).hour == cutter.hour


def test_limits_are_named() -> None:
    cutter = fresh()
    assert cutter.due(LIMITS, 100.0) is None
    cutter.append(records((0, 0)), 100.0)
    assert cutter.due(LIMITS, 104.9) is None
    assert cutter.due(LIMITS, 105.0) == "age"
    cutter.append(records(*[(n, 0) for n in range(1, 11)]), 101.0)
    assert cutter.due(LIMITS, 101.0) == "rows"
    assert cutter.due(Limits(100, 20, 9.0), 101.0) == "bytes"


def test_age_counts_from_the_first_record_of_the_buffer() -> None:
    cutter = fresh()
    cutter.append(records((0, 0)), 0.0)
    cutter.cut("age")
    cutter.append(records((1, 0)), 4.0)
    assert cutter.due(LIMITS, 6.0) is None


def test_a_longer_link_of_another_writer_drops_the_records_that_it_covers() -> None:
    cutter = fresh()
    cutter.append(records((0, 0), (1, 0)), 0.0)
    cutter.cut("age")
    cutter.append(records((2, 0), (3, 0)), 0.0)
    cutter.settled(Link(cutter.key(cutter.queue[0].records), last=2, rows=3))
    assert (list(cutter.queue), cutter.buffer.offsets.tolist(), cutter.next_offset) == ([], [3], 3)


def test_a_shorter_link_of_another_writer_leaves_the_other_records() -> None:
    cutter = fresh()
    cutter.append(records((0, 0), (1, 0), (2, 0)), 0.0)
    cutter.cut("age")
    cutter.settled(Link(cutter.key(cutter.queue[0].records), last=0, rows=1))
    assert cutter.queue[0].records.offsets.tolist() == [1, 2]
    assert cutter.key(cutter.queue[0].records).first == 1


deliveries = st.lists(st.tuples(st.integers(1, 3), st.integers(-2000, 2 * HOUR_MS)), min_size=1, max_size=60)


@given(deliveries, st.lists(st.integers(1, 8), min_size=1), st.integers(0, 3))
def test_for_any_records_the_links_are_contiguous_in_order_and_within_an_hour(
    steps: list[tuple[int, int]], cuts: list[int], start: int
) -> None:
    """Keys rise, ranges touch, and every record is in one chunk once.

    The records have offsets with holes and times that jump and go back. The cuts are anywhere.
    """
    cutter, offset, time, rows = fresh(start), start - 1, 0, []
    for step, jump in steps:
        offset, time = offset + step, max(0, time + jump)
        rows.append((offset, time))
    sizes = iter(cuts * len(rows))
    index = 0
    while index < len(rows):
        size = next(sizes)
        cutter.append(records(*rows[index : index + size]), 0.0)
        index += size
        if size % 2:
            cutter.cut("age")
    cutter.cut("shutdown")
    links: list[Link] = []
    covered: list[int] = []
    while cutter.queue:
        held = cutter.queue[0].records
        key = cutter.key(held)
        hours = {t // HOUR_MS for t in held.times}
        assert max(hours) * 3600 <= key.hour.timestamp()
        links.append(Link(key, held.offsets[-1], len(held)))
        covered += held.offsets
        cutter.settled(links[-1])
    assert covered == [o for o, _ in rows]
    assert links[0].first == start
    assert all(a.last + 1 == b.first and str(a.key) < str(b.key) for a, b in pairwise(links))

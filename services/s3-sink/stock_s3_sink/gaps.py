"""Offsets that the client did not deliver: they are read again, past the client, before anything after them.

These topics have neither transactions nor compaction, so an offset that the log has and the sink did not get
is the client's loss until the broker shows that there is nothing to deliver. librdkafka lost records around
seeks and rebalances in several versions (its changelog: 1.6, 2.0, 2.1).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from stock_kafka.reader import Unreadable
from stock_s3_sink.cutter import Records
from stock_s3_sink.fetched import PartitionId

MOST_RECORDS = 10_000
"""So many are read again at once."""
Reread = Callable[[PartitionId, int, int, int], Records]
"""(partition, first, last, most) → the records that a fresh consumer gets of `first..last`, the first `most`.

Raises Unreachable, or Unreadable where the log cannot be read.
"""


@dataclass(frozen=True)
class Filled:
    """Records without a gap but where the log has none.

    recovered: offsets that only the second read delivered.
    absent: how many offsets the log does not deliver: transaction markers, aborted records.
    partial: more is missing after these. What the client delivered is dropped and read again.
    """

    records: Records
    recovered: array[int]
    absent: int
    partial: bool = False


def fill(partition_id: PartitionId, expected: int, records: Records, reread: Reread) -> Filled:
    """The records from `expected` on, each once, in order, with what the client left out.

    expected: one past the last offset that is held or on S3.
    What cannot be read holds nothing back that comes before it: that is given alone, as partial.
    """
    if _is_run(records, expected):
        return Filled(records, array("q"), 0)
    records = _ascending(records, expected)
    if not records or _is_run(records, expected):
        return Filled(records, array("q"), 0)
    last = records.offsets[-1]
    try:
        found = reread(partition_id, expected, last, MOST_RECORDS)
    except Unreadable:
        if before := _before_gap(records, expected):
            return Filled(before, array("q"), 0, partial=True)
        raise
    held = set(records.offsets)
    recovered = [place for place, offset in enumerate(found.offsets) if offset not in held]
    offsets = array("q", [found.offsets[place] for place in recovered])
    if len(found) >= MOST_RECORDS:
        return Filled(found, offsets, found.offsets[-1] - expected + 1 - len(found), partial=True)
    whole = merged(records, found.pick(recovered))
    return Filled(whole, offsets, last - expected + 1 - len(whole))


def merged(some: Records, others: Records) -> Records:
    """Both, in the order of their offsets. They have no offset in common."""
    both = Records()
    both.extend(some)
    both.extend(others)
    return both.pick(sorted(range(len(both)), key=both.offsets.__getitem__))


def _is_run(records: Records, expected: int) -> bool:
    """Whether the offsets are `expected` and those after it, without a gap."""
    return records.offsets == array("q", range(expected, expected + len(records)))


def _before_gap(records: Records, expected: int) -> Records:
    """The records up to the first gap. Their offsets ascend."""
    return records.pick([at for at, offset in enumerate(records.offsets) if offset == expected + at])


def _ascending(records: Records, expected: int) -> Records:
    """Without what comes again or comes too late."""
    places, last = [], expected - 1
    for place, offset in enumerate(records.offsets):
        if offset > last:
            places.append(place)
            last = offset
    return records if len(places) == len(records) else records.pick(places)

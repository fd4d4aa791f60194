"""Arithmetic of offset ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

RANGES_SHOWN = 10


class OffsetRange(NamedTuple):
    """The offsets `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


class Overlap(NamedTuple):
    """The offsets that `holder` and, after it, `other` both hold."""

    range: OffsetRange
    holder: str
    other: str


def half_open(begin: int, end: int) -> list[OffsetRange]:
    """The offsets from `begin` to before `end`: one range, or none."""
    return [OffsetRange(begin, end - 1)] if begin < end else []


def merge(ranges: Iterable[OffsetRange]) -> list[OffsetRange]:
    """The same offsets as disjoint ranges in order. Neighbours are joined."""
    merged: list[OffsetRange] = []
    for each in sorted(ranges):
        if merged and each.first <= merged[-1].last + 1:
            merged[-1] = OffsetRange(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return merged


def subtract(ranges: Iterable[OffsetRange], removed: Iterable[OffsetRange]) -> list[OffsetRange]:
    """The offsets of `ranges` that are in none of `removed`, as disjoint ranges in order."""
    cuts = merge(removed)
    rest: list[OffsetRange] = []
    at = 0
    for each in merge(ranges):
        first = each.first
        while at < len(cuts) and cuts[at].last < first:
            at += 1
        # The last cut of this range may reach into the next one, so `at` stays where it is.
        cut = at
        while cut < len(cuts) and cuts[cut].first <= each.last:
            rest += half_open(first, cuts[cut].first)
            first = cuts[cut].last + 1
            cut += 1
        rest += half_open(first, each.last + 1)
    return rest


def within(whole: OffsetRange, disjoint: Sequence[OffsetRange]) -> list[OffsetRange]:
    """The parts of `disjoint`, which is in order, that lie in `whole`.

    By bisection, so that it is fast for one range against very many.
    """
    begin = bisect_left(disjoint, whole.first, key=lambda each: each.last)
    end = bisect_right(disjoint, whole.last, key=lambda each: each.first)
    return [
        OffsetRange(max(each.first, whole.first), min(each.last, whole.last)) for each in disjoint[begin:end]
    ]


def common(ranges: Iterable[OffsetRange], others: Iterable[OffsetRange]) -> list[OffsetRange]:
    """The offsets in both."""
    mine = merge(ranges)
    return subtract(mine, subtract(mine, others))


def overlaps(
    holders: Iterable[tuple[OffsetRange, str]], reached: int = -1, holder: str = ""
) -> list[Overlap]:
    """Where a holder begins before the ones before it end.

    holders: (range, name), in order of first offset.
    reached, holder: one past the last offset that is held already, and by whom.
    """
    found = []
    for each, name in holders:
        if each.first < reached:
            found.append(Overlap(OffsetRange(each.first, min(each.last, reached - 1)), holder, name))
        if each.last >= reached:
            reached, holder = each.last + 1, name
    return found


def size(ranges: Iterable[OffsetRange]) -> int:
    """How many offsets the ranges hold together, each counted once."""
    return sum(each.size for each in merge(ranges))


def text(ranges: Iterable[OffsetRange]) -> str:
    """The ranges for a reader, the first few of many."""
    merged = merge(ranges)
    shown = ", ".join(map(str, merged[:RANGES_SHOWN]))
    return f"{shown} and {len(merged) - RANGES_SHOWN} more ranges" if len(merged) > RANGES_SHOWN else shown

"""Arithmetic of offset ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SHOWN = 10


class Span(NamedTuple):
    """Offsets `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same offsets as disjoint spans in order; neighbours are joined."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return merged


def subtract(spans: Iterable[Span], gone: Iterable[Span]) -> list[Span]:
    """The offsets of `spans` that are in none of `gone`, as disjoint spans in order."""
    cuts = merge(gone)
    rest: list[Span] = []
    at = 0
    for span in merge(spans):
        first = span.first
        while at < len(cuts) and cuts[at].last < first:
            at += 1
        cut = at
        while cut < len(cuts) and cuts[cut].first <= span.last:
            if cuts[cut].first > first:
                rest.append(Span(first, cuts[cut].first - 1))
            first = cuts[cut].last + 1
            cut += 1
        if first <= span.last:
            rest.append(Span(first, span.last))
    return rest


def within(span: Span, disjoint: Sequence[Span]) -> list[Span]:
    """The parts of `disjoint`, which is in order, that lie in the span; by bisection, for one span against very many."""
    begin = bisect_left(disjoint, span.first, key=lambda each: each.last)
    end = bisect_right(disjoint, span.last, key=lambda each: each.first)
    return [Span(max(each.first, span.first), min(each.last, span.last)) for each in disjoint[begin:end]]


def common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The offsets in both."""
    mine = merge(spans)
    return subtract(mine, subtract(mine, others))


def size(spans: Iterable[Span]) -> int:
    """How many offsets the spans hold together, each counted once."""
    return sum(span.size for span in merge(spans))


def text(spans: Iterable[Span]) -> str:
    """The spans for a reader, the first few of many."""
    merged = merge(spans)
    shown = ", ".join(map(str, merged[:SHOWN]))
    return f"{shown} and {len(merged) - SHOWN} more ranges" if len(merged) > SHOWN else shown

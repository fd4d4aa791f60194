"""Kafka against S3: one partition's log and its chain of objects. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from stock_auditor.evidence import Evidence, Log
from stock_auditor.findings import Finding, Kind
from stock_auditor.spans import Span, common, subtract, text
from stock_common.links import Link


class ChainPart(NamedTuple):
    """`end` is one past the last offset on S3, -1 for none; `in_flight` the offsets in Kafka that may still be on their way to S3."""

    findings: list[Finding]
    missing: list[Span]
    doubled: list[Span]
    end: int
    in_flight: list[Span]


def check_chain(evidence: Evidence, gone: Sequence[Span], ledgered: Collection[str], pruned: int = -1) -> ChainPart:
    """The links behind the checkpoint, in any order, against the log.

    `gone` are ledgered offsets that are not on S3, `ledgered` the keys that the ledger knows: what is wrong with them is told elsewhere.
    `pruned` is one past the last offset whose object was pruned, -1 for none.
    """
    links = sorted((stored.link for stored in evidence.objects if stored.link), key=lambda link: (link.first, link.last))
    foreign = [Finding(Kind.FOREIGN, f"{stored.key} {stored.fault}") for stored in evidence.objects if not stored.link and stored.key not in ledgered]
    end = max([evidence.since.next, pruned, *(link.last + 1 for link in links)])
    overlaps, doubled = _overlaps(links, evidence.since.next, evidence.since.key)
    holes = _holes(evidence, links, end, gone)
    tail, missing, in_flight = _tail(evidence, end, gone)
    return ChainPart(
        [*foreign, *_order(links, evidence.since.key), *overlaps, *_named(holes, links, evidence.log), *tail],
        [*holes, *missing],
        doubled,
        end,
        in_flight,
    )


def _holes(evidence: Evidence, links: Sequence[Link], end: int, gone: Sequence[Span]) -> list[Span]:
    """Offsets before `end` in no object. A new chain begins at the log's start: what Kafka or the ledger has before its first link counts."""
    if not links:
        return []
    begin = evidence.since.next
    if begin < 0:
        begin = min(span.first for span in (Span(links[0].first, end), *gone))
        begin = min(begin, evidence.log.first) if evidence.log else begin
    return subtract([Span(begin, end - 1)] if begin < end else [], [*(Span(link.first, link.last) for link in links), *gone])


def _named(holes: Sequence[Span], links: Sequence[Link], log: Log | None) -> list[Finding]:
    firsts = [link.first for link in links]
    findings = []
    for hole in holes:
        at = bisect_left(firsts, hole.last + 1)
        place = f"before {links[at].key}" if at < len(links) else f"behind {links[-1].key}"
        kept = common([hole], [Span(log.first, log.end - 1)]) if log and log.first < log.end else []
        kafka = "Kafka still holds them" if kept == [hole] else f"Kafka still holds {text(kept)}" if kept else "Kafka no longer holds them"
        findings.append(Finding(Kind.HOLE, f"offsets {hole} are in no object, {place}; {kafka}"))
    return findings


def _overlaps(links: Sequence[Link], begin: int, key: str | None) -> tuple[list[Finding], list[Span]]:
    findings, doubled = [], []
    reached, holder = begin, str(key)
    for link in links:
        if link.first < reached:
            span = Span(link.first, min(link.last, reached - 1))
            doubled.append(span)
            findings.append(Finding(Kind.OVERLAP, f"offsets {span} are in {holder} and in {link.key}"))
        if link.last >= reached:
            reached, holder = link.last + 1, str(link.key)
    return findings, doubled


def _order(links: Sequence[Link], key: str | None) -> list[Finding]:
    """Links whose names do not follow their offsets: whoever reads the chain by name would not see them."""
    findings = []
    before = key or ""
    for link in links:
        name = str(link.key)
        if name < before:
            findings.append(Finding(Kind.ORDER, f"{name} (offsets {link.first} to {link.last}) is named before {before}, which has lower offsets"))
        before = max(before, name)
    return findings


def _tail(evidence: Evidence, end: int, gone: Sequence[Span]) -> tuple[list[Finding], list[Span], list[Span]]:
    """What Kafka has or had behind the chain: findings, missing offsets, offsets in flight."""
    log = evidence.log
    if log is None:
        return [], [], []
    findings: list[Finding] = []
    if end > log.end:
        findings.append(Finding(Kind.TRUNCATED, f"S3 holds offsets up to {end - 1}, Kafka's log ends at {log.end}: it was truncated or replaced"))
    expired = subtract([Span(end, log.first - 1)] if 0 <= end < log.first else [], gone)
    if expired:
        findings.append(Finding(Kind.EXPIRED, f"offsets {text(expired)} were deleted by retention before they were on S3"))
    begin = max(end, log.first)
    tail = subtract([Span(begin, log.end - 1)] if begin < log.end else [], gone)
    late = common(tail, [Span(0, log.due - 1)] if log.due > 0 else [])
    if late:
        age = f" for more than {evidence.limit:.0f} s" if evidence.limit else ""
        findings.append(Finding(Kind.NOT_ON_S3, f"offsets {text(late)} are in Kafka{age} and in no object"))
    return findings, [*expired, *late], subtract(tail, late)

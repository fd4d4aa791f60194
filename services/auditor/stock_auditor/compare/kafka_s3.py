"""Kafka against S3: one partition's log and its chain of objects."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from stock_auditor.compare.evidence import Evidence, Log, Probe, Rewritten
from stock_auditor.compare.findings import Finding, Kind, named
from stock_auditor.compare.offset_ranges import OffsetRange, common, half_open, overlaps, subtract, text
from stock_common.links import Link


class ChainPart(NamedTuple):
    """What Kafka and S3 have to say about each other.

    end: one past the last offset on S3, -1 for none.
    in_flight: the offsets in Kafka that may still be on their way to S3.
    unread: the links with holes that are records in Kafka.
    """

    findings: list[Finding]
    missing: list[OffsetRange]
    doubled: list[OffsetRange]
    end: int
    in_flight: list[OffsetRange]
    unread: list[Unread]


class Unread(NamedTuple):
    """A link with holes, and how many of them are records that Kafka still has."""

    link: Link
    records: int


class Tail(NamedTuple):
    """What Kafka has or had after the chain's end."""

    findings: list[Finding]
    missing: list[OffsetRange]
    in_flight: list[OffsetRange]


def check_chain(
    evidence: Evidence, gone: Sequence[OffsetRange], ledgered: Collection[str], pruned: int = -1
) -> ChainPart:
    """Compares the links after the checkpoint, in any order, with the log.

    gone: ledgered offsets that are not on S3. The comparison with the ledger reports them.
    ledgered: the keys that the ledger knows. The comparison with the ledger reports what is wrong with them.
    pruned: one past the last offset whose object was pruned, -1 for none.
    """
    since = evidence.since
    links = sorted(
        (stored.link for stored in evidence.objects if stored.link), key=lambda link: (link.first, link.last)
    )
    end = max([since.next, pruned, *(link.last + 1 for link in links)])
    overlapping = overlaps(((_range(link), str(link.key)) for link in links), since.next, str(since.key))
    holes = _holes(evidence, links, end, gone)
    unread, tail = _unread(evidence, links), _tail(evidence, end, gone)
    findings = [
        *_foreign(evidence, ledgered),
        *_order(links, since.key),
        *(
            Finding(Kind.OVERLAP, f"offsets {each.range} are in {each.holder} and in {each.other}")
            for each in overlapping
        ),
        *(_hole(hole, links, evidence.log) for hole in holes),
        *map(_unread_text, unread),
        *_unreadable(evidence),
        *tail.findings,
    ]
    doubled = [each.range for each in overlapping]
    return ChainPart(findings, [*holes, *tail.missing], doubled, end, tail.in_flight, unread)


def _range(link: Link) -> OffsetRange:
    return OffsetRange(link.first, link.last)


def _unread(evidence: Evidence, links: Sequence[Link]) -> list[Unread]:
    """The links whose ranges have more records in Kafka than rows and rejected ones on S3."""
    checked = [
        (link, evidence.readable[str(link.key)]) for link in links if str(link.key) in evidence.readable
    ]
    found = [Unread(link, kafka.records - link.rows - link.rejected) for link, kafka in checked]
    return [each for each in found if each.records > 0]


def _unread_text(unread: Unread) -> Finding:
    link, records = unread
    detail = f"{records} records of the offsets {_range(link)} are readable in Kafka and in no object"
    return Finding(Kind.UNREAD, f"{detail} ({link.key})")


def _unreadable(evidence: Evidence) -> list[Finding]:
    return [
        Finding(Kind.UNREADABLE, f"the holes of {key} cannot be checked: {kafka.fault}")
        for key, kafka in evidence.readable.items()
        if kafka.fault
    ]


def _foreign(evidence: Evidence, ledgered: Collection[str]) -> list[Finding]:
    foreign = {
        stored.key: f"{stored.key} {stored.fault}"
        for stored in evidence.objects
        if not stored.link and stored.key not in ledgered
    }
    return named(Kind.FOREIGN, foreign)


def _holes(
    evidence: Evidence, links: Sequence[Link], end: int, gone: Sequence[OffsetRange]
) -> list[OffsetRange]:
    """Offsets before `end` in no object.

    A new chain begins at the log's start, so what Kafka or the ledger has before its first link counts.
    """
    if not links:
        return []
    begin = evidence.since.next
    if begin < 0:
        begin = min([links[0].first, *(each.first for each in gone)])
        begin = min(begin, evidence.log.first) if evidence.log else begin
    return subtract(half_open(begin, end), [*map(_range, links), *gone])


def _hole(hole: OffsetRange, links: Sequence[Link], log: Log | None) -> Finding:
    at = bisect_left(links, hole.last + 1, key=lambda link: link.first)
    place = f"before {links[at].key}" if at < len(links) else f"after {links[-1].key}"
    kept = common([hole], half_open(log.first, log.end)) if log else []
    kafka = f"Kafka still holds {text(kept)}" if kept else "Kafka no longer holds them"
    if kept == [hole]:
        kafka = "Kafka still holds them"
    return Finding(Kind.HOLE, f"offsets {hole} are in no object, {place}; {kafka}")


def _order(links: Sequence[Link], key: str | None) -> list[Finding]:
    """Links whose names do not follow their offsets. Whoever reads the chain by name would not see them."""
    findings = []
    before = key or ""
    for link in links:
        name = str(link.key)
        if name < before:
            findings.append(
                Finding(
                    Kind.ORDER,
                    f"{name} (offsets {link.first} to {link.last}) is named before {before},"
                    " which has lower offsets",
                )
            )
        before = max(before, name)
    return findings


def _rewritten(found: Rewritten | None) -> list[Finding]:
    if found is None:
        return []
    link, epoch = found
    return [
        Finding(
            Kind.TRUNCATED,
            f"{link.key} was read under leader epoch {link.leader_epoch}, and Kafka has a record of epoch"
            f" {epoch} at its offset {link.last}: the log was truncated and written again",
        )
    ]


def _tail(evidence: Evidence, end: int, gone: Sequence[OffsetRange]) -> Tail:
    log = evidence.log
    if log is None:
        return Tail([], [], [])
    findings: list[Finding] = []
    if end > log.end:
        findings.append(
            Finding(
                Kind.TRUNCATED,
                f"S3 holds offsets up to {end - 1}, Kafka's log ends at {log.end}:"
                " it was truncated or replaced",
            )
        )
    findings += _rewritten(evidence.rewritten)
    expired = subtract(half_open(max(end, 0), log.first), gone)
    if expired:
        findings.append(
            Finding(Kind.EXPIRED, f"offsets {text(expired)} were deleted by retention before they were on S3")
        )
    begin, probe = max(end, log.first), evidence.probe or Probe(end, end)
    clear = half_open(probe.begin, probe.clear_to)
    tail = subtract(half_open(begin, log.end), [*gone, *clear])
    broken: list[OffsetRange] = []
    if probe.fault:
        findings.append(
            Finding(Kind.UNREADABLE, f"nothing is on S3 from offset {probe.clear_to} on: {probe.fault}")
        )
        broken = common(tail, half_open(probe.clear_to, log.end))
    late = common(subtract(tail, broken), half_open(0, log.due))
    if late:
        age = f" for more than {evidence.limit:.0f} s" if evidence.limit else ""
        findings.append(Finding(Kind.NOT_ON_S3, f"offsets {text(late)} are in Kafka{age} and in no object"))
    return Tail(findings, [*expired, *broken, *late], subtract(tail, [*broken, *late]))

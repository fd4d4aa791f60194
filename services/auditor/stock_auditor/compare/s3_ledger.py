"""S3 against the ledger: one chain's objects and its rows of RAW.LOADED_FILES."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from stock_auditor.compare.evidence import Evidence, LedgerRow, Stored, held_rows
from stock_auditor.compare.findings import Finding, Kind, named
from stock_auditor.compare.offset_ranges import OffsetRange, Overlap, merge, overlaps, subtract, text, within
from stock_common.ledger import PRUNED, QUARANTINED
from stock_common.links import Link


class LedgerPart(NamedTuple):
    """What S3 and the ledger have to say about each other.

    last: the last offset of the rows that loaded something, -1 for none.
    gone: the offsets of ledgered objects that are not on S3 as links.
    pruned: one past the last offset of a pruned object that is not on S3, -1 for none.
    in_flight: the offsets on S3 that may still be on their way to the warehouse.
    """

    findings: list[Finding]
    missing: list[OffsetRange]
    doubled: list[OffsetRange]
    last: int
    gone: list[OffsetRange]
    pruned: int
    in_flight: list[OffsetRange]


class Ledgered(NamedTuple):
    """The ledgered objects that are on S3, or those that are not. The fields are as in LedgerPart."""

    findings: list[Finding]
    missing: list[OffsetRange]
    gone: list[OffsetRange]


class Waiting(NamedTuple):
    """The links without a ledger row that loaded them."""

    findings: list[Finding]
    missing: list[OffsetRange]
    in_flight: list[OffsetRange]


class Overdue(NamedTuple):
    """A link that should be in the ledger, and the offsets of it that no ledger row covers."""

    kind: Kind
    key: str
    ranges: list[OffsetRange]


def check_ledger(
    evidence: Evidence, ledger: Sequence[LedgerRow], unledgered: Sequence[OffsetRange]
) -> LedgerPart:
    """Compares the objects after the checkpoint with the ledger, which is in order of first offset.

    unledgered: the table's offsets in no ledger row. The comparison with the table reports them.
    """
    held, quarantined = held_rows(ledger), _quarantined(ledger)
    stored = {item.key: item for item in evidence.objects}
    absent_rows = [row for row in held if row.key not in stored]
    absent = _absent(evidence, absent_rows)
    present = _present([(row, stored[row.key]) for row in held if row.key in stored])
    twice = overlaps((row.range, row.key) for row in held)
    waiting = _waiting(evidence, held, quarantined, unledgered)
    findings = [
        *absent.findings,
        *present.findings,
        *map(_ledgered_twice, twice),
        *named(Kind.QUARANTINED, quarantined),
        *waiting.findings,
    ]
    return LedgerPart(
        findings,
        [*absent.missing, *present.missing, *waiting.missing],
        [each.range for each in twice],
        _last(evidence, held),
        [*absent.gone, *present.gone],
        _pruned_end(absent_rows),
        waiting.in_flight,
    )


def _absent(evidence: Evidence, rows: Sequence[LedgerRow]) -> Ledgered:
    """Objects that are not on S3. One that was pruned, or whose loss was accepted, is not missing."""
    deleted = {row: _deleted(row) for row in rows if row.status != PRUNED}
    missing = [row.range for row, finding in deleted.items() if not evidence.accepts(finding)]
    return Ledgered([*deleted.values()], missing, [row.range for row in rows])


def _present(pairs: Sequence[tuple[LedgerRow, Stored]]) -> Ledgered:
    """Objects that are on S3. One that is no link holds none of its offsets."""
    findings = [finding for row, item in pairs for finding in _differences(row, item)]
    no_links = [row.range for row, item in pairs if item.link is None]
    return Ledgered(findings, no_links, no_links)


def _last(evidence: Evidence, held: Sequence[LedgerRow]) -> int:
    return max((row.last for row in held), default=max(evidence.since.next, 0) - 1)


def _pruned_end(rows: Sequence[LedgerRow]) -> int:
    """One past the last offset of the pruned rows, -1 for none."""
    return max((row.last + 1 for row in rows if row.status == PRUNED), default=-1)


def _ledgered_twice(overlap: Overlap) -> Finding:
    detail = f"offsets {overlap.range} are in the ledger with {overlap.holder} and with {overlap.other}"
    return Finding(Kind.LEDGERED_TWICE, detail)


def _deleted(row: LedgerRow) -> Finding:
    return Finding(
        Kind.DELETED, f"{row.key} (offsets {row.range}, {row.rows} rows) is in the ledger but not on S3"
    )


def _quarantined(ledger: Sequence[LedgerRow]) -> dict[str, str]:
    """The keys of the quarantined objects, each with its offsets and the reason."""
    rows = [row for row in ledger if row.status == QUARANTINED]
    offsets = [f" (offsets {row.range})" if 0 <= row.first <= row.last else "" for row in rows]
    return {
        row.key: f"{row.key}{where}: {row.reason or 'no reason given'}"
        for row, where in zip(rows, offsets, strict=True)
    }


def _differences(row: LedgerRow, stored: Stored) -> list[Finding]:
    link, difference = stored.link, ""
    if link is None:
        difference = f"it {stored.fault}"
    elif _counts(link) != row.counts:
        difference = f"it says {_counts_text(*_counts(link))}, the ledger {_counts_text(*row.counts)}"
    if stored.etag != row.etag:
        etags = f"{row.key} has the ETag {stored.etag}, in the ledger {row.etag}"
        return [Finding(Kind.REPLACED, f"{etags}; {difference}" if difference else etags)]
    return [Finding(Kind.LEDGER_DIFFERS, f"{row.key}: {difference}")] if difference else []


def _counts(link: Link) -> tuple[int, int, int, int, int, int]:
    return (link.first, link.last, link.rows, link.rejected, link.holes, link.lost)


def _counts_text(first: int, last: int, rows: int, rejected: int, holes: int, lost: int) -> str:
    offsets = OffsetRange(first, last)
    return f"offsets {offsets}, rows {rows}, rejected {rejected}, holes {holes}, lost {lost}"


def _waiting(
    evidence: Evidence,
    held: Sequence[LedgerRow],
    quarantined: Collection[str],
    unledgered: Sequence[OffsetRange],
) -> Waiting:
    """Sorts the links without a ledger row into missing, overdue and in flight.

    The loader takes a chain in order, so a link before a ledgered one is not in flight, however young.
    """
    ledgered = {row.key for row in held}
    links = _links(evidence, ledgered)
    uncovered = subtract((whole for _, whole in links), (row.range for row in held))
    unexplained = subtract(uncovered, unledgered)
    newest_ledgered = max(ledgered, default="")
    missing: list[OffsetRange] = []
    in_flight: list[OffsetRange] = []
    overdue: list[Overdue] = []
    for item, whole in links:
        ranges = within(whole, uncovered)
        if item.key in quarantined:
            missing += ranges
        elif not within(whole, unexplained):
            continue
        elif kind := _overdue_kind(evidence, item, newest_ledgered):
            overdue.append(Overdue(kind, item.key, ranges))
        else:
            in_flight += ranges
    for late in overdue:
        missing += late.ranges
    return Waiting(_overdue_findings(overdue, evidence.limit), missing, in_flight)


def _links(evidence: Evidence, ledgered: Collection[str]) -> list[tuple[Stored, OffsetRange]]:
    """The links that are not ledgered, in order of key, with what they cover."""
    links = [
        (item, OffsetRange(item.link.first, item.link.last))
        for item in evidence.objects
        if item.link and item.key not in ledgered
    ]
    return sorted(links, key=lambda pair: pair[0].key)


def _overdue_kind(evidence: Evidence, item: Stored, newest_ledgered: str) -> Kind | None:
    """None: the link may still be in flight."""
    if item.key < newest_ledgered:
        return Kind.SKIPPED
    oldest = evidence.now - timedelta(seconds=evidence.limit)
    return Kind.NOT_LOADED if not evidence.limit or item.modified < oldest else None


def _overdue_findings(overdue: Sequence[Overdue], limit: float) -> list[Finding]:
    """One finding for each stretch of links of one kind."""
    findings = []
    for kind, group in groupby(overdue, key=lambda late: late.kind):
        links = list(group)
        offsets = text(merge(each for late in links for each in late.ranges))
        what = f"{links[0].key} (offsets {offsets}) is"
        if len(links) > 1:
            what = f"{len(links)} objects, {links[0].key} to {links[-1].key} (offsets {offsets}), are"
        why = ", although later links are"
        if kind is not Kind.SKIPPED:
            why = f" more than {limit:.0f} s after the put" if limit else ""
        findings.append(Finding(kind, f"{what} not in the ledger{why}"))
    return findings

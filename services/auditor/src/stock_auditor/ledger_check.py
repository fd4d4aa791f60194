"""S3 against the ledger: one chain's objects and its rows of RAW.LOADED_FILES. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from stock_auditor.evidence import PRUNED, QUARANTINED, Evidence, LedgerRow, Stored
from stock_auditor.findings import Finding, Kind
from stock_auditor.spans import Span, merge, subtract, text, within
from stock_common.links import Link


class LedgerPart(NamedTuple):
    """`held` are the rows that loaded something, in order of first offset; `last` is the last offset of these, -1 for none.

    `gone` are the offsets of ledgered objects that are not on S3 as links, `pruned` one past the last pruned one of these (-1 for none);
    `in_flight` the offsets on S3 that may still be on their way to the warehouse.
    """

    findings: list[Finding]
    missing: list[Span]
    doubled: list[Span]
    held: list[LedgerRow]
    last: int
    gone: list[Span]
    pruned: int
    in_flight: list[Span]


def check_ledger(evidence: Evidence, ledger: Sequence[LedgerRow], unledgered: Sequence[Span]) -> LedgerPart:
    """The objects behind the checkpoint against the ledger, which is in order of first offset.

    `unledgered` are the table's offsets in no ledger row: told elsewhere.
    """
    held = [row for row in ledger if row.status != QUARANTINED]
    stored = {item.key: item for item in evidence.objects}
    absent = [row for row in held if row.key not in stored]
    deleted = {row: _deleted(row) for row in absent if row.status != PRUNED}
    unreadable = [row for row in held if row.key in stored and stored[row.key].link is None]
    findings = list(deleted.values())
    findings += [finding for row in held if row.key in stored for finding in _differences(row, stored[row.key])]
    twice, doubled = _twice(held)
    findings += twice
    quarantined = {row.key: row for row in ledger if row.status == QUARANTINED}
    findings += [Finding(Kind.QUARANTINED, f"{row.key}{_range(row)}: {row.reason or 'no reason given'}") for row in quarantined.values()]
    waiting, missing, in_flight = _not_loaded(evidence, held, quarantined, unledgered)
    return LedgerPart(
        [*findings, *waiting],
        [*(row.span for row, finding in deleted.items() if not evidence.accepts(finding)), *(row.span for row in unreadable), *missing],
        doubled,
        held,
        max((row.last for row in held), default=evidence.since.next - 1 if evidence.since.next > 0 else -1),
        [row.span for row in (*absent, *unreadable)],
        max((row.last + 1 for row in absent if row.status == PRUNED), default=-1),
        in_flight,
    )


def _deleted(row: LedgerRow) -> Finding:
    return Finding(Kind.DELETED, f"{row.key} (offsets {row.span}, {row.rows} rows) is in the ledger but not on S3")


def _differences(row: LedgerRow, stored: Stored) -> list[Finding]:
    link = stored.link
    if link is None:
        says = f"it {stored.fault}"
    else:
        says = "" if _counts(link) == row.counts else f"it says {_told(*_counts(link))}, the ledger {_told(*row.counts)}"
    if stored.etag != row.etag:
        return [Finding(Kind.REPLACED, f"{row.key} has the ETag {stored.etag}, in the ledger {row.etag}{says and '; ' + says}")]
    return [Finding(Kind.LEDGER_DIFFERS, f"{row.key}: {says}")] if says else []


def _counts(link: Link) -> tuple[int, int, int, int, int, int]:
    return (link.first, link.last, link.rows, link.rejected, link.holes, link.lost)


def _told(first: int, last: int, rows: int, rejected: int, holes: int, lost: int) -> str:
    return f"offsets {Span(first, last)}, rows {rows}, rejected {rejected}, holes {holes}, lost {lost}"


def _range(row: LedgerRow) -> str:
    return f" (offsets {row.span})" if 0 <= row.first <= row.last else ""


def _twice(held: Sequence[LedgerRow]) -> tuple[list[Finding], list[Span]]:
    findings, doubled = [], []
    reached, holder = -1, ""
    for row in held:
        if row.first < reached:
            span = Span(row.first, min(row.last, reached - 1))
            doubled.append(span)
            findings.append(Finding(Kind.LEDGERED_TWICE, f"offsets {span} are in the ledger with {holder} and with {row.key}"))
        if row.last >= reached:
            reached, holder = row.last + 1, row.key
    return findings, doubled


def _not_loaded(
    evidence: Evidence, held: Sequence[LedgerRow], quarantined: Mapping[str, LedgerRow], unledgered: Sequence[Span]
) -> tuple[list[Finding], list[Span], list[Span]]:
    """Links without a ledger row: findings, missing offsets, offsets in flight. The loader takes a chain in order, so a link before
    a ledgered one is not in flight, however young."""
    ledgered = {row.key for row in held}
    items = [(item, Span(item.link.first, item.link.last)) for item in evidence.objects if item.link and item.key not in ledgered]
    open_spans = subtract((whole for _, whole in items), (row.span for row in held))
    unexplained = subtract(open_spans, unledgered)
    greatest = max(ledgered, default="")
    oldest = evidence.now - timedelta(seconds=evidence.limit)
    missing: list[Span] = []
    in_flight: list[Span] = []
    overdue: list[tuple[Kind, Stored, list[Span]]] = []
    for item, whole in sorted(items, key=lambda pair: pair[0].key):
        spans = within(whole, open_spans)
        if item.key in quarantined:
            missing += spans
        elif not within(whole, unexplained):
            continue
        elif item.key < greatest:
            overdue.append((Kind.SKIPPED, item, spans))
        elif not evidence.limit or item.modified < oldest:
            overdue.append((Kind.NOT_LOADED, item, spans))
        else:
            in_flight += spans
    missing += [span for _, _, spans in overdue for span in spans]
    return _stretches(overdue, evidence.limit), missing, in_flight


def _stretches(overdue: Sequence[tuple[Kind, Stored, list[Span]]], limit: float) -> list[Finding]:
    """One finding for each stretch of links of one kind."""
    findings = []
    for kind, group in groupby(overdue, key=lambda entry: entry[0]):
        links = list(group)
        spans = merge(span for _, _, part in links for span in part)
        first, last = links[0][1].key, links[-1][1].key
        what = f"{first} (offsets {text(spans)})" if len(links) == 1 else f"{len(links)} objects, {first} to {last} (offsets {text(spans)}),"
        verb = "is" if len(links) == 1 else "are"
        if kind is Kind.SKIPPED:
            findings.append(Finding(kind, f"{what} {verb} not in the ledger, although later links are"))
        else:
            age = f" more than {limit:.0f} s after the put" if limit else ""
            findings.append(Finding(kind, f"{what} {verb} not in the ledger{age}"))
    return findings

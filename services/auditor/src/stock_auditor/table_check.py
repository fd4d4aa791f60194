"""The ledger against the table: one chain's rows of RAW.LOADED_FILES and the offsets in RAW.STOCK_…. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stock_auditor.evidence import LOADED, PRUNED, LedgerRow, Run, Stored, Totals
from stock_auditor.findings import Finding, Kind
from stock_auditor.spans import Span, merge, size, subtract, text
from stock_common.links import Link


class TablePart(NamedTuple):
    """`missing` are (range of a ledgered object, how many of its rows are not in the table), `doubled` the offsets in more than one row,

    `unledgered` those in no ledger row, `rows` how many the table holds.
    """

    findings: list[Finding]
    missing: list[tuple[Span, int]]
    doubled: list[Span]
    unledgered: list[Span]
    rows: int


def agrees(held: Iterable[LedgerRow], totals: Totals) -> bool:
    """Whether the totals are what the ledger says. Where they are not, the table is read by offsets, so that a finding has a name."""
    loaded = [row for row in held if row.status == LOADED and row.rows]
    if totals.rows != totals.offsets or totals.rows != sum(row.rows for row in loaded):
        return False
    return not loaded or (totals.first >= min(row.first for row in loaded) and totals.last <= max(row.last for row in loaded))


def check_table(held: Sequence[LedgerRow], totals: Totals, runs: Sequence[Run] | None, objects: Sequence[Stored]) -> TablePart:
    """The table's offsets against the ledgered ranges. `runs` None: only the totals were read, and they agree with the ledger."""
    if runs is None:
        return TablePart([], [], [], [], totals.offsets)
    # A run of single rows and a run of doubled ones may lie side by side, but no two runs share an offset.
    ordered = sorted(runs)
    lasts = [run.last for run in ordered]
    findings: list[Finding] = []
    missing: list[tuple[Span, int]] = []
    for row in held:
        found, short = _row(row, _cut(ordered, lasts, row.span))
        findings += found
        if short:
            missing.append((row.span, short))
    unledgered = subtract((Span(run.first, run.last) for run in ordered), (row.span for row in held))
    links = sorted((item.link for item in objects if item.link), key=lambda link: link.first) if unledgered else []
    for span in unledgered:
        inside = _cut(ordered, lasts, span)
        findings.append(Finding(Kind.NO_LEDGER_ROW, f"{span.size} offsets, {span}, are in Snowflake; {_holder(span, links)}"))
        findings += _doubled(inside)
    return TablePart(findings, missing, _copied(ordered), unledgered, size(Span(run.first, run.last) for run in ordered))


def _row(row: LedgerRow, inside: Sequence[Run]) -> tuple[list[Finding], int]:
    """One ledgered object: findings, and how many of its rows are missing."""
    spans = [Span(run.first, run.last) for run in inside]
    there = size(spans)
    findings = []
    if row.status == PRUNED:
        if there:
            findings.append(Finding(Kind.ROWS_SURPLUS, f"{row.key} is pruned, but offsets {text(spans)} are in Snowflake"))
    elif there < row.rows:
        absent = subtract([row.span], spans)
        never = size(absent) - (row.rows - there)
        note = f", of which {never} were never rows" if never else ""
        findings.append(
            Finding(Kind.ROWS_MISSING, f"{row.key} (offsets {row.span}): Snowflake has {there} of its {row.rows} rows; absent: {text(absent)}{note}")
        )
    elif there > row.rows:
        findings.append(Finding(Kind.ROWS_SURPLUS, f"{row.key} (offsets {row.span}): Snowflake has {there} of its offsets, it holds {row.rows} rows"))
    findings += _doubled(inside, f"{row.key}: ")
    return findings, 0 if row.status == PRUNED else max(0, row.rows - there)


def _cut(ordered: Sequence[Run], lasts: Sequence[int], span: Span) -> list[Run]:
    """The parts of the runs that lie in `span`."""
    begin, end = bisect_left(lasts, span.first), bisect_right(ordered, span.last, key=lambda run: run.first)
    return [Run(max(run.first, span.first), min(run.last, span.last), run.copies) for run in ordered[begin:end]]


def _doubled(inside: Sequence[Run], where: str = "") -> list[Finding]:
    copied = _copied(inside)
    if not copied:
        return []
    extra = sum((run.last - run.first + 1) * (run.copies - 1) for run in inside)
    return [Finding(Kind.ROWS_DOUBLED, f"{where}offsets {text(copied)} are in Snowflake more than once, rows too many: {extra}")]


def _copied(runs: Iterable[Run]) -> list[Span]:
    return merge(Span(run.first, run.last) for run in runs if run.copies > 1)


def _holder(span: Span, links: Sequence[Link]) -> str:
    begin = bisect_left(links, span.first, key=lambda link: link.last)
    end = bisect_right(links, span.last, key=lambda link: link.first)
    if begin >= end:
        return "no object holds them"
    return f"they are in {links[begin].key}{f' and {end - begin - 1} more objects' if end - begin > 1 else ''}"

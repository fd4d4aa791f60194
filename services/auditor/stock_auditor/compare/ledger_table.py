"""The ledger against the table: one chain's rows of RAW.LOADED_FILES and the offsets in RAW.STOCK_…."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stock_auditor.compare.evidence import LedgerRow, Run, Stored, Totals
from stock_auditor.compare.findings import Finding, Kind
from stock_auditor.compare.offset_ranges import OffsetRange, merge, size, subtract, text
from stock_common.ledger import LOADED, PRUNED
from stock_common.links import Link


class TablePart(NamedTuple):
    """What the ledger and the table have to say about each other.

    missing: (range of a ledgered object, how many of its rows are not in the table).
    doubled: the offsets in more than one row.
    unledgered: the offsets in no ledger row.
    rows: how many offsets the table holds.
    """

    findings: list[Finding]
    missing: list[tuple[OffsetRange, int]]
    doubled: list[OffsetRange]
    unledgered: list[OffsetRange]
    rows: int


class Runs:
    """The table's runs in order.

    A run of single rows and a run of doubled ones may be neighbours, but no two runs share an offset.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self.all = sorted(runs)
        self.ranges = [run.range for run in self.all]

    def within(self, whole: OffsetRange) -> list[Run]:
        """The parts of the runs that lie in `whole`."""
        begin = bisect_left(self.ranges, whole.first, key=lambda each: each.last)
        end = bisect_right(self.ranges, whole.last, key=lambda each: each.first)
        return [
            Run(max(run.first, whole.first), min(run.last, whole.last), run.copies)
            for run in self.all[begin:end]
        ]


def agrees(held: Iterable[LedgerRow], totals: Totals) -> bool:
    """Whether the totals are what the ledger has.

    Where they are not, the table is read by offsets, so that a finding can name them.
    """
    loaded = [row for row in held if row.status == LOADED and row.rows]
    if totals.rows != totals.offsets or totals.rows != sum(row.rows for row in loaded):
        return False
    ranges = merge(row.range for row in loaded)
    return not ranges or (ranges[0].first <= totals.first and totals.last <= ranges[-1].last)


def check_table(
    held: Sequence[LedgerRow], totals: Totals, runs: Sequence[Run] | None, objects: Sequence[Stored]
) -> TablePart:
    """Compares the table's offsets with the ledgered ranges.

    A `runs` of None means that only the totals were read, and that they agree with the ledger.
    """
    if runs is None:
        return TablePart([], [], [], [], totals.offsets)
    table = Runs(runs)
    findings: list[Finding] = []
    missing: list[tuple[OffsetRange, int]] = []
    for row in held:
        found, short = _row(row, table.within(row.range))
        findings += found
        if short:
            missing.append((row.range, short))
    unledgered = subtract(table.ranges, (row.range for row in held))
    links = sorted((item.link for item in objects if item.link), key=lambda link: link.first)
    for each in unledgered:
        detail = f"{each.size} offsets, {each}, are in Snowflake; {_holder(each, links)}"
        findings += [Finding(Kind.NO_LEDGER_ROW, detail), *_doubled(table.within(each))]
    return TablePart(findings, missing, _copied(table.all), unledgered, size(table.ranges))


def _row(row: LedgerRow, inside: Sequence[Run]) -> tuple[list[Finding], int]:
    """One ledgered object: findings, and how many of its rows are missing."""
    ranges = [run.range for run in inside]
    there = size(ranges)
    short = 0 if row.status == PRUNED else max(0, row.rows - there)
    name = f"{row.key} (offsets {row.range})"
    findings: list[Finding] = []
    if row.status == PRUNED and there:
        detail = f"{row.key} is pruned, but offsets {text(ranges)} are in Snowflake"
        findings.append(Finding(Kind.ROWS_SURPLUS, detail))
    elif short:
        absent = subtract([row.range], ranges)
        never = size(absent) - short
        note = f", of which {never} were never rows" if never else ""
        detail = f"{name}: Snowflake has {there} of its {row.rows} rows; absent: {text(absent)}{note}"
        findings.append(Finding(Kind.ROWS_MISSING, detail))
    elif row.status != PRUNED and there > row.rows:
        detail = f"{name}: Snowflake has {there} of its offsets, it holds {row.rows} rows"
        findings.append(Finding(Kind.ROWS_SURPLUS, detail))
    return [*findings, *_doubled(inside, f"{row.key}: ")], short


def _doubled(inside: Sequence[Run], where: str = "") -> list[Finding]:
    copied = _copied(inside)
    if not copied:
        return []
    extra = sum(run.range.size * (run.copies - 1) for run in inside)
    detail = f"{where}offsets {text(copied)} are in Snowflake more than once, rows too many: {extra}"
    return [Finding(Kind.ROWS_DOUBLED, detail)]


def _copied(runs: Iterable[Run]) -> list[OffsetRange]:
    return merge(run.range for run in runs if run.copies > 1)


def _holder(offsets: OffsetRange, links: Sequence[Link]) -> str:
    begin = bisect_left(links, offsets.first, key=lambda link: link.last)
    end = bisect_right(links, offsets.last, key=lambda link: link.first)
    if begin >= end:
        return "no object holds them"
    more = f" and {end - begin - 1} more objects" if end - begin > 1 else ""
    return f"they are in {links[begin].key}{more}"

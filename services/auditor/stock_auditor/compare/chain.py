"""The verdict on one chain: compares what Kafka, S3, the ledger and the table hold of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from stock_auditor.compare.evidence import Checkpoint, Evidence, LedgerRow, Reading, held_rows
from stock_auditor.compare.findings import Finding, Kind
from stock_auditor.compare.kafka_s3 import ChainPart, check_chain
from stock_auditor.compare.ledger_table import TablePart, check_table
from stock_auditor.compare.offset_ranges import OffsetRange, half_open, merge, size, within
from stock_auditor.compare.s3_ledger import LedgerPart, check_ledger
from stock_common.ledger import LOADED
from stock_common.links import Link
from stock_common.status import PartitionVerdict
from stock_objects.chain import Chain

MOST_WARNINGS = 20
"""A checkpoint carries on so many warnings: the last ones."""


class Outcome(NamedTuple):
    """`checkpoint` is where a later audit goes on.

    Without findings that is after the ledger's last link. With findings it is where this audit began.
    """

    verdict: PartitionVerdict
    findings: list[Finding]
    warnings: list[str]
    checkpoint: Checkpoint
    unread: list[Link]


class Losses(NamedTuple):
    """What is gone. `before` is how many offsets were gone before the chain's first link.

    seen_again: what a later audit sees again: the topic id, and the links that are not ledgered yet.
    """

    findings: list[Finding]
    seen_again: set[Finding]
    before: int


class Parts(NamedTuple):
    """What each comparison of two neighbouring stages found. `lost`: offsets from before the chain began."""

    chain: ChainPart
    ledger: LedgerPart
    table: TablePart
    lost: int


def compare(evidence: Evidence) -> Outcome:
    """Compares the stages of one chain.

    The stages are to be read in the order table and ledger, S3, Kafka. By the time a stage is read, it holds
    what the one before it in this order held, and perhaps more, so what is on its way shows up as in flight.
    In the opposite order a stage would seem to hold what the stage that feeds it does not.
    """
    reading = evidence.reading or Reading()
    rows = sorted(reading.ledger, key=lambda row: (row.first, row.last))
    held = held_rows(rows)
    table = check_table(held, reading.totals, reading.runs, evidence.objects)
    ledger = check_ledger(evidence, rows, table.unledgered)
    chain = check_chain(evidence, ledger.gone, {row.key for row in rows}, ledger.pruned)

    losses = _losses(evidence, held)
    found = [*losses.findings, *chain.findings, *ledger.findings, *table.findings]
    accepted = _accepted(evidence, found)
    findings = [finding for finding in found if finding not in accepted]
    warnings = [*evidence.since.warnings, *accepted.values()]

    checkpoint = evidence.since
    if not findings:
        settled = [text for finding, text in accepted.items() if finding not in losses.seen_again]
        checkpoint = _advanced(evidence.since, held, losses.before, reading.resent, settled)
    verdict = _verdict(evidence, Parts(chain, ledger, table, losses.before), findings, warnings)
    return Outcome(verdict, findings, warnings, checkpoint, [each.link for each in chain.unread])


def _losses(evidence: Evidence, held: Sequence[LedgerRow]) -> Losses:
    gone, lost, before = _gone(evidence), _lost(evidence), _before(evidence, held)
    findings = [*gone, *_lost_before(evidence.chain, before), *lost.values()]
    unledgered = lost.keys() - {row.key for row in held}
    return Losses(findings, {*gone, *(lost[key] for key in unledgered)}, size(before))


def _gone(evidence: Evidence) -> list[Finding]:
    """The finding that Kafka no longer has the chain's topic id."""
    if evidence.log is not None:
        return []
    topic, topic_id, _ = evidence.chain
    detail = f"{topic_id} is no longer the topic id of Kafka's {topic}: what S3 did not have of it is gone"
    return [Finding(Kind.GONE, detail)]


def _lost(evidence: Evidence) -> dict[str, Finding]:
    """Key → finding, of the links with offsets that were gone before the sink read them."""
    links = [item.link for item in evidence.objects if item.link and item.link.lost]
    return {
        str(link.key): Finding(
            Kind.LOST,
            f"{link.lost} of the offsets {OffsetRange(link.first, link.last)} were gone before they were read"
            f" ({link.key})",
        )
        for link in links
    }


def _before(evidence: Evidence, held: Sequence[LedgerRow]) -> list[OffsetRange]:
    """The offsets from before the chain's first link that no stage has: every topic id begins at 0.

    Retention took them before a sink had read them, or their objects were deleted before they were ledgered.
    """
    if evidence.since.next >= 0:
        return []
    firsts = [item.link.first for item in evidence.objects if item.link] + [row.first for row in held]
    if not firsts:
        return []  # the sink begins the chain with a lost link
    return half_open(0, min([*firsts, evidence.log.first] if evidence.log else firsts))


def _lost_before(chain: Chain, before: Sequence[OffsetRange]) -> list[Finding]:
    return [
        Finding(Kind.LOST, f"offsets {each} were gone before the chain began ({chain.prefix})")
        for each in before
    ]


def _accepted(evidence: Evidence, found: Iterable[Finding]) -> dict[Finding, str]:
    """The accepted findings with their texts as warnings."""
    return {
        finding: f"accepted ({evidence.accepted[str(finding)]}): {finding}"
        for finding in found
        if evidence.accepts(finding)
    }


def _advanced(
    since: Checkpoint, held: Sequence[LedgerRow], lost: int, resent: int, warnings: Collection[str]
) -> Checkpoint:
    """`lost`: offsets from before the chain's first link."""
    if not held:
        return since
    return Checkpoint(
        held[-1].last + 1,
        held[-1].key,
        since.rows + sum(row.rows for row in held if row.status == LOADED),
        since.rejected + sum(row.rejected for row in held),
        since.holes + sum(row.holes for row in held),
        since.lost + lost + sum(row.lost for row in held),
        since.resent + resent,
        (*since.warnings, *warnings)[-MOST_WARNINGS:],
    )


def _missing(parts: Parts) -> int:
    """Offsets that a stage should hold and does not, each counted once, whichever stages lack it."""
    ranges = merge([*parts.chain.missing, *parts.ledger.missing])
    unread = sum(each.records for each in parts.chain.unread)
    in_table = sum(count for held, count in parts.table.missing if not within(held, ranges))
    return size(ranges) + unread + in_table


def _verdict(
    evidence: Evidence, parts: Parts, findings: Sequence[Finding], warnings: Sequence[str]
) -> PartitionVerdict:
    place, log, since = evidence.chain, evidence.log, evidence.since
    links = [item.link for item in evidence.objects if item.link]
    return PartitionVerdict(
        topic=place.topic,
        topic_id=place.topic_id,
        partition=place.partition,
        kafka_first=log.first if log else -1,
        kafka_end=log.end if log else -1,
        s3_last=max(parts.chain.end, 0) - 1,
        warehouse_last=parts.ledger.last,
        rows=since.rows + parts.table.rows,
        rejected=since.rejected + sum(link.rejected for link in links),
        holes=since.holes + sum(link.holes for link in links),
        lost=since.lost + parts.lost + sum(link.lost for link in links),
        in_flight_s3=size(parts.chain.in_flight),
        in_flight_warehouse=size(parts.ledger.in_flight),
        missing=_missing(parts),
        doubled=size([*parts.chain.doubled, *parts.ledger.doubled, *parts.table.doubled]),
        resent=since.resent + (evidence.reading.resent if evidence.reading else 0),
        findings=[str(finding) for finding in findings],
        warnings=list(warnings),
    )

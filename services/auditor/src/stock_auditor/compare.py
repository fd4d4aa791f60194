"""The verdict on one chain: what Kafka, S3, the ledger and the table say of it, compared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stock_auditor.chain_check import ChainPart, check_chain
from stock_auditor.evidence import LOADED, QUARANTINED, Checkpoint, Evidence, LedgerRow, Reading
from stock_auditor.findings import Finding, Kind
from stock_auditor.ledger_check import LedgerPart, check_ledger
from stock_auditor.spans import Span, merge, size, within
from stock_auditor.table_check import TablePart, check_table
from stock_common.links import Link
from stock_common.status import PartitionVerdict

MOST_WARNINGS = 20
"""That a checkpoint carries on: the last ones."""


class Outcome(NamedTuple):
    """`checkpoint` is where a later audit may go on: behind the ledger's last link, where nothing was found; else where this one began."""

    verdict: PartitionVerdict
    findings: list[Finding]
    warnings: list[str]
    checkpoint: Checkpoint


def compare(evidence: Evidence) -> Outcome:
    """Compares the stages of one chain.

    The stages are to be read in the order table and ledger, S3, Kafka. Each holds what the one before it in this order holds and perhaps
    more by the time it is read, so what is on its way shows up as in flight. The other way round it would look as if a stage held what
    the one that feeds it does not.
    """
    reading = evidence.reading or Reading()
    rows = sorted(reading.ledger, key=lambda row: (row.first, row.last))
    held = [row for row in rows if row.status != QUARANTINED]
    table = check_table(held, reading.totals, reading.runs, evidence.objects)
    ledger = check_ledger(evidence, rows, table.unledgered)
    chain = check_chain(evidence, ledger.gone, {row.key for row in rows}, ledger.pruned)
    lost = {item.key: _lost(item.link) for item in evidence.objects if item.link and item.link.lost}
    gone = [_gone(evidence)] if evidence.log is None else []
    found = [*gone, *lost.values(), *chain.findings, *ledger.findings, *table.findings]
    findings = [finding for finding in found if not evidence.accepts(finding)]
    accepted = {finding: f"accepted ({evidence.accepted[str(finding)]}): {finding}" for finding in found if evidence.accepts(finding)}
    warnings = [*evidence.since.warnings, *accepted.values()]
    # A later audit sees the topic id again, and the links that are not ledgered yet.
    again = {*gone, *(finding for key, finding in lost.items() if key not in {row.key for row in held})}
    behind = [text for finding, text in accepted.items() if finding not in again]
    checkpoint = evidence.since if findings else _advanced(evidence.since, held, reading.resent, behind)
    return Outcome(_verdict(evidence, chain, ledger, table, reading.resent, findings, warnings), findings, warnings, checkpoint)


def _lost(link: Link) -> Finding:
    return Finding(Kind.LOST, f"{link.lost} of the offsets {Span(link.first, link.last)} were gone before they were read ({link.key})")


def _gone(evidence: Evidence) -> Finding:
    place = evidence.chain
    return Finding(Kind.GONE, f"{place.topic_id} is no longer the topic id of Kafka's {place.topic}: what S3 did not have of it is gone")


def _advanced(since: Checkpoint, held: Sequence[LedgerRow], resent: int, warnings: Sequence[str]) -> Checkpoint:
    if not held:
        return since
    return Checkpoint(
        held[-1].last + 1,
        held[-1].key,
        since.rows + sum(row.rows for row in held if row.status == LOADED),
        since.rejected + sum(row.rejected for row in held),
        since.holes + sum(row.holes for row in held),
        since.lost + sum(row.lost for row in held),
        since.resent + resent,
        (*since.warnings, *warnings)[-MOST_WARNINGS:],
    )


def _missing(chain: ChainPart, ledger: LedgerPart, table: TablePart) -> int:
    """Offsets that a stage should hold and does not, each counted once, whichever stages it is missing from."""
    spans = merge([*chain.missing, *ledger.missing])
    return size(spans) + sum(count for span, count in table.missing if not within(span, spans))


def _verdict(
    evidence: Evidence, chain: ChainPart, ledger: LedgerPart, table: TablePart, resent: int, findings: Sequence[Finding], warnings: Sequence[str]
) -> PartitionVerdict:
    place, log, since = evidence.chain, evidence.log, evidence.since
    links = [item.link for item in evidence.objects if item.link]
    return PartitionVerdict(
        topic=place.topic,
        topic_id=place.topic_id,
        partition=place.partition,
        kafka_first=log.first if log else -1,
        kafka_end=log.end if log else -1,
        s3_last=max(chain.end, 0) - 1,
        warehouse_last=ledger.last,
        rows=since.rows + table.rows,
        rejected=since.rejected + sum(link.rejected for link in links),
        holes=since.holes + sum(link.holes for link in links),
        lost=since.lost + sum(link.lost for link in links),
        in_flight_s3=size(chain.in_flight),
        in_flight_warehouse=size(ledger.in_flight),
        missing=_missing(chain, ledger, table),
        doubled=size([*chain.doubled, *ledger.doubled, *table.doubled]),
        resent=since.resent + resent,
        findings=[str(finding) for finding in findings],
        warnings=list(warnings),
    )

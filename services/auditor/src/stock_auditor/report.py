"""The audit as a table for a person, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stock_auditor.decisions import finding_id
from stock_auditor.findings import acceptable
from stock_common.status import AuditStatus, PartitionVerdict

RED, YELLOW, GREEN, BOLD, PLAIN = "\033[31m", "\033[33m", "\033[32m", "\033[1m", "\033[0m"
HEADER = ("topic", "part", "Kafka", "on S3", "Snowflake", "rows", "rejected", "lost", "in flight", "missing", "doubled", "resent")
ID_SHOWN = 8


def as_json(status: AuditStatus) -> str:
    """The status message itself, indented."""
    return msgspec.json.format(msgspec.json.encode(status), indent=2).decode()


def as_text(status: AuditStatus, colour: bool) -> str:
    """A line for each partition, the totals, every finding and warning, and the verdict in one sentence."""
    several = {part.topic for part in status.partitions if part.topic_id != _newest(status.partitions, part.topic)}
    lines = [HEADER, *(_line(part, part.topic in several) for part in status.partitions), _totals(status.partitions)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    table = [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    findings = list(dict.fromkeys(told(status)))
    warnings = list(dict.fromkeys(text for part in status.partitions for text in part.warnings))
    shown = [
        _paint(table[0], BOLD, colour),
        *table[1:-1],
        _paint(table[-1], BOLD, colour),
        "",
        *(_paint(f"Finding: {text}{_hint(text)}", RED, colour) for text in findings),
        *(_paint(f"Warning: {text}", YELLOW, colour) for text in warnings),
        *([""] if findings or warnings else []),
        _paint(verdict(status), GREEN if status.complete else RED, colour),
    ]
    return "\n".join(line.rstrip() for line in shown)


def verdict(status: AuditStatus) -> str:
    """The verdict in one sentence, or two."""
    total = {
        name: sum(getattr(part, name) for part in status.partitions)
        for name in ("missing", "doubled", "resent", "rows", "in_flight_s3", "in_flight_warehouse", "lost")
    }
    counts = f"{total['missing']:,} missing, {total['doubled']:,} doubled, {total['resent']:,} resent"
    if not status.complete:
        number = len(set(told(status)))
        return f"NOT complete: {counts}; {number} finding{'s' if number > 1 else ''} above."
    flying = total["in_flight_s3"] + total["in_flight_warehouse"]
    if flying:
        return f"Complete so far: {counts}; {flying:,} offsets are on their way."
    lost = f" {total['lost']:,} offsets were lost to retention, see the warnings." if total["lost"] else ""
    return f"Complete: Kafka, S3 and Snowflake hold the same offsets, {total['rows']:,} rows; {counts}.{lost}"


def told(status: AuditStatus) -> list[str]:
    """Every finding; one that concerns several partitions is there for each."""
    return [*status.findings, *(text for part in status.partitions for text in part.findings)]


def _hint(text: str) -> str:
    return f" (accept {finding_id(text)})" if acceptable(text) else ""


def _newest(parts: Sequence[PartitionVerdict], topic: str) -> str:
    """The topic id that Kafka has, else any of the topic's."""
    ids = [part.topic_id for part in sorted(parts, key=lambda part: part.kafka_end >= 0) if part.topic == topic]
    return ids[-1]


def _line(part: PartitionVerdict, with_id: bool) -> tuple[str, ...]:
    name = f"{part.topic} {part.topic_id[:ID_SHOWN]}" if with_id else part.topic
    ends = ("gone" if part.kafka_end < 0 else f"{part.kafka_end:,}", f"{part.s3_last + 1:,}", f"{part.warehouse_last + 1:,}")
    return (name, str(part.partition), *ends, *_counts([part]))


def _counts(parts: Sequence[PartitionVerdict]) -> tuple[str, ...]:
    flying = sum(part.in_flight_s3 + part.in_flight_warehouse for part in parts)
    rows, rejected, lost, missing, doubled, resent = (
        sum(getattr(part, name) for part in parts) for name in ("rows", "rejected", "lost", "missing", "doubled", "resent")
    )
    return tuple(f"{number:,}" for number in (rows, rejected, lost, flying, missing, doubled, resent))


def _totals(parts: Sequence[PartitionVerdict]) -> tuple[str, ...]:
    ends = (sum(max(part.kafka_end, 0) for part in parts), sum(part.s3_last + 1 for part in parts), sum(part.warehouse_last + 1 for part in parts))
    return ("total", "", *(f"{number:,}" for number in ends), *_counts(parts))


def _paint(line: str, style: str, colour: bool) -> str:
    return f"{style}{line}{PLAIN}" if colour else line

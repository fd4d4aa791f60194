"""The verdict as a table for a person, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stock_auditor.compare.findings import is_acceptable
from stock_auditor.decisions.records import finding_id
from stock_common import table
from stock_common.printable import printable
from stock_common.status import AuditStatus, PartitionVerdict

RED, YELLOW, GREEN, BOLD, PLAIN = "\033[31m", "\033[33m", "\033[32m", "\033[1m", "\033[0m"
PLACE_COLUMNS = ("topic", "part")
END_COLUMNS = ("Kafka", "on S3", "Snowflake")
"""End offsets: one past the last that the stage holds."""
IN_FLIGHT = ("in_flight_s3", "in_flight_warehouse")
COUNTS = {
    "rows": ("rows",),
    "rejected": ("rejected",),
    "holes": ("holes",),
    "lost": ("lost",),
    "in flight": IN_FLIGHT,
    "missing": ("missing",),
    "doubled": ("doubled",),
    "resent": ("resent",),
}
"""Column → the fields of PartitionVerdict that it adds up."""
ID_SHOWN = 8
TEXT_SHOWN = 2_000
"""Characters of a finding."""


def as_json(status: AuditStatus) -> str:
    """The status message itself, indented."""
    return msgspec.json.format(msgspec.json.encode(status), indent=2).decode()


def as_text(status: AuditStatus, colour: bool) -> str:
    """A line for each partition, the totals, every finding and warning, and the verdict in one sentence.

    No text of the status reaches a terminal as it came. The only escapes are the colours.
    """
    parts = status.partitions
    several = {part.topic for part in parts if part.topic_id != _newest(parts, part.topic)}
    heading, *rows, totals = table.lines(
        [
            (*PLACE_COLUMNS, *END_COLUMNS, *COUNTS),
            *(_row(part, part.topic in several) for part in parts),
            _totals(parts),
        ]
    )
    findings = [_paint(f"Finding: {shown(text)}{_hint(text)}", RED, colour) for text in all_findings(status)]
    warnings = [_paint(f"Warning: {shown(text)}", YELLOW, colour) for text in all_warnings(status)]
    lines = [
        _paint(heading, BOLD, colour),
        *rows,
        _paint(totals, BOLD, colour),
        "",
        *findings,
        *warnings,
        *([""] if findings or warnings else []),
        _paint(verdict(status), GREEN if status.complete else RED, colour),
    ]
    return "\n".join(line.rstrip() for line in lines)


def shown(text: str) -> str:
    """A finding or a warning for one line of a terminal."""
    return printable(text, TEXT_SHOWN)


def verdict(status: AuditStatus) -> str:
    """The verdict in one sentence, or two."""
    total = {column: _sum(status.partitions, fields) for column, fields in COUNTS.items()}
    counts = ", ".join(f"{total[column]:,} {column}" for column in ("missing", "doubled", "resent"))
    if not status.complete:
        number = len(all_findings(status))
        return f"NOT complete: {counts}; {number} finding{'s' if number > 1 else ''} above."
    if flying := total["in flight"]:
        return f"Complete so far: {counts}; {flying:,} offsets are on their way."
    lost = f" {total['lost']:,} offsets were lost to retention, see the warnings." if total["lost"] else ""
    return f"Complete: Kafka, S3 and Snowflake hold the same offsets, {total['rows']:,} rows; {counts}.{lost}"


def all_findings(status: AuditStatus) -> list[str]:
    """Every finding once, also one that concerns several partitions."""
    return _once([*status.findings, *(text for part in status.partitions for text in part.findings)])


def all_warnings(status: AuditStatus) -> list[str]:
    """Every warning once."""
    return _once([text for part in status.partitions for text in part.warnings])


def _once(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _hint(text: str) -> str:
    return f" (accept {finding_id(text)})" if is_acceptable(text) else ""


def _newest(parts: Sequence[PartitionVerdict], topic: str) -> str:
    """The topic id that Kafka has, else any of the topic's."""
    of_topic = [part for part in parts if part.topic == topic]
    return sorted(of_topic, key=lambda part: part.kafka_end >= 0)[-1].topic_id


def _sum(parts: Sequence[PartitionVerdict], fields: Sequence[str]) -> int:
    return sum(getattr(part, field) for part in parts for field in fields)


def _row(part: PartitionVerdict, with_id: bool) -> tuple[str, ...]:
    name = f"{part.topic} {part.topic_id[:ID_SHOWN]}" if with_id else part.topic
    kafka = "gone" if part.kafka_end < 0 else f"{part.kafka_end:,}"
    ends = (kafka, f"{part.s3_last + 1:,}", f"{part.warehouse_last + 1:,}")
    return (name, str(part.partition), *ends, *_counts([part]))


def _totals(parts: Sequence[PartitionVerdict]) -> tuple[str, ...]:
    ends = (
        sum(max(part.kafka_end, 0) for part in parts),
        sum(part.s3_last + 1 for part in parts),
        sum(part.warehouse_last + 1 for part in parts),
    )
    return ("total", "", *(f"{number:,}" for number in ends), *_counts(parts))


def _counts(parts: Sequence[PartitionVerdict]) -> tuple[str, ...]:
    return tuple(f"{_sum(parts, fields):,}" for fields in COUNTS.values())


def _paint(line: str, style: str, colour: bool) -> str:
    return f"{style}{line}{PLAIN}" if colour else line

"""The auditor's metrics."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from stock_auditor.auditor import Audited
from stock_auditor.compare.findings import Kind
from stock_auditor.stages.base import STAGES
from stock_common.metrics import Factory
from stock_common.status import PartitionVerdict
from stock_common.topics import DECISIONS, STATUS, SUNK

COMPARED_STAGES = ("s3", "snowflake")
READ_TOPICS = (STATUS.name, DECISIONS.name)
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
PARTITION_GAUGES = {
    "missing": ("missing_offsets", "Offsets that a stage should hold and does not."),
    "doubled": ("doubled_offsets", "Offsets that a stage holds more than once."),
    "resent": ("resent_events", "Events at several offsets, which the views hide."),
    "lost": ("lost_offsets", "Offsets that retention took before they were on S3."),
    "rejected": ("rejected_offsets", "Offsets that were dead-lettered."),
    "holes": ("hole_offsets", "Offsets that the broker never delivered."),
    "rows": ("snowflake_offsets", "Offsets that are rows in Snowflake."),
}
"""Field of PartitionVerdict → (name, help text)."""


class Metrics:
    """Made once for a registry. Every label set of the topics' own partitions exists from the start.

    A partition's values are the sums over its topic ids. `complete` is NaN before the first audit, because
    nothing is known yet.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Factory(registry, "stock_auditor")
        self.complete = make.gauge("complete", "1 while nothing unexplained is found.")
        self.complete.set(math.nan)
        self._by_partition = {
            field: make.gauge(*texts, topic=None, partition=None) for field, texts in PARTITION_GAUGES.items()
        }
        self._in_flight = make.gauge(
            "in_flight_offsets", "Offsets on their way, by where to.", topic=None, partition=None, to=None
        )
        self._findings = make.gauge("findings", "Findings of the last audit.", kind=Kind)
        self._quarantined = make.gauge("quarantined_objects", "Objects that the loader refused.")
        self._dead_letters = make.gauge("dead_letters", "Messages in the dead-letter topic.")
        self._compared_at = make.gauge(
            "last_comparison_timestamp_seconds", "When a stage was last compared.", stage=COMPARED_STAGES
        )
        self._seconds = make.histogram(
            "comparison_seconds", "Time of an audit, by how far it went.", SECONDS, stage=COMPARED_STAGES
        )
        self.failures = make.counter("failures_total", "Audits that a stage did not answer.", stage=STAGES)
        self.refused = make.counter(
            "refused_messages_total", "Messages that could not be taken and were skipped.", topic=READ_TOPICS
        )
        self.restarts = make.counter(
            "reader_restarts_total", "Times that the status topic was read again by a new client."
        )
        for topic in SUNK:
            for partition in range(topic.partitions):
                self._show_partition(topic.name, partition, [])

    def compared(self, stage: str, seconds: float) -> None:
        """An audit that went as far as `stage` took so many seconds."""
        self._seconds.labels(stage).observe(seconds)

    def show(self, audited: Audited) -> None:
        """The verdict of the last audit."""
        status = audited.status
        self.complete.set(status.complete)
        self._dead_letters.set(status.dead_letters)
        self._quarantined.set(audited.kinds.get(Kind.QUARANTINED, 0))
        self._compared_at.labels("s3").set(status.at.timestamp())
        if status.warehouse_at:
            self._compared_at.labels("snowflake").set(status.warehouse_at.timestamp())
        for kind in Kind:
            self._findings.labels(kind).set(audited.kinds.get(kind, 0))
        places: defaultdict[tuple[str, int], list[PartitionVerdict]] = defaultdict(list)
        for part in status.partitions:
            places[(part.topic, part.partition)].append(part)
        for (topic, partition), parts in places.items():
            self._show_partition(topic, partition, parts)

    def _show_partition(self, topic: str, partition: int, parts: Sequence[PartitionVerdict]) -> None:
        for field, gauge in self._by_partition.items():
            gauge.labels(topic, partition).set(sum(getattr(part, field) for part in parts))
        in_flight = {
            "s3": sum(part.in_flight_s3 for part in parts),
            "snowflake": sum(part.in_flight_warehouse for part in parts),
        }
        for to, offsets in in_flight.items():
            self._in_flight.labels(topic, partition, to).set(offsets)


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)

"""The auditor's metrics."""

from __future__ import annotations

import math
from collections import defaultdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stock_auditor.auditor import Audited
from stock_auditor.findings import Kind
from stock_auditor.stages import STAGES
from stock_common.status import PartitionVerdict
from stock_common.topics import SUNK

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
PLACE = ("topic", "partition")


class Metrics:
    """Made once for a registry; every label set of the topics' own partitions exists from the start.

    A partition's values are the sums over its topic ids. `complete` is no number before the first audit: nothing is known yet.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.complete = Gauge("stock_auditor_complete", "1 while nothing unexplained is found.", registry=registry)
        self.complete.set(math.nan)
        self.missing = Gauge("stock_auditor_missing_offsets", "Offsets that a stage should hold and does not.", PLACE, registry=registry)
        self.doubled = Gauge("stock_auditor_doubled_offsets", "Offsets that a stage holds more than once.", PLACE, registry=registry)
        self.resent = Gauge("stock_auditor_resent_events", "Events at several offsets, which the views hide.", PLACE, registry=registry)
        self.lost = Gauge("stock_auditor_lost_offsets", "Offsets that retention took before they were on S3.", PLACE, registry=registry)
        self.rejected = Gauge("stock_auditor_rejected_offsets", "Offsets that were dead-lettered.", PLACE, registry=registry)
        self.holes = Gauge("stock_auditor_hole_offsets", "Offsets that the broker never delivered.", PLACE, registry=registry)
        self.rows = Gauge("stock_auditor_snowflake_offsets", "Offsets that are rows in Snowflake.", PLACE, registry=registry)
        self.in_flight = Gauge("stock_auditor_in_flight_offsets", "Offsets on their way, by where to.", [*PLACE, "to"], registry=registry)
        self.findings = Gauge("stock_auditor_findings", "Findings of the last audit.", ["kind"], registry=registry)
        self.quarantined = Gauge("stock_auditor_quarantined_objects", "Objects that the loader refused.", registry=registry)
        self.dead_letters = Gauge("stock_auditor_dead_letters", "Messages in the dead-letter topic.", registry=registry)
        self.compared_at = Gauge("stock_auditor_last_comparison_timestamp_seconds", "When a stage was last compared.", ["stage"], registry=registry)
        self.seconds = Histogram(
            "stock_auditor_comparison_seconds", "Time of an audit, by how far it went.", ["stage"], buckets=SECONDS, registry=registry
        )
        self.failures = Counter("stock_auditor_failures_total", "Audits that a stage did not answer.", ["stage"], registry=registry)
        for topic in SUNK:
            for partition in range(topic.partitions):
                self._place(topic.name, partition, [])
        for kind in Kind:
            self.findings.labels(kind)
        for stage in STAGES:
            self.failures.labels(stage)
        for stage in ("s3", "snowflake"):
            self.compared_at.labels(stage)
            self.seconds.labels(stage)

    def compared(self, stage: str, seconds: float) -> None:
        """An audit that went as far as `stage` took so many seconds."""
        self.seconds.labels(stage).observe(seconds)

    def show(self, audited: Audited) -> None:
        """The verdict of the last audit."""
        status = audited.status
        self.complete.set(status.complete)
        self.dead_letters.set(status.dead_letters)
        self.quarantined.set(audited.kinds.get(Kind.QUARANTINED, 0))
        self.compared_at.labels("s3").set(status.at.timestamp())
        if status.warehouse_at:
            self.compared_at.labels("snowflake").set(status.warehouse_at.timestamp())
        for kind in Kind:
            self.findings.labels(kind).set(audited.kinds.get(kind, 0))
        places: defaultdict[tuple[str, int], list[PartitionVerdict]] = defaultdict(list)
        for part in status.partitions:
            places[(part.topic, part.partition)].append(part)
        for (topic, partition), parts in places.items():
            self._place(topic, partition, parts)

    def _place(self, topic: str, partition: int, parts: list[PartitionVerdict]) -> None:
        values = {
            self.missing: "missing",
            self.doubled: "doubled",
            self.resent: "resent",
            self.lost: "lost",
            self.rejected: "rejected",
            self.holes: "holes",
            self.rows: "rows",
        }
        for gauge, name in values.items():
            gauge.labels(topic, partition).set(sum(getattr(part, name) for part in parts))
        self.in_flight.labels(topic, partition, "s3").set(sum(part.in_flight_s3 for part in parts))
        self.in_flight.labels(topic, partition, "snowflake").set(sum(part.in_flight_warehouse for part in parts))

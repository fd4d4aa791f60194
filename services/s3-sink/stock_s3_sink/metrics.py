"""The sink's metrics."""

from __future__ import annotations

from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry

from stock_common.metrics import Factory
from stock_common.topics import SUNK
from stock_s3_sink.cutter import Reason

REJECTIONS = ("empty", "json", "schema", "range", "timestamp")
PUT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""In seconds."""


class Metrics:
    """Made once for a registry. Every label set exists from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Factory(registry, "stock_s3_sink")
        topics = [topic.name for topic in SUNK]
        by_topic = partial(make.counter, topic=topics)
        self.consumed = by_topic("records_consumed_total", "Records read from Kafka.")
        self.rows = by_topic("rows_total", "Rows in objects that this sink put.")
        self.objects = by_topic(
            "objects_total", "Objects that this sink put, by why they were cut.", reason=get_args(Reason)
        )
        self.found = by_topic("links_found_total", "Links that another writer, or an earlier try, had put.")
        self.bytes = by_topic("object_bytes_total", "Bytes of the objects that this sink put.")
        self.rejected = by_topic("records_rejected_total", "Records dead-lettered.", reason=REJECTIONS)
        self.rounded = by_topic("prices_rounded_total", "Prices with more than six decimals.")
        self.unknown = by_topic(
            "unknown_fields_total", "Fields that this version ignores, in the first record of an object."
        )
        self.lost = by_topic("offsets_lost_total", "Offsets gone by retention before they were read.")
        self.retries = make.counter("put_retries_total", "Retries of a put or of its dead letters.")
        self.put_seconds = make.histogram(
            "put_seconds", "From a chunk's turn to its link on S3.", PUT_BUCKETS
        )
        self.age = make.gauge("oldest_record_age_seconds", "Age of the oldest record held that is not on S3.")
        self.buffered = make.gauge("buffered_bytes", "Bytes of JSON held.")
        self.paused = make.gauge("paused", "1 while partitions are paused at the memory ceiling.")
        self.last_put = make.gauge("last_put_timestamp_seconds", "When this sink last put an object.")
        self._of_partitions(make, topics)

    def _of_partitions(self, make: Factory, topics: list[str]) -> None:
        """What is about single partitions: their progress, and what the log or a folder has in its way."""
        by_topic, gauge = partial(make.counter, topic=topics), partial(make.gauge, topic=topics)
        self.assigned = gauge("partitions_assigned", "Partitions of this sink.")
        self.lag = gauge("lag_records", "Records in Kafka that are not on S3.")
        self.longest_lag = gauge(
            "longest_lag_records", "Records of the partition with the most that are not on S3."
        )
        self.blocked = gauge(
            "partitions_blocked", "Partitions that cannot go on: the log or an object must be seen to."
        )
        self.stuck = by_topic("partitions_stuck_total", "Partitions assigned again because they stood still.")
        self.holes = by_topic("offsets_hole_total", "Offsets at which Kafka has no record.")
        self.recovered = by_topic(
            "offsets_recovered_total", "Offsets that the client left out, and a fresh reader delivered."
        )
        self.ahead = by_topic(
            "objects_ahead_total", "Objects with a broker's time more than an hour ahead of this clock."
        )
        self.strays = by_topic(
            "objects_stray_total", "Objects in our folders that are no links, as seen at starts."
        )


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)

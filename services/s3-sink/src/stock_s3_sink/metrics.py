"""The sink's metrics."""

from __future__ import annotations

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stock_common.topics import SUNK
from stock_s3_sink.chunks import Reason

REJECTIONS = ("empty", "json", "schema", "range")
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Made once for a registry; every label set exists from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        topics = [topic.name for topic in SUNK]
        self.consumed = Counter("stock_s3_sink_records_consumed_total", "Records read from Kafka.", ["topic"], registry=registry)
        self.rows = Counter("stock_s3_sink_rows_total", "Rows in objects that this sink put.", ["topic"], registry=registry)
        self.objects = Counter(
            "stock_s3_sink_objects_total", "Objects that this sink put, by why they were cut.", ["topic", "reason"], registry=registry
        )
        self.found = Counter(
            "stock_s3_sink_links_found_total", "Links that another writer, or an earlier try, had put.", ["topic"], registry=registry
        )
        self.bytes = Counter("stock_s3_sink_object_bytes_total", "Bytes of the objects that this sink put.", ["topic"], registry=registry)
        self.rejected = Counter("stock_s3_sink_records_rejected_total", "Records dead-lettered.", ["topic", "reason"], registry=registry)
        self.rounded = Counter("stock_s3_sink_prices_rounded_total", "Prices with more than six decimals.", ["topic"], registry=registry)
        self.unknown = Counter(
            "stock_s3_sink_unknown_fields_total", "Fields that this version ignores, in the first record of an object.", ["topic"], registry=registry
        )
        self.holes = Counter("stock_s3_sink_offsets_hole_total", "Offsets that the broker never delivered.", ["topic"], registry=registry)
        self.lost = Counter("stock_s3_sink_offsets_lost_total", "Offsets gone by retention before they were read.", ["topic"], registry=registry)
        self.retries = Counter("stock_s3_sink_put_retries_total", "Tries again of a put or its dead letters.", registry=registry)
        self.put_seconds = Histogram("stock_s3_sink_put_seconds", "From a chunk's turn to its link on S3.", buckets=SECONDS, registry=registry)
        self.lag = Gauge("stock_s3_sink_lag_records", "Records in Kafka that are not on S3.", ["topic"], registry=registry)
        self.age = Gauge("stock_s3_sink_oldest_record_age_seconds", "Age of the oldest record held that is not on S3.", registry=registry)
        self.buffered = Gauge("stock_s3_sink_buffered_bytes", "Bytes of JSON held.", registry=registry)
        self.paused = Gauge("stock_s3_sink_paused", "1 while partitions are paused at the memory ceiling.", registry=registry)
        self.assigned = Gauge("stock_s3_sink_partitions_assigned", "Partitions of this sink.", ["topic"], registry=registry)
        self.last_put = Gauge("stock_s3_sink_last_put_timestamp_seconds", "When this sink last put an object.", registry=registry)
        for topic in topics:
            for counter in (self.consumed, self.rows, self.found, self.bytes, self.rounded, self.unknown, self.holes, self.lost):
                counter.labels(topic)
            for gauge in (self.lag, self.assigned):
                gauge.labels(topic)
            for reason in get_args(Reason):
                self.objects.labels(topic, reason)
            for reason in REJECTIONS:
                self.rejected.labels(topic, reason)

"""The lake's metrics."""

from __future__ import annotations

from datetime import UTC, datetime, time

from prometheus_client import CollectorRegistry

from stock_common.metrics import Factory
from stock_lake.manifest import Manifest
from stock_lake.tables import TABLES


class Metrics:
    """Made once for a registry. Every label set exists from the start."""

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Factory(registry, "stock_lake")
        tables = [table.name for table in TABLES]
        self.days = make.counter("days_total", "Days made, those that grew again.", table=tables)
        self.rows = make.counter("rows_total", "Rows in files of the days made.", table=tables)
        self.resent = make.counter("rows_resent_total", "Rows left out as resent.", table=tables)
        self.newest = make.gauge(
            "newest_day_timestamp_seconds", "Begin of the newest day made since the start.", table=tables
        )
        self.failed = make.gauge("failed", "1 while a closed day cannot be made.", table=tables)
        self.last_run = make.gauge(
            "last_run_timestamp_seconds", "When all closed days were last in the lake."
        )

    def made(self, day: Manifest) -> None:
        """Counts a day that is in the lake."""
        self.days.labels(day.table).inc()
        self.rows.labels(day.table).inc(day.rows_out)
        self.resent.labels(day.table).inc(day.resent)
        self.newest.labels(day.table).set(datetime.combine(day.day, time(), UTC).timestamp())


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)

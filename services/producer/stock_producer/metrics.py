"""The producer's metrics.

Every label's values exist from the start: a count that never happened is 0, not absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.metrics import Factory
from stock_common.topics import SUNK
from stock_producer.vendor.kinds import Kind

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
ANSWERED = "answered"
WINDOWS = ("second", "minute", "day")


class Metrics:
    """`stock_producer_…` on `registry`. `endpoints`: the source's."""

    def __init__(
        self,
        registry: CollectorRegistry,
        endpoints: Iterable[str] = (),
        calendars: Iterable[str] = (),
        rules: Iterable[str] = (),
    ) -> None:
        make, names = Factory(registry, "stock_producer"), tuple(endpoints)
        self._add_calls(make, names)
        self._add_quota(make)
        self._add_records(make, names, rules)
        self._add_outbox(make)
        self._add_markets(make, calendars)

    def _add_calls(self, make: Factory, endpoints: tuple[str, ...]) -> None:
        kinds = [str(kind) for kind in Kind]
        self.calls = make.counter(
            "calls",
            "Calls to the vendor, by what came of them.",
            endpoint=endpoints,
            outcome=(ANSWERED, *kinds),
        )
        self.refusals = make.counter("refusals", "Calls that brought no data, by reason.", kind=kinds)
        self.fetch_seconds = make.histogram(
            "fetch_seconds", "Time of a call to the vendor.", SECONDS, endpoint=endpoints
        )
        self.last_fetch = make.gauge(
            "last_fetch_timestamp_seconds", "When the last answer with data came in. 0: none yet."
        )

    def _add_quota(self, make: Factory) -> None:
        self.quota_used = make.gauge(
            "quota_used_calls", "Calls counted in the running window.", window=WINDOWS
        )
        self.quota_limit = make.gauge(
            "quota_limit_calls", "Calls that the plan permits in it. +Inf: no limit.", window=WINDOWS
        )
        self.quota_left = make.gauge(
            "quota_left_calls", "Calls left in the running window. +Inf: no limit.", window=WINDOWS
        )

    def _add_records(self, make: Factory, endpoints: tuple[str, ...], rules: Iterable[str]) -> None:
        self.quotes = make.counter("quotes", "Quotes put into the outbox.", endpoint=endpoints)
        self.bars = make.counter("bars", "Bars put into the outbox.", endpoint=endpoints)
        self.refused_rows = make.counter(
            "rows_refused",
            "Rows, fields, bars and alerts left out: unreadable, or beyond what later stages carry.",
        )
        self.set_aside = make.counter(
            "messages_set_aside", "Messages that Kafka refuses for good, kept apart in the outbox."
        )
        self.missing = make.counter(
            "symbols_missing", "Symbols asked for in bulk that the answer had no readable quote of."
        )
        self.alerts = make.counter("alerts", "Alerts put into the outbox.", rule=rules)
        self.webhook = make.counter(
            "webhook_alerts",
            "Alerts for the webhook, by what came of them.",
            outcome=("sent", "failed", "dropped"),
        )

    def _add_outbox(self, make: Factory) -> None:
        self.outbox_rows = make.gauge("outbox_messages", "Messages that Kafka has not taken yet.")
        self.outbox_bytes = make.gauge("outbox_bytes", "Disk in use by them.")
        self.outbox_limit = make.gauge("outbox_limit_bytes", "Where the producer stops.")
        self.outbox_age = make.gauge(
            "outbox_oldest_age_seconds", "Age of the oldest message in the outbox. 0: it is empty."
        )
        self.delivered = make.counter(
            "delivered", "Messages that Kafka has taken.", topic=[topic.name for topic in SUNK]
        )
        self.delivery_seconds = make.histogram(
            "delivery_seconds", "From the outbox to Kafka's acknowledgement.", SECONDS
        )
        self.kafka_up = make.gauge("kafka_up", "1 while a broker is connected.")

    def _add_markets(self, make: Factory, calendars: Iterable[str]) -> None:
        self.market_open = make.gauge("market_open", "1 while the market trades.", calendar=calendars)
        self.data_due = make.gauge(
            "data_due_timestamp_seconds",
            "When the next data of its symbols should be here. In the past: they are late. NaN: unknown.",
            calendar=calendars,
        )
        self.interval = make.gauge(
            "interval_seconds", "Time between two turns of a symbol that the budget carries."
        )
        self.symbols = make.gauge("symbols", "Symbols by state.", state=("watched", "skipped"))


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)


@dataclass(frozen=True)
class Telemetry:
    """Where the parts report what they do."""

    metrics: Metrics
    health: Health
    log: structlog.stdlib.BoundLogger

"""The producer's metrics. Every label's values are made at the start, so that a count that never happened is 0, not absent."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stock_common.topics import SUNK
from stock_producer.refusals import Kind
from stock_producer.responses import Endpoint

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
ANSWERED = "answered"
WINDOWS = ("second", "minute", "day")


class Metrics:
    """`stock_producer_…` on `registry`."""

    def __init__(self, registry: CollectorRegistry, calendars: Iterable[str], rules: Iterable[str]) -> None:
        def name(rest: str) -> str:
            return f"stock_producer_{rest}"

        self.calls = Counter(name("calls"), "Calls to the vendor, by what came of them.", ["endpoint", "outcome"], registry=registry)
        self.refusals = Counter(name("refusals"), "Calls that brought no data, by reason.", ["kind"], registry=registry)
        self.quota_used = Gauge(name("quota_used_calls"), "Calls counted in the running window.", ["window"], registry=registry)
        self.quota_limit = Gauge(name("quota_limit_calls"), "Calls that the plan permits in it; +Inf: no limit.", ["window"], registry=registry)
        self.quota_left = Gauge(name("quota_left_calls"), "Calls left in the running window; +Inf: no limit.", ["window"], registry=registry)
        self.quotes = Counter(name("quotes"), "Quotes put into the outbox.", ["endpoint"], registry=registry)
        self.bars = Counter(name("bars"), "Bars put into the outbox.", ["endpoint"], registry=registry)
        self.missing = Counter(name("symbols_missing"), "Symbols asked for in bulk that the answer had no readable quote of.", registry=registry)
        self.alerts = Counter(name("alerts"), "Alerts put into the outbox.", ["rule"], registry=registry)
        self.webhook = Counter(name("webhook_alerts"), "Alerts for the webhook, by what came of them.", ["outcome"], registry=registry)
        self.outbox_rows = Gauge(name("outbox_messages"), "Messages that Kafka has not taken yet.", registry=registry)
        self.outbox_bytes = Gauge(name("outbox_bytes"), "Disk in use by them.", registry=registry)
        self.outbox_limit = Gauge(name("outbox_limit_bytes"), "Where the producer stops.", registry=registry)
        self.outbox_age = Gauge(name("outbox_oldest_age_seconds"), "Age of the oldest message in the outbox; 0: it is empty.", registry=registry)
        self.delivered = Counter(name("delivered"), "Messages that Kafka has taken.", ["topic"], registry=registry)
        self.fetch_seconds = Histogram(name("fetch_seconds"), "Time of a call to the vendor.", ["endpoint"], buckets=SECONDS, registry=registry)
        self.delivery_seconds = Histogram(name("delivery_seconds"), "From the outbox to Kafka's acknowledgement.", buckets=SECONDS, registry=registry)
        self.kafka_up = Gauge(name("kafka_up"), "1 while a broker is connected.", registry=registry)
        self.market_open = Gauge(name("market_open"), "1 while the market trades.", ["calendar"], registry=registry)
        self.last_fetch = Gauge(name("last_fetch_timestamp_seconds"), "When the last answer with data came in; 0: none yet.", registry=registry)
        self.interval = Gauge(name("interval_seconds"), "Time between two turns of a symbol that the budget carries.", registry=registry)
        self.symbols = Gauge(name("symbols"), "Symbols by state.", ["state"], registry=registry)
        for endpoint in Endpoint:
            self.quotes.labels(endpoint.value)
            self.bars.labels(endpoint.value)
            self.fetch_seconds.labels(endpoint.value)
            for outcome in (ANSWERED, *Kind):
                self.calls.labels(endpoint.value, str(outcome))
        self._create(self.refusals, [str(kind) for kind in Kind])
        for gauge in (self.quota_used, self.quota_limit, self.quota_left):
            self._create(gauge, WINDOWS)
        self._create(self.delivered, [topic.name for topic in SUNK])
        self._create(self.alerts, rules)
        self._create(self.webhook, ("sent", "failed", "dropped"))
        self._create(self.market_open, calendars)
        self._create(self.symbols, ("watched", "skipped"))

    @staticmethod
    def _create(metric: Counter | Gauge, labels: Iterable[str]) -> None:
        for label in labels:
            metric.labels(label)

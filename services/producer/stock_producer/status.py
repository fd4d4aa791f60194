"""The producer's status: gauges, a message on `stock-status`, a line in the log."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace

from stock_common.status import ProducerStatus, Status
from stock_producer.answers import Recorder
from stock_producer.market.sessions import market_state
from stock_producer.metrics import WINDOWS, Telemetry
from stock_producer.outbox.delivery import Delivery
from stock_producer.outbox.outbox import Outbox
from stock_producer.schedule.due import next_data
from stock_producer.schedule.feed import Feed
from stock_producer.schedule.polling import Polling
from stock_producer.schedule.types import is_recent
from stock_producer.schedule.workers import Fetcher

STATUS_EVERY = timedelta(seconds=5)
LOG_EVERY = timedelta(seconds=60)
_SHOWN_SYMBOLS = 10


class Publisher(Protocol):
    """Where status messages go. It never blocks."""

    def publish(self, state: Status) -> None: ...


@dataclass(frozen=True)
class Parts:
    """The parts of the loop, in the order in which data pass through them."""

    polling: Polling
    fetcher: Fetcher
    recorder: Recorder
    outbox: Outbox
    delivery: Delivery


class Reporter:
    """One thread. Reads the other parts, changes none."""

    def __init__(self, feed: Feed, parts: Parts, publisher: Publisher, telemetry: Telemetry) -> None:
        self._feed = feed
        self._parts = parts
        self._publisher = publisher
        self._metrics = telemetry.metrics
        self._log = telemetry.log
        self._published_at: datetime | None = None
        self._logged_at: datetime | None = None

    def report(self, now: datetime, *, paused: bool, final: bool = False) -> None:
        """Each 5 s gauges and status, each minute a line. At once when `final`."""
        if not final and is_recent(self._published_at, now, STATUS_EVERY):
            return
        self._published_at = now
        status = self.status(now, paused)
        self._measure(now, status)
        self._publisher.publish(status)
        if final or not is_recent(self._logged_at, now, LOG_EVERY):
            self._logged_at = now
            self._log.info(
                "progress",
                interval_seconds=status.interval_seconds,
                calls_today=status.calls_today,
                refusals_today=status.refusals_today,
                outbox=status.outbox,
                fetched_at=status.fetched_at and status.fetched_at.isoformat(),
                open_markets=[market.calendar for market in status.markets if market.is_open],
                fault=status.fault,
            )

    def status(self, now: datetime, paused: bool) -> ProducerStatus:
        """The state at `now`."""
        feed, parts = self._feed, self._parts
        use, limits, hours = feed.budget.use(now), feed.budget.limits, feed.calendars.windows()
        items, interval = feed.watchlist.items(now), parts.polling.interval
        due = next_data(now, items, hours, feed.plan, interval, feed.published.after_close)
        return ProducerStatus(
            at=now,
            source=feed.source,
            plan=feed.plan.name,
            freshness=feed.plan.freshness.value,
            symbols=len(feed.watchlist),
            interval_seconds=round(parts.polling.interval, 3),
            calls_today=use.day,
            calls_limit_day=limits.day,
            calls_limit_minute=limits.minute,
            refusals_today=use.refused,
            outbox=parts.outbox.rows,
            fetched_at=parts.recorder.fetched_at,
            markets=[
                replace(market_state(code, hours[code], now), data_due=due.get(code))
                for code in feed.calendars.codes
            ],
            fault=self._fault(now, paused),
        )

    def _fault(self, now: datetime, paused: bool) -> str | None:
        feed, parts = self._feed, self._parts
        faults = []
        allowance = feed.budget.allowance(now)
        if allowance.day_left == 0:
            faults.append(f"the day's calls are used up until {allowance.day_ends:%Y-%m-%d %H:%M} UTC")
        elif parts.recorder.refusals.trouble:
            faults.append(f"the last call brought no data ({parts.recorder.refusals.trouble})")
        if paused:
            faults.append("nothing is fetched until Kafka has taken a part of the full outbox")
        if parts.outbox.rows and not parts.delivery.connected:
            faults.append("Kafka is not reachable")
        elif parts.delivery.trouble:
            faults.append(f"Kafka does not take messages ({parts.delivery.trouble})")
        if feed.watchlist.skipped:
            unknown = ", ".join(feed.watchlist.skipped[:_SHOWN_SYMBOLS])
            faults.append(f"symbols that the vendor does not know: {unknown}")
        return "; ".join(faults) or None

    def _measure(self, now: datetime, status: ProducerStatus) -> None:
        metrics, outbox, watchlist = self._metrics, self._parts.outbox, self._feed.watchlist
        self._measure_quota(now)
        oldest = outbox.oldest()
        metrics.outbox_rows.set(outbox.rows)
        metrics.outbox_bytes.set(outbox.bytes)
        metrics.outbox_age.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        metrics.interval.set(status.interval_seconds)
        metrics.symbols.labels("watched").set(len(watchlist))
        metrics.symbols.labels("skipped").set(len(watchlist.skipped))
        for market in status.markets:
            metrics.market_open.labels(market.calendar).set(market.is_open)
            due = market.data_due.timestamp() if market.data_due else math.nan
            metrics.data_due.labels(market.calendar).set(due)

    def _measure_quota(self, now: datetime) -> None:
        use, limits, metrics = self._feed.budget.use(now), self._feed.budget.limits, self._metrics
        for window in WINDOWS:
            used, limit = getattr(use, window), getattr(limits, window)
            metrics.quota_used.labels(window).set(used)
            metrics.quota_limit.labels(window).set(math.inf if limit is None else limit)
            metrics.quota_left.labels(window).set(math.inf if limit is None else max(0, limit - used))

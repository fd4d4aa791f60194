"""What the producer says of itself: gauges, a message on `stock-status`, a line in the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from stock_common.status import ProducerStatus, Status
from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.delivery import Delivery
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
from stock_producer.plans import Plan
from stock_producer.polling import Polling
from stock_producer.recording import Recorder
from stock_producer.sessions import market_state
from stock_producer.watchlist import Watchlist

STATUS_EVERY = timedelta(seconds=5)
LOG_EVERY = timedelta(seconds=60)


class Publisher(Protocol):
    """Where status messages go; never blocks."""

    def publish(self, state: Status) -> None: ...


class Reporter:
    """One thread. Reads the other parts, changes none."""

    def __init__(
        self,
        source: str,
        plan: Plan,
        calendars: Calendars,
        watchlist: Watchlist,
        budget: Budget,
        polling: Polling,
        recorder: Recorder,
        outbox: Outbox,
        delivery: Delivery,
        publisher: Publisher,
        metrics: Metrics,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._source = source
        self._plan = plan
        self._calendars = calendars
        self._watchlist = watchlist
        self._budget = budget
        self._polling = polling
        self._recorder = recorder
        self._outbox = outbox
        self._delivery = delivery
        self._publisher = publisher
        self._metrics = metrics
        self._log = log
        self._published_at: datetime | None = None
        self._logged_at: datetime | None = None

    def report(self, now: datetime, *, paused: bool, final: bool = False) -> None:
        """Each 5 s gauges and status, each minute a line; at once when `final`."""
        if not final and self._published_at and now - self._published_at < STATUS_EVERY:
            return
        self._published_at = now
        status = self.status(now, paused)
        self._measure(now, status)
        self._publisher.publish(status)
        if final or self._logged_at is None or now - self._logged_at >= LOG_EVERY:
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
        use, limits, hours = self._budget.use(now), self._budget.limits, self._calendars.windows()
        return ProducerStatus(
            at=now,
            source=self._source,
            plan=self._plan.name,
            freshness=self._plan.freshness.value,
            symbols=len(self._watchlist),
            interval_seconds=round(self._polling.interval, 3),
            calls_today=use.day,
            calls_limit_day=limits.day,
            calls_limit_minute=limits.minute,
            refusals_today=use.refused,
            outbox=self._outbox.rows,
            fetched_at=self._recorder.fetched_at,
            markets=[market_state(code, hours[code], now) for code in self._calendars.codes],
            fault=self._fault(now, paused),
        )

    def _fault(self, now: datetime, paused: bool) -> str | None:
        faults = []
        allowance = self._budget.allowance(now)
        if allowance.day_left == 0:
            faults.append(f"the day's calls are used up until {allowance.day_ends:%Y-%m-%d %H:%M} UTC")
        elif self._recorder.trouble:
            faults.append(f"the last call brought no data ({self._recorder.trouble})")
        if paused:
            faults.append("nothing is fetched until Kafka has taken a part of the full outbox")
        if self._outbox.rows and not self._delivery.connected:
            faults.append("Kafka is not reachable")
        elif self._delivery.trouble:
            faults.append(f"Kafka does not take messages ({self._delivery.trouble})")
        if self._watchlist.skipped:
            faults.append(f"symbols that the vendor does not know: {', '.join(self._watchlist.skipped[:10])}")
        return "; ".join(faults) or None

    def _measure(self, now: datetime, status: ProducerStatus) -> None:
        use, limits, metrics = self._budget.use(now), self._budget.limits, self._metrics
        for window, used, limit in (("second", use.second, limits.second), ("minute", use.minute, limits.minute), ("day", use.day, limits.day)):
            metrics.quota_used.labels(window).set(used)
            metrics.quota_limit.labels(window).set(float("inf") if limit is None else limit)
            metrics.quota_left.labels(window).set(float("inf") if limit is None else max(0, limit - used))
        oldest = self._outbox.oldest()
        metrics.outbox_rows.set(self._outbox.rows)
        metrics.outbox_bytes.set(self._outbox.bytes)
        metrics.outbox_age.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        metrics.interval.set(status.interval_seconds)
        metrics.symbols.labels("watched").set(len(self._watchlist))
        metrics.symbols.labels("skipped").set(len(self._watchlist.skipped))
        for market in status.markets:
            metrics.market_open.labels(market.calendar).set(market.is_open)

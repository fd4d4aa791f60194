"""When to load, and what to tell: the step of the run loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from stock_common.deadline import Deadline, Monotonic
from stock_common.health import Health
from stock_common.run import FatalError, Stop
from stock_common.status import LoaderStatus
from stock_sf_loader.loader import Cycle, Loader
from stock_sf_loader.report import Report
from stock_warehouse.errors import WarehouseError
from stock_warehouse.session import Warehouse

RETRY_SECONDS = 5.0
"""After a cycle that was cut short: so long, doubled each time, never longer than the interval."""
CUT_SHORT = ("locked", "stale", "unknown", "unavailable")
NAP_SECONDS = 1.0
FLUSH_SECONDS = 5.0


class Publisher(Protocol):
    """Where statuses go: stock_kafka.status.StatusPublisher."""

    def publish(self, state: LoaderStatus) -> None: ...
    def close(self, seconds: float) -> None: ...


class Service:
    """`jitter` gives a number from 0 to 1; `clock` is monotonic."""

    def __init__(
        self,
        loader: Loader,
        report: Report,
        publisher: Publisher,
        warehouse: Warehouse,
        health: Health,
        stop: Stop,
        interval: float,
        clock: Monotonic,
        jitter: Callable[[], float],
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._loader, self._report, self._publisher, self._warehouse = loader, report, publisher, warehouse
        self._health, self._stop, self._log = health, stop, log
        self._interval, self._clock, self._jitter = interval, clock, jitter
        self._due = clock()
        self._cut_short = 0

    def step(self) -> None:
        """Waits up to a second for the next cycle, or runs it: that blocks for as long as it has something to load."""
        wait = self._due - self._clock()
        if wait > 0:
            self._stop.wait(min(wait, NAP_SECONDS))
            return
        self._due = self._clock() + self._interval
        cycle = self._loader.cycle()
        if cycle.outcome in CUT_SHORT:
            pause = min(self._interval, RETRY_SECONDS * 2**self._cut_short)
            self._due = min(self._due, self._clock() + pause * (0.5 + self._jitter() / 2))
            self._cut_short = min(self._cut_short + 1, 10)
        else:
            self._cut_short = 0
            self._health.reached("s3")
        self._tell(cycle)

    def close(self, deadline: Deadline) -> None:
        """Sends the last status and ends the session."""
        self._publisher.close(min(FLUSH_SECONDS, deadline.remaining()))
        self._warehouse.close()

    def _tell(self, cycle: Cycle) -> None:
        if self._loader.state is not None:
            self._health.reached("snowflake")
        try:
            self._report.renew(self._warehouse, self._loader.state, cycle)
        except (WarehouseError, FatalError) as error:
            self._log.warning("the newest record times are not known", error=str(error))
        if cycle.entries:
            rows = sum(entry.rows for entry in cycle.entries if entry.is_copied)
            self._log.info("loaded", files=len(cycle.entries), rows=rows, transactions=cycle.transactions, fault=cycle.fault)
        self._publisher.publish(self._report.status(self._warehouse.statement_seconds, cycle.fault))

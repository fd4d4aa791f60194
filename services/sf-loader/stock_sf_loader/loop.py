"""The step of the run loop: when a cycle begins, and what is reported after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stock_common.deadline import Deadline, Monotonic
from stock_common.retry import Policy
from stock_common.run import FatalError
from stock_common.service import Context
from stock_common.status import LoaderStatus
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load.cycle import Cycle, Loader
from stock_sf_loader.progress import Progress
from stock_sf_loader.status import StatusReport
from stock_warehouse.errors import WarehouseError
from stock_warehouse.session import Warehouse

RETRY_SECONDS = 5.0
"""The pause after a cycle that was cut short. It doubles each time, up to the interval."""
CUT_SHORT = ("locked", "stale", "unknown", "suspended", "unavailable")
NAP_SECONDS = 1.0
FLUSH_SECONDS = 5.0


class Publisher(Protocol):
    """Where statuses go: stock_kafka.status.StatusPublisher."""

    def publish(self, state: LoaderStatus) -> None: ...
    def close(self, seconds: float) -> None: ...


class Schedule:
    """When cycles begin: every `interval` seconds, sooner after one that was cut short or has more to load.

    clock: monotonic seconds. jitter: a random number from 0 to 1.
    """

    def __init__(self, interval: float, clock: Monotonic, jitter: Callable[[], float]) -> None:
        self.interval, self.clock, self._jitter = interval, clock, jitter
        self._retry = Policy(first=RETRY_SECONDS, longest=interval)
        self._due = clock()
        self._failures = 0

    def remaining(self) -> float:
        """Seconds until the next cycle, 0 or less when it is due."""
        return self._due - self.clock()

    def began(self) -> None:
        self._due = self.clock() + self.interval

    def ended(self, is_cut_short: bool, left: bool = False) -> None:
        if left:
            self._due = self.clock()
        if not is_cut_short:
            self._failures = 0
            return
        self._failures += 1
        pause = self._retry.pause(self._failures, self._jitter())
        self._due = min(self._due, self.clock() + pause)


class Loop:
    """Runs cycles and publishes a status after each."""

    def __init__(
        self,
        loader: Loader,
        warehouse: Warehouse,
        report: StatusReport,
        publisher: Publisher,
        schedule: Schedule,
        context: Context[LoaderSettings],
    ) -> None:
        self._loader, self._warehouse = loader, warehouse
        self._report, self._publisher = report, publisher
        self._schedule, self._progress = schedule, Progress(schedule.interval, schedule.clock)
        context.health.watch(self._progress.fault)
        self._health, self._stop, self._log = context.health, context.stop, context.log

    def step(self) -> None:
        """Waits up to a second for the next cycle, or runs it. A cycle blocks as long as it has work."""
        wait = self._schedule.remaining()
        if wait > 0:
            self._stop.wait(min(wait, NAP_SECONDS))
            return
        self._schedule.began()
        self._progress.began()
        cycle = self._loader.cycle()
        is_cut_short = cycle.outcome in CUT_SHORT
        self._schedule.ended(is_cut_short, cycle.left)
        self._progress.ended(cycle.waiting, cycle.is_whole)
        if not is_cut_short:
            self._health.reached("s3")
        self._publish(cycle)

    def close(self, deadline: Deadline) -> None:
        """Sends the last status and ends the session."""
        self._publisher.close(min(FLUSH_SECONDS, deadline.remaining()))
        self._warehouse.close()

    def _publish(self, cycle: Cycle) -> None:
        if self._loader.state is not None:
            self._health.reached("snowflake")
        try:
            self._report.update(self._warehouse, self._loader.state, cycle)
        except (WarehouseError, FatalError) as error:
            self._log.warning("the newest record times are not known", error=str(error))
        if cycle.entries:
            rows = sum(entry.rows for entry in cycle.entries if entry.is_copied)
            self._log.info(
                "loaded",
                files=len(cycle.entries),
                rows=rows,
                transactions=cycle.transactions,
                fault=cycle.fault,
            )
        fault = "; ".join(filter(None, (cycle.fault, cycle.notice))) or None
        self._publisher.publish(self._report.status(self._warehouse.statement_seconds, fault))

"""The service's loop: a run over each table every LAKE_INTERVAL_SECONDS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

import duckdb
import structlog
from pyiceberg.exceptions import RESTError
from sqlalchemy.exc import SQLAlchemyError

from stock_common.deadline import Deadline
from stock_common.health import Health
from stock_lake.days import NotNow
from stock_lake.iceberg import NotCommitted
from stock_lake.lake import Lake, last_closed
from stock_lake.links import BrokenChain
from stock_lake.manifest import BadManifest
from stock_lake.metrics import Metrics
from stock_lake.tables import TABLES, Table
from stock_objects.errors import Conflict, ObjectError

LATER = (
    *(BrokenChain, BadManifest, NotCommitted, ObjectError, Conflict),
    *(SQLAlchemyError, RESTError, OSError, duckdb.Error),
)
"""What a later run may find repaired. The day waits, and the log says why."""


class Schedule(NamedTuple):
    """When to run. `monotonic` gives seconds, `now` the time (aware, UTC), `wait` sleeps until the stop."""

    interval: float
    settle: float
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    wait: Callable[[float], bool]


class LakeLoop:
    """Runs when it is due. A table that fails does not keep the others from their days."""

    def __init__(
        self,
        lake: Lake,
        schedule: Schedule,
        metrics: Metrics,
        health: Health,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._lake = lake
        self._schedule = schedule
        self._metrics = metrics
        self._health = health
        self._log = log
        self._due = schedule.monotonic()

    def step(self) -> None:
        """One run over all tables if it is due, otherwise a second's sleep."""
        if self._schedule.monotonic() < self._due:
            self._schedule.wait(1.0)
            return
        now = self._schedule.now()
        closed = last_closed(now, self._schedule.settle)
        try:
            whole = [self._run(table, closed) for table in TABLES]
        except NotNow:
            return
        if all(whole):
            self._metrics.last_run.set(now.timestamp())
        self._due = self._schedule.monotonic() + self._schedule.interval

    def close(self, deadline: Deadline) -> None:
        """Nothing is open between two steps."""

    def _run(self, table: Table, closed: date) -> bool:
        try:
            for made in self._lake.run(table, closed):
                self._metrics.made(made)
                self._log.info(
                    "day made",
                    table=table.name,
                    day=made.day.isoformat(),
                    rows=made.rows_out,
                    resent=made.resent,
                    files=len(made.files),
                    manifest=made.key,
                )
        except LATER as error:
            self._metrics.failed.labels(table.name).set(1)
            self._log.error("day not made", table=table.name, reason=str(error))
            return False
        self._metrics.failed.labels(table.name).set(0)
        self._health.reached("s3")
        return True

"""The auditor's loop.

It compares Kafka with S3 at an interval, and the warehouse after each load. It publishes the verdict as a
status message and as metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec
import structlog

from stock_auditor import report
from stock_auditor.auditor import Audited, Auditor, Interrupted
from stock_auditor.compare.findings import shortened
from stock_auditor.metrics import Metrics
from stock_auditor.stages.base import STAGES, NotCompared
from stock_common.deadline import Deadline, Monotonic
from stock_common.health import Health
from stock_common.run import FatalError
from stock_common.status import AuditStatus, LoaderStatus, Status
from stock_objects.chain import Chain

POLL_SECONDS = 1.0
CATCH_UP_SECONDS = 15.0
"""How long the first audit waits for the loader's status."""
FLUSH_SECONDS = 5.0
MOST_TEXTS = 20
"""Findings, and warnings, of a partition in the status message: a Kafka message takes 1 MB."""
STALE_SECONDS = 900.0
"""Without a comparison of Kafka with S3 for so long and three intervals, the auditor is not healthy."""
MOST_LINES = 100
"""Findings, and warnings, that one audit logs."""


class StatusSource(Protocol):
    """Implemented by stock_kafka.status.StatusReader."""

    caught_up: bool

    @property
    def states(self) -> Mapping[str, Status]: ...
    def poll(self, seconds: float) -> int: ...
    def close(self) -> None: ...


class StatusSink(Protocol):
    """Implemented by stock_kafka.status.StatusPublisher."""

    def publish(self, state: Status) -> None: ...
    def close(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class StatusTopic:
    """Both ends of `stock-status`."""

    source: StatusSource
    sink: StatusSink


@dataclass(frozen=True)
class Schedule:
    """When audits are due.

    interval: seconds between comparisons of Kafka with S3.
    full_interval: after so many seconds the next load leads to a comparison of everything.
    clock: monotonic seconds.
    wall: the time in UTC.
    """

    interval: float
    full_interval: float
    clock: Monotonic
    wall: Callable[[], datetime]


class Load(NamedTuple):
    """What differs after each load."""

    loads: int
    loaded_at: datetime | None
    quarantined: int


class AuditLoop:
    """Runs audits when they are due or something was loaded."""

    def __init__(
        self,
        auditor: Auditor,
        topic: StatusTopic,
        metrics: Metrics,
        health: Health,
        schedule: Schedule,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._auditor, self._source, self._sink = auditor, topic.source, topic.sink
        self._metrics, self._health, self._schedule, self._log = metrics, health, schedule, log
        self._started = self._due = schedule.clock()
        self._load: Load | None = None
        self._tried: Load | None = None
        self._full_at: float | None = None
        self._last: AuditStatus | None = None
        self._logged: tuple[object, ...] = ()
        self._compared = self._started
        health.watch(self.fault)

    def fault(self) -> str | None:
        """Why the auditor makes no progress, None where it does. Any thread may ask."""
        silent = self._schedule.clock() - self._compared
        if silent <= STALE_SECONDS + 3 * self._schedule.interval:
            return None
        return f"Kafka and S3 were not compared for {silent:.0f} s"

    def step(self) -> None:
        """Reads the status topic for a second at most. Then runs one audit if one is due.

        Raises FatalError where a stage refuses something that only an operator can change.
        """
        self._source.poll(POLL_SECONDS)
        now = self._schedule.clock()
        if not self._source.caught_up and now < self._started + CATCH_UP_SECONDS:
            return
        loader = self._source.states.get("loader")
        loader = loader if isinstance(loader, LoaderStatus) else None
        load = Load(loader.loads, loader.loaded_at, loader.quarantined) if loader else None
        if now < self._due and load in (None, self._load, self._tried):
            return
        self._due, self._tried = now + self._schedule.interval, load
        try:
            self._publish_verdict(self._audit(loader if load != self._load else None, load))
        except NotCompared as error:
            self._publish_fault(error)
        except Interrupted:
            self._log.info("audit given up: the process is to stop")

    def close(self, deadline: Deadline) -> None:
        """Sends the last verdict if it is still waiting, and closes both ends of the status topic."""
        self._sink.close(min(FLUSH_SECONDS, deadline.remaining()))
        self._source.close()

    def _audit(self, loader: LoaderStatus | None, load: Load | None) -> Audited:
        """`loader` names what is new in the warehouse. None: nothing is new there."""
        started = self._schedule.clock()
        if self._full_at is None or (loader and self._needs_everything(loader, self._full_at, started)):
            audited = self._auditor.audit_all()
            self._full_at = started
        else:
            audited = self._auditor.audit_new(_last_offsets(loader) if loader else None)
        self._load = load
        stage = "snowflake" if audited.status.full or loader else "s3"
        self._metrics.compared(stage, self._schedule.clock() - started)
        return audited

    def _needs_everything(self, loader: LoaderStatus, full_at: float, now: float) -> bool:
        """Once in an interval, and when the loader refused an object, because no loaded range has that."""
        refused = self._load is not None and loader.quarantined != self._load.quarantined
        return refused or now >= full_at + self._schedule.full_interval

    def _publish_verdict(self, audited: Audited) -> None:
        self._take(audited)
        for stage in STAGES if audited.status.warehouse_at else STAGES[:2]:
            self._health.reached(stage)
        self._publish(audited.status)
        self._log_verdict(audited.status)

    def _take(self, audited: Audited) -> None:
        self._last, self._compared = audited.status, self._schedule.clock()
        self._metrics.show(audited)

    def _publish_fault(self, error: NotCompared) -> None:
        self._metrics.failures.labels(error.stage).inc()
        if error.fatal:
            raise FatalError(str(error))
        self._log.warning("not compared", stage=error.stage, reason=str(error))
        if error.stage == "snowflake" and self._last is not None and self._last.warehouse_at is not None:
            # Kafka and S3 can still be compared, with the warehouse's last answer.
            try:
                self._take(self._auditor.audit_new())
            except NotCompared as other:
                self._metrics.failures.labels(other.stage).inc()
        last = self._last or AuditStatus(
            at=self._schedule.wall(),
            complete=False,
            full=False,
            warehouse_at=None,
            partitions=[],
            dead_letters=0,
        )
        self._publish(msgspec.structs.replace(last, fault=f"{error.stage}: {error}"))

    def _publish(self, status: AuditStatus) -> None:
        parts = [
            msgspec.structs.replace(
                part,
                findings=shortened(part.findings, MOST_TEXTS),
                warnings=shortened(part.warnings, MOST_TEXTS),
            )
            for part in status.partitions
        ]
        findings = shortened(status.findings, MOST_TEXTS)
        self._sink.publish(msgspec.structs.replace(status, partitions=parts, findings=findings))

    def _log_verdict(self, status: AuditStatus) -> None:
        """Logs a verdict that differs from the one before."""
        findings, warnings = report.all_findings(status), report.all_warnings(status)
        logged = (status.complete, *findings, *warnings)
        if logged == self._logged:
            return
        self._logged = logged
        for text in shortened(findings, MOST_LINES):
            self._log.error("finding", finding=text)
        for text in shortened(warnings, MOST_LINES):
            self._log.warning("warning", warning=text)
        self._log.info(
            "audited", complete=status.complete, full=status.full, partitions=len(status.partitions)
        )


def _last_offsets(loader: LoaderStatus) -> dict[Chain, int]:
    return {Chain(part.topic, part.topic_id, part.partition): part.last_offset for part in loader.partitions}

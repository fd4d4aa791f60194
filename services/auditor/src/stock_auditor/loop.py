"""The auditor's loop: Kafka against S3 at an interval, the warehouse after each load, the verdict as status and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from stock_auditor import report
from stock_auditor.auditor import Audited, Auditor, Interrupted
from stock_auditor.findings import shown
from stock_auditor.metrics import Metrics
from stock_auditor.stages import STAGES, NotCompared
from stock_common.deadline import Deadline, Monotonic
from stock_common.health import Health
from stock_common.run import FatalError
from stock_common.status import AuditStatus, LoaderStatus, Status
from stock_objects.chain import Chain

POLL_SECONDS = 1.0
CATCH_UP_SECONDS = 15.0
"""How long the first audit waits to hear of the loader."""
FLUSH_SECONDS = 5.0
MOST_TEXTS = 20
"""Findings, and warnings, of a partition in the status message: a Kafka message takes 1 MB."""
MOST_LINES = 100
"""Findings, and warnings, that one audit logs."""


class StatusSource(Protocol):
    caught_up: bool

    @property
    def states(self) -> Mapping[str, Status]: ...
    def poll(self, seconds: float) -> int: ...
    def close(self) -> None: ...


class StatusSink(Protocol):
    def publish(self, state: Status) -> None: ...
    def close(self, seconds: float) -> None: ...


Load = tuple[int, datetime | None, int]
"""What differs after each load: loads, when the last was, objects quarantined."""


class AuditLoop:
    """`interval` and `full_interval` in seconds; `clock` is monotonic, `wall` gives the time in UTC."""

    def __init__(
        self,
        auditor: Auditor,
        source: StatusSource,
        sink: StatusSink,
        metrics: Metrics,
        health: Health,
        interval: float,
        full_interval: float,
        clock: Monotonic,
        wall: Callable[[], datetime],
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._auditor, self._source, self._sink, self._metrics, self._health = auditor, source, sink, metrics, health
        self._interval, self._full_interval, self._clock, self._wall, self._log = interval, full_interval, clock, wall, log
        self._started = self._due = clock()
        self._load: Load | None = None
        self._tried: Load | None = None
        self._full_at: float | None = None
        self._last: AuditStatus | None = None
        self._told: tuple[object, ...] = ()

    def step(self) -> None:
        """Hears what the others say, for a second at most; then, when it is time or something was loaded, one audit.

        Raises FatalError where a stage refuses what only an operator can mend.
        """
        self._source.poll(POLL_SECONDS)
        now = self._clock()
        if not self._source.caught_up and now < self._started + CATCH_UP_SECONDS:
            return
        loader = self._source.states.get("loader")
        load = (loader.loads, loader.loaded_at, loader.quarantined) if isinstance(loader, LoaderStatus) else None
        if now < self._due and load in (None, self._load, self._tried):
            return
        self._due, self._tried = now + self._interval, load
        try:
            self._done(self._audit(loader if isinstance(loader, LoaderStatus) and load != self._load else None, load))
        except NotCompared as error:
            self._failed(error)
        except Interrupted:
            self._log.info("audit given up: the process is to stop")

    def close(self, deadline: Deadline) -> None:
        """Hands the last verdict over."""
        self._sink.close(min(FLUSH_SECONDS, deadline.remaining()))
        self._source.close()

    def _audit(self, loader: LoaderStatus | None, load: Load | None) -> Audited:
        """`loader` tells what is new in the warehouse; None: nothing is."""
        started = self._clock()
        if self._full_at is None or (loader is not None and self._needs_all(loader, self._full_at, started)):
            audited = self._auditor.audit_all()
            self._full_at = started
        else:
            places = None if loader is None else {Chain(part.topic, part.topic_id, part.partition): part.last_offset for part in loader.partitions}
            audited = self._auditor.audit_new(places)
        self._load = load
        self._metrics.compared("snowflake" if audited.status.full or loader else "s3", self._clock() - started)
        return audited

    def _needs_all(self, loader: LoaderStatus, full_at: float, now: float) -> bool:
        """Once in an interval, and when the loader refused an object: that is in no loaded range."""
        return now >= full_at + self._full_interval or (self._load is not None and loader.quarantined != self._load[2])

    def _done(self, audited: Audited) -> None:
        self._last = audited.status
        self._metrics.show(audited)
        for stage in STAGES if audited.status.warehouse_at else STAGES[:2]:
            self._health.reached(stage)
        self._publish(audited.status)
        self._tell(audited)

    def _failed(self, error: NotCompared) -> None:
        self._metrics.failures.labels(error.stage).inc()
        if error.fatal:
            raise FatalError(str(error))
        self._log.warning("not compared", stage=error.stage, reason=str(error))
        if error.stage == "snowflake" and self._last is not None and self._last.warehouse_at is not None:
            # Kafka and S3 can still be compared, with the warehouse as it was last seen.
            try:
                audited = self._auditor.audit_new()
                self._last = audited.status
                self._metrics.show(audited)
            except NotCompared as other:
                self._metrics.failures.labels(other.stage).inc()
        last = self._last or AuditStatus(at=self._wall(), complete=False, full=False, warehouse_at=None, partitions=[], dead_letters=0)
        self._publish(msgspec.structs.replace(last, fault=f"{error.stage}: {error}"))

    def _publish(self, status: AuditStatus) -> None:
        parts = [
            msgspec.structs.replace(part, findings=shown(part.findings, MOST_TEXTS), warnings=shown(part.warnings, MOST_TEXTS))
            for part in status.partitions
        ]
        self._sink.publish(msgspec.structs.replace(status, partitions=parts, findings=shown(status.findings, MOST_TEXTS)))

    def _tell(self, audited: Audited) -> None:
        """Logs a verdict that differs from the one before."""
        status = audited.status
        findings = list(dict.fromkeys(report.told(status)))
        warnings = list(dict.fromkeys(text for part in status.partitions for text in part.warnings))
        told = (status.complete, *findings, *warnings)
        if told == self._told:
            return
        self._told = told
        for text in shown(findings, MOST_LINES):
            self._log.error("finding", finding=text)
        for text in shown(warnings, MOST_LINES):
            self._log.warning("warning", warning=text)
        self._log.info("audited", complete=status.complete, full=status.full, partitions=len(status.partitions))

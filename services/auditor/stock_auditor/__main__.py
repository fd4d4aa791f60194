"""`stock-auditor`: the loop, and the commands."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from stock_auditor.clients import Clients
from stock_auditor.commands import EXIT_NOT_COMPARED, parse
from stock_auditor.config import SERVICE, AuditorSettings
from stock_auditor.loop import AuditLoop, Schedule, StatusTopic
from stock_auditor.metrics import Metrics
from stock_auditor.replay.run import NotSent
from stock_auditor.stages.base import STAGES, NotCompared
from stock_auditor.wiring import new_auditor
from stock_common import cli
from stock_common.run import FatalError
from stock_common.service import Context, Service, serve
from stock_common.settings import load_or_exit
from stock_common.topics import DECISIONS, STATUS
from stock_kafka import connection
from stock_kafka.cluster import Unreachable
from stock_kafka.refused import Refused
from stock_kafka.status import StatusPublisher, StatusReader
from stock_warehouse.session import Warehouse

STALLED_SECONDS = 660.0
"""Longer than the longest statement of a session (stock_warehouse.config.STATEMENT_SECONDS)."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.perform is not None:
        # A command reports a failure in one sentence. The clients' own log lines would only hide it.
        logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
        errors = (FatalError, Unreachable, NotSent, NotCompared)
        return cli.run(lambda: options.perform(options), errors, EXIT_NOT_COMPARED)
    settings = load_or_exit(AuditorSettings)
    return serve(Service(SERVICE, settings.metrics_port, STAGES, STALLED_SECONDS), settings, _work)


def _work(context: Context[AuditorSettings]) -> int:
    settings = context.settings
    metrics = Metrics(context.registry)
    warehouse = Warehouse(settings, SERVICE)

    def go_on() -> bool:
        context.health.beat()
        return not context.stop

    try:
        decisions = Refused(context.log, metrics.refused.labels(DECISIONS.name).inc)
        clients = Clients(settings, SERVICE, silent=False)
        auditor = new_auditor(settings, warehouse, clients, go_on=go_on, refused=decisions)
        status = metrics.refused.labels(STATUS.name).inc
        reader = StatusReader(settings, SERVICE, on_refused=status, on_restart=metrics.restarts.inc)
        topic = StatusTopic(reader, StatusPublisher(settings, SERVICE))
        schedule = Schedule(
            settings.audit_interval_seconds,
            settings.audit_full_interval_seconds,
            time.monotonic,
            lambda: datetime.now(UTC),
        )
        loop = AuditLoop(auditor, topic, metrics, context.health, schedule, context.log)
        with connection.watched(settings, SERVICE, context.health, context.log):
            return context.run(loop.step, loop.close)
    finally:
        warehouse.close()


if __name__ == "__main__":
    raise SystemExit(main())

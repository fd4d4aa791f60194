"""`stock-auditor`: the loop, and `audit`, `accept`, `replay`."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from stock_auditor.arguments import TOPICS, parse
from stock_auditor.command import EXIT_NOT_COMPARED
from stock_auditor.config import AuditorSettings
from stock_auditor.log import open_log
from stock_auditor.loop import AuditLoop
from stock_auditor.metrics import Metrics
from stock_auditor.replay import Undelivered
from stock_auditor.stages import STAGES
from stock_auditor.wiring import SERVICE, new_auditor, run_accept, run_audit, run_replay
from stock_common import logs
from stock_common.health import Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import load_or_exit, public
from stock_kafka.cluster import Unreachable
from stock_kafka.config import KafkaSettings
from stock_kafka.status import StatusPublisher, StatusReader
from stock_warehouse.session import Warehouse

STALLED_SECONDS = 660.0
"""Longer than the longest statement of a session (stock_warehouse.config.STATEMENT_SECONDS)."""
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.command is None:
        return _loop(load_or_exit(AuditorSettings))
    # What fails is told in one sentence below; the clients' own lines would only hide it.
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
    try:
        if options.command == "replay":
            return run_replay(load_or_exit(KafkaSettings), options)
        return (run_audit if options.command == "audit" else run_accept)(load_or_exit(AuditorSettings), options)
    except (FatalError, Unreachable, Undelivered) as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_COMPARED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _loop(settings: AuditorSettings) -> int:
    log = logs.setup(SERVICE, settings)
    log.info("starting", settings=public(settings))
    stop = Stop()
    stop.install()
    registry = CollectorRegistry()
    health = Health(STAGES, STALLED_SECONDS)
    metrics = Metrics(registry)
    server = MetricsServer(settings.metrics_host, settings.metrics_port, registry, health)
    server.start()
    warehouse = Warehouse(settings, SERVICE)

    def go_on() -> bool:
        health.beat()
        return not stop

    try:
        auditor = new_auditor(settings, warehouse, open_log(settings, SERVICE), TOPICS, settings.in_flight_seconds, go_on)
        source, sink = StatusReader(settings, SERVICE), StatusPublisher(settings, SERVICE)
        loop = AuditLoop(
            auditor,
            source,
            sink,
            metrics,
            health,
            settings.audit_interval_seconds,
            settings.audit_full_interval_seconds,
            time.monotonic,
            lambda: datetime.now(UTC),
            log,
        )
        return run(loop.step, loop.close, health, stop, log)
    except FatalError as error:
        log.error("cannot start", reason=str(error))
        return 1
    finally:
        warehouse.close()
        server.close()


if __name__ == "__main__":
    raise SystemExit(main())

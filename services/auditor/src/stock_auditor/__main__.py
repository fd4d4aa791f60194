"""`stock-auditor`: wiring only."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from stock_auditor.auditor import STAGES, Auditor
from stock_auditor.bucket import BucketReader
from stock_auditor.command import EXIT_NOT_COMPARED, audit_once
from stock_auditor.config import AuditorSettings
from stock_auditor.log import LogReader, open_log
from stock_auditor.loop import AuditLoop
from stock_auditor.metrics import Metrics
from stock_auditor.warehouse import WarehouseReader
from stock_common import logs
from stock_common.health import Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import load_or_exit, public
from stock_common.topics import SUNK
from stock_kafka.status import StatusPublisher, StatusReader
from stock_objects.store import ObjectStore
from stock_warehouse.session import Warehouse

SERVICE = "auditor"
STALLED_SECONDS = 660.0
"""Longer than the longest statement of a session (stock_warehouse.config.STATEMENT_SECONDS)."""
EXIT_INTERRUPTED = 130
TOPICS = [topic.name for topic in SUNK]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    settings = load_or_exit(AuditorSettings)
    return _audit(settings, options) if options.command == "audit" else _loop(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stock-auditor",
        description="Proves that Kafka, S3 and Snowflake hold the same offsets: without a command all the time, as metrics and status messages.",
        epilog="Configured by environment variables, see README. Examples:\n"
        "  stock-auditor                  compare until stopped\n"
        "  stock-auditor audit            compare once and print the verdict\n"
        "  stock-auditor audit --help     more examples",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    audit = commands.add_parser(
        "audit",
        help="compare everything once, print the verdict and exit",
        description="Compares the three stages once.\nExit code: 0 complete, 1 something is unexplained, 2 the configuration has faults,"
        " 3 a stage could not be read.",
        epilog="Examples:\n"
        "  stock-auditor audit\n"
        "  stock-auditor audit --full --drained          after the producer was stopped and the rest was loaded\n"
        "  stock-auditor audit --topic stock-data --json | jq .complete",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    audit.add_argument(
        "--full", action="store_true", help="also read every object's metadata, and compare the tables offset by offset, not by totals"
    )
    audit.add_argument("--drained", action="store_true", help="nothing may be on its way: what is in Kafka must be on S3 and in Snowflake")
    audit.add_argument("--topic", choices=TOPICS, help="only this topic")
    audit.add_argument("--json", action="store_true", help="print the verdict as JSON")
    return parser


def _auditor(
    settings: AuditorSettings, warehouse: Warehouse, log: LogReader, topics: Sequence[str], limit: float, go_on: Callable[[], bool] = lambda: True
) -> Auditor:
    try:
        store = ObjectStore(settings)
    except ValueError as error:
        raise FatalError(f"The S3 client refuses its settings: {error}") from None
    return Auditor(WarehouseReader(warehouse), BucketReader(store), log, topics, limit, lambda: datetime.now(UTC), go_on)


def _audit(settings: AuditorSettings, options: argparse.Namespace) -> int:
    # What fails is told in one sentence below; the clients' own lines would only hide it.
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
    warehouse = Warehouse(settings, SERVICE)
    topics = [options.topic] if options.topic else TOPICS
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        log = open_log(settings, SERVICE, silent=True)
        auditor = _auditor(settings, warehouse, log, topics, 0.0 if options.drained else settings.in_flight_seconds)
        return audit_once(auditor, options.full, options.json, colour, sys.stdout, sys.stderr)
    except FatalError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_COMPARED
    except KeyboardInterrupt:
        print("Interrupted before there was a verdict.", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        warehouse.close()


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
        auditor = _auditor(settings, warehouse, open_log(settings, SERVICE), TOPICS, settings.in_flight_seconds, go_on)
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

"""stock-sf-loader: `run` (the default), `once`, `setup`, `migrate`, `verify`, and the repairs."""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
from collections import Counter
from time import monotonic

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.health import Health, MetricsServer
from stock_common.run import CLOSE_SECONDS, FatalError, Stop, run
from stock_common.settings import load_or_exit, public, refuse
from stock_kafka.status import StatusPublisher
from stock_sf_loader import migrations, repairs, setup
from stock_sf_loader.arguments import parse
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.loader import Cycle
from stock_sf_loader.metrics import utc_now
from stock_sf_loader.report import Report
from stock_sf_loader.service import Service
from stock_sf_loader.verify import MISSING, Check
from stock_sf_loader.wiring import NAME, build, build_repair, build_verifier, leave_in_time
from stock_warehouse.config import NETWORK_SECONDS, STATEMENT_SECONDS
from stock_warehouse.errors import WarehouseError
from stock_warehouse.session import Warehouse

STALLED_SECONDS = STATEMENT_SECONDS + NETWORK_SECONDS + 60
"""No single statement takes longer."""


def main() -> int:
    arguments = parse()
    if arguments.command == "setup":
        print(setup.render(arguments))
        return 0
    settings = load_or_exit(LoaderSettings)
    try:
        migrations.values(settings)
    except ValueError as error:
        refuse(f"The configuration has faults:\n  {error}")
    if arguments.command == "run":
        return _run(settings)
    try:
        if arguments.command == "migrate":
            return _migrate(settings)
        if arguments.command == "verify":
            return _verify(settings, arguments.json)
        return _once(settings, arguments.json) if arguments.command == "once" else _repair(settings, arguments)
    except (FatalError, WarehouseError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(settings: LoaderSettings) -> int:
    log = logs.setup(NAME, settings, "snowflake_loader.log")
    log.info("starting", **public(settings))
    registry, stop = CollectorRegistry(), Stop()
    health = Health(("s3", "snowflake"), stalled_after=STALLED_SECONDS)
    stop.install()
    try:
        server = MetricsServer(settings.metrics_host, settings.metrics_port, registry, health)
    except OSError as error:
        log.error("stopped", reason=f"METRICS_HOST {settings.metrics_host}, METRICS_PORT {settings.metrics_port} cannot be listened on: {error}")
        return 1
    server.start()
    loader, warehouse = build(settings, registry, health, stop, log)
    service = Service(
        loader,
        Report(settings.load_interval_seconds, utc_now),
        StatusPublisher(settings, NAME),
        warehouse,
        health,
        stop,
        settings.load_interval_seconds,
        monotonic,
        random.random,
        log,
    )

    def leave() -> None:
        log.error("left in the middle of a statement, whose transaction Snowflake rolls back", seconds=CLOSE_SECONDS)
        os._exit(1)

    leave_in_time(stop, CLOSE_SECONDS, leave)
    try:
        return run(service.step, service.close, health, stop, log)
    finally:
        server.close()


def _once(settings: LoaderSettings, as_json: bool) -> int:
    stop = Stop()
    stop.install()
    log = _quiet(settings)
    loader, warehouse = build(settings, CollectorRegistry(), Health(), stop, log)
    try:
        cycle = loader.cycle()
    finally:
        warehouse.close()
    print(json.dumps(_summary(cycle), indent=2) if as_json else _table(cycle))
    return 1 if cycle.fault else 0


def _repair(settings: LoaderSettings, arguments: argparse.Namespace) -> int:
    if wrong := repairs.fault(arguments, utc_now().date()):
        print(wrong, file=sys.stderr)
        return 2
    stop = Stop()
    stop.install()
    log = _quiet(settings)

    def leave() -> None:
        print("Left in the middle of a statement, whose transaction Snowflake rolls back: run it again.", file=sys.stderr, flush=True)
        os._exit(1)

    leave_in_time(stop, CLOSE_SECONDS, leave)
    repair, new_loader, warehouse = build_repair(settings, stop, log, lambda line: print(line, flush=True))
    try:
        return repairs.perform(arguments, repair, new_loader)
    except repairs.ERRORS as error:
        print(f"Ended early, with nothing half done ({error}): run it again.", file=sys.stderr)
        return 1
    finally:
        warehouse.close()


def _quiet(settings: LoaderSettings) -> structlog.stdlib.BoundLogger:
    """For commands whose output is read, by a program too: no log on stdout, neither ours nor the libraries'. What went wrong is in the output."""
    log = logs.setup(NAME, settings)
    logging.disable(logging.CRITICAL)
    return log


def _migrate(settings: LoaderSettings) -> int:
    warehouse = Warehouse(settings, NAME)
    try:
        done = migrations.migrate(warehouse, settings)
    finally:
        warehouse.close()
    print(f"{settings.snowflake_database} is up to date: {', '.join(done)}.")
    return 0


def _verify(settings: LoaderSettings, as_json: bool) -> int:
    _quiet(settings)
    verifier, warehouse = build_verifier(settings)
    try:
        checks = list(verifier.checks())
    finally:
        warehouse.close()
    missing = any(check.state == MISSING for check in checks)
    document = {"ok": not missing, "checks": [check._asdict() for check in checks]}
    print(json.dumps(document, indent=2) if as_json else "\n".join(map(_check_text, checks)))
    return int(missing)


def _check_text(check: Check) -> str:
    line = f"{check.state:<8} {check.what}" + (f": {check.said}" if check.said else "")
    return "\n".join([line, *(f"           {statement}" for statement in check.run)])


def _summary(cycle: Cycle) -> dict[str, object]:
    rows: Counter[tuple[str, int, str]] = Counter()
    files: Counter[tuple[str, int, str]] = Counter()
    for entry in cycle.entries:
        place = (entry.chain.topic, entry.chain.partition, entry.status)
        files[place] += 1
        rows[place] += entry.rows if entry.is_copied else 0
    parts = [{"topic": topic, "partition": number, "status": status, "files": files[topic, number, status], "rows": rows[topic, number, status]}
             for topic, number, status in sorted(files)]  # fmt: skip
    return {"outcome": cycle.outcome, "transactions": cycle.transactions, "fault": cycle.fault, "loaded": parts}


def _table(cycle: Cycle) -> str:
    summary = _summary(cycle)
    lines = [f"{part['topic']}/{part['partition']}: {part['files']} files {part['status']}, {part['rows']} rows" for part in summary["loaded"]]  # type: ignore[attr-defined]
    lines.append(f"{cycle.outcome}; {cycle.transactions} transactions")
    return "\n".join([*lines, f"fault: {cycle.fault}"] if cycle.fault else lines)


if __name__ == "__main__":
    sys.exit(main())

"""The commands that end by themselves: once, migrate, verify, and the repairs. Each returns its exit code."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.health import Health
from stock_common.printable import printable, say
from stock_common.run import Stop
from stock_common.service import EXIT_FAILED, EXIT_OK, Context
from stock_common.settings import EXIT_CONFIGURATION
from stock_common.version import __version__
from stock_sf_loader.account import schema
from stock_sf_loader.account.verify import MISSING, Check
from stock_sf_loader.app import NAME, build, build_repair, build_selftest, build_verifier, exit_in_time
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load.cycle import Cycle
from stock_sf_loader.metrics import utc_now
from stock_sf_loader.repair import commands as repairs
from stock_sf_loader.selftest.scratch import DIFFERENT
from stock_warehouse.session import Warehouse

SHOWN = 600
"""Characters of an answer of Snowflake's that are printed."""


def perform(settings: LoaderSettings, arguments: argparse.Namespace) -> int:
    """Runs the command. Raises FatalError and WarehouseError."""
    if arguments.command == "migrate":
        return migrate(settings)
    if arguments.command == "verify":
        return verify(settings, arguments.json)
    if arguments.command == "selftest":
        return selftest(settings, arguments.json)
    if arguments.command == "once":
        return once(settings, arguments.json)
    return repair(settings, arguments)


def once(settings: LoaderSettings, as_json: bool) -> int:
    """Loads all that can be loaded now."""
    stop = _stop()
    loader, warehouse = build(Context(settings, _quiet(settings), stop, CollectorRegistry(), Health()))
    try:
        cycle = loader.load_all()
    finally:
        warehouse.close()
    say(json.dumps(_summary(cycle), indent=2) if as_json else _cycle_text(cycle))
    return EXIT_FAILED if cycle.fault else EXIT_OK


def repair(settings: LoaderSettings, arguments: argparse.Namespace) -> int:
    """One of the repairs."""
    if wrong := repairs.fault(arguments, utc_now().date()):
        say(wrong, sys.stderr)
        return EXIT_CONFIGURATION
    stop = _stop()
    log = _quiet(settings)
    text = "Left in the middle of a statement, whose transaction Snowflake rolls back: run it again."
    exit_in_time(stop, lambda: say(text, sys.stderr))
    made, new_loader, warehouse = build_repair(settings, stop, log, say)
    try:
        return repairs.perform(arguments, made, new_loader)
    except repairs.ERRORS as error:
        say(f"Ended early, with nothing half done ({error}): run it again.", sys.stderr)
        return EXIT_FAILED
    finally:
        warehouse.close()


def migrate(settings: LoaderSettings) -> int:
    """Makes or renews the schema."""
    warehouse = Warehouse(settings, NAME)
    try:
        done = schema.migrate(warehouse, settings)
    finally:
        warehouse.close()
    say(f"{settings.snowflake_database} is up to date: {', '.join(done)}.")
    return EXIT_OK


def verify(settings: LoaderSettings, as_json: bool) -> int:
    """The check of the account."""
    _quiet(settings)
    verifier, warehouse = build_verifier(settings)
    try:
        checks = list(verifier.checks())
    finally:
        warehouse.close()
    missing = any(check.state == MISSING for check in checks)
    document = {"ok": not missing, "checks": [_check_fields(check) for check in checks]}
    say(json.dumps(document, indent=2) if as_json else "\n".join(map(_check_text, checks)))
    return EXIT_FAILED if missing else EXIT_OK


def selftest(settings: LoaderSettings, as_json: bool) -> int:
    """The pipeline's statements, tried in scratch schemas."""
    _quiet(settings)
    lines = []
    for line in build_selftest(settings).lines():
        lines.append(line)
        if not as_json:
            say(f"{line.state:<9} {line.what}" + (f": {printable(line.seen, SHOWN)}" if line.seen else ""))
    different = [line for line in lines if line.state == DIFFERENT]
    if as_json:
        say(json.dumps({"ok": not different, "lines": [line._asdict() for line in lines]}, indent=2))
    else:
        say(f"{len(lines)} tried, {len(different)} other than expected: version {__version__}")
    return EXIT_FAILED if different else EXIT_OK


def _stop() -> Stop:
    stop = Stop()
    stop.install()
    return stop


def _quiet(settings: LoaderSettings) -> structlog.stdlib.BoundLogger:
    """A logger that logs nothing, nor do the libraries. People and programs read the command's output."""
    log = logs.setup(NAME, settings)
    logging.disable(logging.CRITICAL)
    return log


def _check_fields(check: Check) -> dict[str, object]:
    return {"what": check.what, "state": check.state, "reason": check.reason, "run": check.run}


def _check_text(check: Check) -> str:
    line = f"{check.state:<8} {check.what}" + (f": {check.reason}" if check.reason else "")
    return "\n".join([line, *(f"           {statement}" for statement in check.run)])


def _summary(cycle: Cycle) -> dict[str, Any]:
    rows: Counter[tuple[str, int, str]] = Counter()
    files: Counter[tuple[str, int, str]] = Counter()
    for entry in cycle.entries:
        place = (entry.chain.topic, entry.chain.partition, entry.status)
        files[place] += 1
        rows[place] += entry.rows if entry.is_copied else 0
    return {
        "outcome": cycle.outcome,
        "transactions": cycle.transactions,
        "fault": cycle.fault,
        "notice": cycle.notice,
        "loaded": [
            dict(zip(("topic", "partition", "status"), place, strict=True), files=count, rows=rows[place])
            for place, count in sorted(files.items())
        ],
    }


def _cycle_text(cycle: Cycle) -> str:
    lines = [
        f"{part['topic']}/{part['partition']}: {part['files']} files {part['status']}, {part['rows']} rows"
        for part in _summary(cycle)["loaded"]
    ]
    lines.append(f"{cycle.outcome}; {cycle.transactions} transactions")
    lines += [f"notice: {cycle.notice}"] if cycle.notice else []
    return "\n".join([*lines, f"fault: {cycle.fault}"] if cycle.fault else lines)

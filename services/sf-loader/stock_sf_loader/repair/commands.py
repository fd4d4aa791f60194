"""The repairs as commands: retry, reload, rebuild, prune. Each reports progress and returns an exit code."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from prometheus_client import CollectorRegistry

from stock_common import retry as retries
from stock_common.service import EXIT_FAILED, EXIT_OK
from stock_objects.errors import Conflict, ObjectError
from stock_sf_loader.load.copy_into import BatchRefused
from stock_sf_loader.load.transaction import LeaseLost, Stale, Stopped
from stock_sf_loader.metrics import TOPICS, LedgerEntry, Metrics
from stock_sf_loader.repair.base import Repair
from stock_sf_loader.repair.prune import prune
from stock_sf_loader.repair.rebuild import NewLoader, Options, rebuild
from stock_sf_loader.repair.reload import reload
from stock_sf_loader.repair.retry import retry

ERRORS = (Stale, LeaseLost, Stopped, retries.Stopped, ObjectError, Conflict, BatchRefused)
"""These end a repair early, as FatalError and WarehouseError end any command. Nothing is left half done."""


class Progress(Metrics):
    """Reports each transaction of a rebuild by `tell`, and counts."""

    def __init__(self, topic: str, tell: Callable[[str], None]) -> None:
        super().__init__(CollectorRegistry(), [topic])
        self._tell, self._file_count, self._row_count = tell, 0, 0

    def loaded(self, entries: Sequence[LedgerEntry], seconds: float) -> None:
        super().loaded(entries, seconds)
        self._file_count += len(entries)
        self._row_count += sum(entry.rows for entry in entries if entry.is_copied)
        last = entries[-1]
        counts = f"{self._file_count} objects, {self._row_count} rows rebuilt"
        self._tell(f"{last.chain.topic}: {counts}, up to {last.key}")


def fault(arguments: argparse.Namespace, today: date) -> str | None:
    """What is wrong with the arguments, beyond what the parser checks."""
    if arguments.command == "prune" and arguments.before > today:
        return f"--before {arguments.before} is later than today: days that are not over cannot be pruned."
    return None


def perform(arguments: argparse.Namespace, repair: Repair, new_loader: NewLoader) -> int:
    """Runs the command and returns its exit code. Raises ERRORS, and what the session raises."""
    if arguments.command == "retry":
        return _retry(repair, arguments.keys)
    topics = [arguments.topic] if arguments.topic else list(TOPICS)
    if arguments.command == "reload":
        return _reload(repair, arguments.day, topics, arguments.dry_run)
    if arguments.command == "rebuild":
        options = Options(arguments.dry_run, arguments.accept_differences, arguments.restart)
        return EXIT_FAILED if rebuild(repair, topics, new_loader, options) else EXIT_OK
    done = prune(repair, arguments.before, topics, arguments.dry_run)
    verb = "would be pruned" if arguments.dry_run else "pruned"
    repair.tell(f"{done.files} objects, {done.rows} rows {verb}")
    return EXIT_OK


def _retry(repair: Repair, keys: Sequence[str]) -> int:
    tried = retry(repair, keys)
    for one in tried:
        if one.text == "is not quarantined":
            repair.tell(f"{one.key} {one.text}")
    counts = Counter(one.outcome for one in tried)
    released = f"{counts['released']} left to the loader or gone"
    repair.tell(f"{counts['loaded']} loaded, {released}, {counts['refused']} not")
    return EXIT_FAILED if counts["refused"] else EXIT_OK


def _reload(repair: Repair, day: date, topics: Sequence[str], dry_run: bool) -> int:
    done = reload(repair, day, topics, dry_run)
    verb = "would be loaded again" if dry_run else f"loaded again; {done.deleted} rows were taken out"
    repair.tell(f"{done.files} objects, {done.rows} rows {verb}")
    for line in done.faults:
        repair.tell(f"fault: {line}")
    return EXIT_FAILED if done.faults else EXIT_OK

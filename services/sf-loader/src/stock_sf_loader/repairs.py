"""The commands of an operator on a bad day: retry, reload, rebuild, prune. Says what happens and returns the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import date

from stock_objects.errors import Conflict, ObjectError
from stock_sf_loader.copy_into import BatchRefused
from stock_sf_loader.ledger import Entry
from stock_sf_loader.metrics import TOPICS, Metrics
from stock_sf_loader.prune import prune
from stock_sf_loader.rebuild import NewLoader, Options, rebuild
from stock_sf_loader.reload import reload
from stock_sf_loader.repair import Repair
from stock_sf_loader.retry import retry
from stock_sf_loader.transaction import LeaseLost, Stale, Stopped

ERRORS = (Stale, LeaseLost, Stopped, ObjectError, Conflict, BatchRefused)
"""What ends a repair, beside what ends every command; nothing is half done then."""


class Progress(Metrics):
    """Tells of each transaction of a rebuild, and counts."""

    def told_to(self, tell: Callable[[str], None]) -> Progress:
        self._tell, self._files, self._rows = tell, 0, 0
        return self

    def loaded(self, entries: Sequence[Entry], seconds: float) -> None:
        super().loaded(entries, seconds)
        self._files += len(entries)
        self._rows += sum(entry.rows for entry in entries if entry.is_copied)
        self._tell(f"{entries[-1].chain.topic}: {self._files} objects, {self._rows} rows rebuilt, up to {entries[-1].key}")


def fault(arguments: argparse.Namespace, today: date) -> str | None:
    """What is wrong with the arguments, where parsing could not tell."""
    if arguments.command == "prune" and arguments.before > today:
        return f"--before {arguments.before} is later than today: days that are not over cannot be pruned."
    return None


def perform(arguments: argparse.Namespace, repair: Repair, new_loader: NewLoader) -> int:
    """Runs the command. Raises ERRORS, and what the session raises."""
    if arguments.command == "retry":
        return _retry(repair, arguments.keys)
    topics = [arguments.topic] if arguments.topic else list(TOPICS)
    if arguments.command == "reload":
        return _reload(repair, arguments.day, topics, arguments.dry_run)
    if arguments.command == "rebuild":
        options = Options(arguments.dry_run, arguments.accept_differences, arguments.restart)
        return 1 if rebuild(repair, topics, new_loader, options) else 0
    done = prune(repair, arguments.before, topics, arguments.dry_run)
    repair.tell(f"{done.files} objects, {done.rows} rows {'would be pruned' if arguments.dry_run else 'pruned'}")
    return 0


def _retry(repair: Repair, keys: Sequence[str]) -> int:
    tried = retry(repair, keys)
    counts = {outcome: sum(one.outcome == outcome for one in tried) for outcome in ("loaded", "released", "refused")}
    for one in tried:
        if one.text == "is not quarantined":
            repair.tell(f"{one.key} {one.text}")
    repair.tell(f"{counts['loaded']} loaded, {counts['released']} left to the loader or gone, {counts['refused']} not")
    return 1 if counts["refused"] else 0


def _reload(repair: Repair, day: date, topics: Sequence[str], dry_run: bool) -> int:
    done = reload(repair, day, topics, dry_run)
    repair.tell(
        f"{done.files} objects, {done.rows} rows {'would be loaded again' if dry_run else f'loaded again; {done.deleted} rows were taken out'}"
    )
    for fault in done.faults:
        repair.tell(f"fault: {fault}")
    return 1 if done.faults else 0

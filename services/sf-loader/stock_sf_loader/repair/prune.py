"""Prune: deletes the rows of old objects. The ledger keeps their ranges, so they are not loaded again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from stock_sf_loader.load import ledger, transaction
from stock_sf_loader.repair import ledger_rows
from stock_sf_loader.repair.base import Repair
from stock_sf_loader.repair.ledger_rows import Prunable


class Pruned(NamedTuple):
    """The objects of `parts`, and the rows that were deleted (with dry_run: would be, by the ledger)."""

    parts: list[Prunable]
    files: int
    rows: int


def prune(repair: Repair, before: date, topics: Sequence[str], dry_run: bool = False) -> Pruned:
    """Deletes the rows of all objects before the day `before` and marks the objects as pruned.

    The day of an object is the dt= of its key. It is one transaction. A quarantined object with a place in
    the chain is marked too, and its reason stays. A second run finds nothing left.
    Raises what a session or `go_on` raises.
    """
    day = before.isoformat()

    def work() -> Pruned:
        fence = ledger.read(repair.session).fence
        parts = ledger_rows.prunable(repair.session, day, topics)
        if dry_run or not parts:
            return Pruned(parts, sum(part.files for part in parts), sum(part.rows for part in parts))
        with transaction.alone(repair.session, fence, repair.new_holder()):
            return _delete(repair, day, parts)

    done = repair.retried(work)
    verb = "would be pruned" if dry_run else "pruned"
    for part in done.parts:
        what = f"{part.files} objects up to offset {part.last}, {part.rows} rows"
        repair.tell(f"{part.chain.topic}/{part.chain.partition}: {what} {verb}")
    return done


def _delete(repair: Repair, day: str, parts: list[Prunable]) -> Pruned:
    files = rows = 0
    for topic in sorted({part.chain.topic for part in parts}):
        repair.go_on()
        # Along a chain, offsets grow with the days in the keys. So all rows up to the last offset are old.
        mine = [part for part in parts if part.chain.topic == topic]
        rows += ledger_rows.delete_up_to(repair.session, topic, mine)
        files += ledger_rows.prune(repair.session, day, topic)
    return Pruned(parts, files, rows)

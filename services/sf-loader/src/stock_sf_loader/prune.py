"""Old rows out of the tables, on purpose. The ledger keeps their ranges, so that the chains hold and nothing is loaded again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from stock_sf_loader import ledger, marks, transaction
from stock_sf_loader.marks import Prunable
from stock_sf_loader.repair import Repair


class Pruned(NamedTuple):
    """`rows` were taken out (with dry_run: would be, by the ledger) of the `files` objects that `parts` tells of by chain."""

    parts: list[Prunable]
    files: int
    rows: int


def prune(repair: Repair, before: date, topics: Sequence[str], dry_run: bool = False) -> Pruned:
    """Takes the rows of all objects before the day `before` (by the dt= of their keys) out and marks these objects as pruned: one transaction.

    A quarantined object with a place in the chain is marked too, for its time is over; its reason stays. Run again, it finds nothing left.
    Raises what a session or `go_on` raises.
    """
    day = before.isoformat()

    def work() -> Pruned:
        fence = ledger.read(repair.session).fence
        parts = marks.prunable(repair.session, day, topics)
        if dry_run or not parts:
            return Pruned(parts, sum(part.files for part in parts), sum(part.rows for part in parts))
        with transaction.alone(repair.session, fence, repair.new_holder()):
            files = rows = 0
            for topic in sorted({part.chain.topic for part in parts}):
                repair.go_on()
                # Offsets grow along the chain with the days in its keys: what lies before the last of them is older still.
                rows += marks.delete_up_to(repair.session, topic, [part for part in parts if part.chain.topic == topic])
                files += marks.prune(repair.session, day, topic)
        return Pruned(parts, files, rows)

    done = repair.again(work)
    for part in done.parts:
        what = f"{part.files} objects up to offset {part.last}, {part.rows} rows"
        repair.tell(f"{part.chain.topic}/{part.chain.partition}: {what} {'would be pruned' if dry_run else 'pruned'}")
    return done

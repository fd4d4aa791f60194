"""A day's objects, out of tables and ledger and loaded again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from stock_objects.chain import Chain, chains
from stock_sf_loader import ledger, marks
from stock_sf_loader.copy_into import BatchRefused, FileRefused
from stock_sf_loader.ledger import LedgerState
from stock_sf_loader.listing import Heads
from stock_sf_loader.plan import Found
from stock_sf_loader.reload_plan import DayPlan, plan_day
from stock_sf_loader.repair import Contradiction, Repair, Replacement, replace

REFUSED = (FileRefused, BatchRefused, Contradiction)


class Reloaded(NamedTuple):
    """`files` and `rows` were loaded again (with dry_run: would be), `deleted` rows were taken out for it."""

    files: int
    rows: int
    deleted: int
    faults: list[str]


def reload(repair: Repair, day: date, topics: Sequence[str], dry_run: bool = False) -> Reloaded:
    """Loads the objects of `day` (the dt= of their keys) again: each chain, at most 1,000 objects at once, in one transaction.

    Tables and ledger hold all of an object, before or after, at any moment that others see. Killed, it can be run again: what was loaded again
    before is loaded once more. A chain with a fault is left as it is; the others go on. Raises what a session, a bucket or `go_on` raises.
    """
    total = Reloaded(0, 0, 0, [])
    known = repair.again(lambda: ledger.read(repair.session)).tails
    wanted = sorted({*(chain for topic in topics for chain in chains(repair.bucket, topic)), *(chain for chain in known if chain.topic in topics)})
    for number, chain in enumerate(wanted, 1):
        one = _chain(repair, chain, day, dry_run)
        total = Reloaded(total.files + one.files, total.rows + one.rows, total.deleted + one.deleted, total.faults + one.faults)
        what = f"{one.files} objects, {one.rows} rows {'would be loaded again' if dry_run else f'loaded again, {one.deleted} taken out'}"
        repair.tell(f"{chain.topic}/{chain.partition}: {what} ({number} of {len(wanted)} chains)")
    return total


def _chain(repair: Repair, chain: Chain, day: date, dry_run: bool) -> Reloaded:
    repair.go_on()
    tail = repair.again(lambda: ledger.read(repair.session)).tails.get(chain)
    prefix = f"{chain.prefix}dt={day.isoformat()}/"
    # "0" comes right after "/": every key of the day, but none that the running loader may add while this one works.
    limits = prefix, min(f"{prefix.removesuffix('/')}0", tail.key if tail else "")
    objects = [info for info in repair.bucket.objects(prefix) if info.key <= limits[1]]
    found = Heads(repair.bucket).find({chain: objects})[chain]
    _, plan = repair.again(lambda: _plan(repair, chain, limits, found))
    for line in (*plan.notes, *plan.faults):
        repair.tell(line)
    if dry_run or plan.faults:
        entries = [entry for replacement in plan.replacements for entry in replacement.new]
        return Reloaded(len(entries), sum(entry.rows for entry in entries), 0, plan.faults)
    files = rows = deleted = 0
    for batch in plan.replacements:
        try:
            done, count = repair.again(lambda batch=batch: _replace(repair, chain, limits, found, batch.keys))
        except REFUSED as error:
            repair.tell(str(error))
            return Reloaded(files, rows, deleted, [str(error)])
        files += len(done.new)
        rows += sum(entry.rows for entry in done.new)
        deleted += count
    return Reloaded(files, rows, deleted, [])


def _replace(repair: Repair, chain: Chain, limits: tuple[str, str], found: Sequence[Found], keys: tuple[str, str]) -> tuple[Replacement, int]:
    """The batch with these keys, by the ledger as it is now."""
    state, plan = _plan(repair, chain, limits, found)
    batch = next((replacement for replacement in plan.replacements if replacement.keys == keys), None)
    if batch is None:
        raise Contradiction(f"{keys[0]} to {keys[1]}: the ledger was changed meanwhile ({'; '.join(plan.faults) or 'run it again'})")
    return batch, replace(repair, batch, state.fence)


def _plan(repair: Repair, chain: Chain, limits: tuple[str, str], found: Sequence[Found]) -> tuple[LedgerState, DayPlan]:
    state = ledger.read(repair.session)
    return state, plan_day(chain, marks.between(repair.session, chain, *limits), found)

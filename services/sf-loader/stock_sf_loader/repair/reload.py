"""Reload: deletes the rows of a day's objects from tables and ledger, and loads these objects again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from stock_common import keys
from stock_objects.chain import Chain, chains
from stock_sf_loader.load import ledger
from stock_sf_loader.load.copy_into import BatchRefused, FileRefused
from stock_sf_loader.load.ledger import LedgerState
from stock_sf_loader.load.listing import Heads
from stock_sf_loader.load.plan import Found
from stock_sf_loader.repair import ledger_rows
from stock_sf_loader.repair.base import Contradiction, Repair, Replacement, replace
from stock_sf_loader.repair.reload_plan import DayPlan, plan_day

REFUSED = (FileRefused, BatchRefused, Contradiction)


class Reloaded(NamedTuple):
    """`files` and `rows` were loaded again (with dry_run: would be). `deleted` rows were deleted before."""

    files: int
    rows: int
    deleted: int
    faults: list[str]

    def plus(self, other: Reloaded) -> Reloaded:
        return Reloaded(
            self.files + other.files,
            self.rows + other.rows,
            self.deleted + other.deleted,
            self.faults + other.faults,
        )


class _Day(NamedTuple):
    """One chain's objects of the day, and the least and the greatest key that the day has in the ledger.

    foreign: how many objects of the day are no links by their names.
    unread: why the store does not show an object, None when it shows all.
    """

    chain: Chain
    limits: tuple[str, str]
    found: list[Found]
    foreign: int
    unread: str | None


def reload(repair: Repair, day: date, topics: Sequence[str], dry_run: bool = False) -> Reloaded:
    """Loads the objects of `day` (the dt= of their keys) again, each chain in transactions of 1,000 objects.

    Others see all of an object in table and ledger at any moment. A killed reload can be run again, and then
    loads once more what it had loaded. A chain with a fault is left as it is, and the others go on.
    Raises what a session, a bucket or `go_on` raises.
    """
    total = Reloaded(0, 0, 0, [])
    known = repair.retried(lambda: ledger.read(repair.session)).tails
    stored = {chain for topic in topics for chain in chains(repair.bucket, topic)}
    wanted = sorted(stored | {chain for chain in known if chain.topic in topics})
    for number, chain in enumerate(wanted, 1):
        one = _chain(repair, chain, day, dry_run)
        total = total.plus(one)
        verb = "would be loaded again" if dry_run else f"loaded again, {one.deleted} taken out"
        what = f"{one.files} objects, {one.rows} rows {verb}"
        repair.tell(f"{chain.topic}/{chain.partition}: {what} ({number} of {len(wanted)} chains)")
    return total


def _chain(repair: Repair, chain: Chain, day: date, dry_run: bool) -> Reloaded:
    repair.go_on()
    of_day = _objects(repair, chain, day)
    if of_day.foreign:
        repair.tell(f"{of_day.foreign} foreign objects are passed over: {of_day.limits[0]}")
    if of_day.unread:
        repair.tell(of_day.unread)
        return _result([], 0, [of_day.unread])
    _, plan = repair.retried(lambda: _plan(repair, of_day))
    for line in (*plan.notes, *plan.faults):
        repair.tell(line)
    if dry_run or plan.faults:
        return _result(plan.replacements, 0, plan.faults)
    done: list[Replacement] = []
    deleted = 0
    for batch in plan.replacements:
        try:
            replaced, count = repair.retried(lambda batch=batch: _replace(repair, of_day, batch.keys))
        except REFUSED as error:
            repair.tell(str(error))
            return _result(done, deleted, [str(error)])
        done.append(replaced)
        deleted += count
    return _result(done, deleted, [])


def _result(replacements: Sequence[Replacement], deleted: int, faults: list[str]) -> Reloaded:
    entries = [entry for replacement in replacements for entry in replacement.new]
    return Reloaded(len(entries), sum(entry.rows for entry in entries), deleted, faults)


def _objects(repair: Repair, chain: Chain, day: date) -> _Day:
    tail = repair.retried(lambda: ledger.read(repair.session)).tails.get(chain)
    prefix = f"{chain.prefix}dt={day.isoformat()}/"
    # "0" is the character after "/", so the limit is above every key of the day. It is not above the ledger's
    # end, so an object that the running loader adds meanwhile is not touched.
    limits = prefix, min(f"{prefix.removesuffix('/')}0", tail.key if tail else "")
    listed = [info for info in repair.bucket.objects(prefix) if info.key <= limits[1]]
    objects = [info for info in listed if keys.is_link(info.key)]
    looked = Heads(repair.bucket, repair.go_on).find({chain: objects})
    unread = str(looked.cut.get(chain) or "an object has vanished meanwhile") if looked.cut else None
    return _Day(chain, limits, looked.found[chain], len(listed) - len(objects), unread)


def _replace(repair: Repair, of_day: _Day, ends: tuple[str, str]) -> tuple[Replacement, int]:
    """Replaces the batch between two keys, by the ledger as it is now. Returns it and the deleted rows."""
    state, plan = _plan(repair, of_day)
    batch = next((replacement for replacement in plan.replacements if replacement.keys == ends), None)
    if batch is None:
        why = "; ".join(plan.faults) or "run it again"
        raise Contradiction(f"{ends[0]} to {ends[1]}: the ledger was changed meanwhile ({why})")
    return batch, replace(repair, batch, state.fence)


def _plan(repair: Repair, of_day: _Day) -> tuple[LedgerState, DayPlan]:
    state = ledger.read(repair.session)
    ledgered = ledger_rows.between(repair.session, of_day.chain, *of_day.limits)
    return state, plan_day(of_day.chain, ledgered, of_day.found)

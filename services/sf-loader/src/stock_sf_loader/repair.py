"""What all repairs have in common: their surroundings, another try where that helps, and the transaction that loads objects again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from stock_objects.chain import Chain
from stock_sf_loader import ledger, marks, transaction
from stock_sf_loader.ledger import Entry, Session
from stock_sf_loader.listing import Store
from stock_sf_loader.transaction import LeaseLost, Stale
from stock_warehouse.errors import LockTimeout, UnknownOutcome, WarehouseUnavailable

TRIES = 6
"""The running loader may be first some times in a row."""
LONGEST_PAUSE = 30.0
AGAIN = (Stale, LeaseLost, LockTimeout, UnknownOutcome, WarehouseUnavailable)
Result = TypeVar("Result")


class Repair(NamedTuple):
    """`new_holder`, `go_on` as the loader has them; `pause` waits for seconds; `tell` takes a line for the person who watches."""

    session: Session
    bucket: Store
    stage: str
    new_holder: Callable[[], str]
    go_on: Callable[[], None]
    pause: Callable[[float], object]
    tell: Callable[[str], None]

    def again(self, work: Callable[[], Result]) -> Result:
        """`work`, from the reading of the ledger on, in a new session each time, until nobody came between; at most TRIES times.

        `work` must be one that can be repeated: also when its COMMIT took place and the answer was lost.
        """
        for count in range(TRIES):
            self.go_on()
            try:
                return work()
            except AGAIN as error:
                self.session.close()
                if count == TRIES - 1:
                    raise
                self.tell(f"another try, because: {error}")
                self.pause(min(LONGEST_PAUSE, 2.0**count))
        raise AssertionError("unreachable")


class Contradiction(Exception):
    """The ledger has the same offsets elsewhere: a person must decide which object holds them."""


class Replacement(NamedTuple):
    """`old` are all rows of one `status` that the ledger has between the least and the greatest key of both; `new` take their place."""

    chain: Chain
    status: str
    old: list[Entry]
    new: list[Entry]

    @property
    def keys(self) -> tuple[str, str]:
        names = [entry.key for entry in (*self.old, *self.new)]
        return min(names), max(names)

    @property
    def offsets(self) -> tuple[int, int] | None:
        """First and last, or None when none has a place in the chain."""
        firsts = [entry.first for entry in (*self.old, *self.new) if entry.first is not None]
        lasts = [entry.last for entry in (*self.old, *self.new) if entry.last is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None


def replace(repair: Repair, what: Replacement, fence: int) -> int:
    """Takes the offsets of `what` out of the table, its objects out of the ledger, and loads them again: all, or nothing.

    Returns how many rows were taken out. What is in between is deleted too where no object of the ledger holds it.
    Raises Contradiction, FileRefused, BatchRefused, those of AGAIN, and what the session raises, with everything rolled back.
    """
    session, chain = repair.session, what.chain
    deleted = 0
    with transaction.alone(session, fence, repair.new_holder()):
        _unchanged(session, what)
        if what.offsets:
            if other := marks.overlapping(session, chain, what.offsets, what.keys):
                raise Contradiction(f"{what.keys[0]} to {what.keys[1]} cover offsets {what.offsets[0]} to {what.offsets[1]}, and so does {other.key}")
            repair.go_on()
            deleted = marks.delete_rows(session, chain, *what.offsets)
        if what.old and marks.remove(session, chain, *what.keys, what.status) != len(what.old):
            raise Stale
        transaction.copy(session, repair.stage, what.new, repair.go_on)
        ledger.add(session, what.new)
    return deleted


def _unchanged(session: Session, what: Replacement) -> None:
    there = marks.between(session, what.chain, *what.keys)
    added = {entry.key for entry in what.new} - {entry.key for entry in what.old}
    if [entry for entry in there if entry.status == what.status] != what.old or added & {entry.key for entry in there}:
        raise Stale

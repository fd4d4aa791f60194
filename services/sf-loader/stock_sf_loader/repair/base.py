"""The common part of all repairs: resources, retries, and the transaction that loads objects again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from stock_common import retry
from stock_objects.chain import Chain
from stock_sf_loader.load import ledger, transaction
from stock_sf_loader.load.ledger import Entry, Session
from stock_sf_loader.load.resources import Resources
from stock_sf_loader.load.transaction import LeaseLost, Stale
from stock_sf_loader.repair import ledger_rows
from stock_warehouse.errors import LockTimeout, UnknownOutcome, WarehouseUnavailable

POLICY = retry.Policy(first=1.0, longest=30.0, attempts=6)
"""The running loader may be first several times in a row."""
RETRYABLE = (Stale, LeaseLost, LockTimeout, UnknownOutcome, WarehouseUnavailable)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Repair(Resources):
    """Resources for a command that a person watches.

    wait: sleeps up to so many seconds and returns True when the process is to stop.
    tell: takes a line for that person.
    """

    wait: Callable[[float], bool]
    tell: Callable[[str], None]

    def retried(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, which is called again in a new session while another loader gets in between.

        `work` begins with the reading of the ledger. It must be repeatable, even when its COMMIT took place
        and the answer was lost. Raises one of RETRYABLE after the last attempt.
        """

        def attempt() -> Result:
            self.go_on()
            try:
                return work()
            except RETRYABLE:
                self.session.close()
                raise

        return retry.call(
            attempt,
            POLICY,
            retryable=RETRYABLE,
            wait=self.wait,
            on_retry=lambda error, _: self.tell(f"another try, because: {error}"),
        )


class Contradiction(Exception):
    """The ledger has the same offsets elsewhere. A person must decide which object holds them."""


class Replacement(NamedTuple):
    """`new` entries in the place of `old` ones.

    old: all rows of `status` that the ledger has between the least and the greatest key of both lists.
    """

    chain: Chain
    status: str
    old: list[Entry]
    new: list[Entry]

    @property
    def keys(self) -> tuple[str, str]:
        """The least and the greatest."""
        names = [entry.key for entry in (*self.old, *self.new)]
        return min(names), max(names)

    @property
    def offsets(self) -> tuple[int, int] | None:
        """The first and the last, None when no entry has a place in the chain."""
        entries = (*self.old, *self.new)
        firsts = [entry.first for entry in entries if entry.first is not None]
        lasts = [entry.last for entry in entries if entry.last is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None


def replace(repair: Repair, what: Replacement, fence: int) -> int:
    """Removes the rows of `what` from table and ledger and loads its objects again, in one transaction.

    Returns how many rows of the table were removed. Rows between the entries go too where the ledger has no
    object for them.
    Raises Contradiction, FileRefused, BatchRefused, those of RETRYABLE, and what the session raises, with
    everything rolled back.
    """
    session, chain = repair.session, what.chain
    deleted = 0
    with transaction.alone(session, fence, repair.new_holder()):
        _check_unchanged(session, what)
        if what.offsets:
            _check_free(session, what, what.offsets)
            repair.go_on()
            deleted = ledger_rows.delete_rows(session, chain, *what.offsets)
        if what.old and ledger_rows.remove(session, chain, *what.keys, what.status) != len(what.old):
            raise Stale
        transaction.copy(session, repair.stage, what.new, repair.go_on)
        ledger.add(session, what.new)
    return deleted


def _check_unchanged(session: Session, what: Replacement) -> None:
    held = ledger_rows.between(session, what.chain, *what.keys)
    added = {entry.key for entry in what.new} - {entry.key for entry in what.old}
    is_unchanged = [entry for entry in held if entry.status == what.status] == what.old
    if not is_unchanged or added & {entry.key for entry in held}:
        raise Stale


def _check_free(session: Session, what: Replacement, offsets: tuple[int, int]) -> None:
    if other := ledger_rows.overlapping(session, what.chain, offsets, what.keys):
        raise Contradiction(
            f"{what.keys[0]} to {what.keys[1]} cover offsets {offsets[0]} to {offsets[1]},"
            f" and so does {other.key}"
        )

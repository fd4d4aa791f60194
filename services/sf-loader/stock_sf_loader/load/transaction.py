"""The one transaction: lease, ledger, COPY, ledger rows.

It is the whole of the guarantee. Nothing else belongs in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from stock_sf_loader.load import copy_into, ledger
from stock_sf_loader.load.ledger import Entry, LedgerState, Session
from stock_sf_loader.load.plan import fits
from stock_warehouse.errors import StatementError, StatementFailed


class Stale(Exception):
    """The ledger has changed since the batch was planned. Only a new session is sure to see how."""

    def __init__(self) -> None:
        super().__init__("the ledger has moved on")


class LeaseLost(Exception):
    """The server ended the transaction while this process stood still. Later statements are in another."""


class Stopped(Exception):
    """The process is to end. No further step is begun."""


def load(
    session: Session,
    stage: str,
    entries: Sequence[Entry],
    since: LedgerState,
    holder: str,
    go_on: Callable[[], None],
) -> None:
    """Puts the rows of `entries` into their tables and `entries` into the ledger, both or neither.

    entries: at most FILES_LIMIT, in chain order. They follow on `since`, which this session has read.
    holder: must be new for each call.
    go_on: called before each statement that can take long.

    Raises LockTimeout, WarehouseUnavailable, StatementError, FatalError, Stale, LeaseLost, FileRefused,
    BatchRefused, and whatever `go_on` raises, with everything rolled back.
    Raises UnknownOutcome when it is not known whether COMMIT took place: read the ledger.
    """
    with alone(session, since.fence, holder):
        if not fits(entries, ledger.read(session, since)):
            raise Stale
        copy(session, stage, entries, go_on)
        go_on()
        ledger.add(session, entries)


@contextmanager
def alone(session: Session, fence: int, holder: str) -> Iterator[None]:
    """A transaction in which nobody else changes tables or ledger, or has since this session read `fence`.

    `holder` must be new for each. Raises LockTimeout, Stale, LeaseLost, UnknownOutcome and what the session
    raises.
    """
    with session.transaction():
        # The first statement is a write of the lease row. Whoever gets past it is alone.
        # The fence shows whether anybody has written since, even if this session cannot see the write.
        if ledger.take_lease(session, holder) != fence + 1:
            raise Stale
        yield
        # The server may have rolled back while the session went on. With autocommit off, the statements
        # after that are in a new transaction, which does not hold the lease.
        if not ledger.holds_lease(session, holder):
            raise LeaseLost


def copy(session: Session, stage: str, entries: Sequence[Entry], go_on: Callable[[], None]) -> None:
    """Puts the rows of `entries` into their tables, in the open transaction.

    `go_on` is called before each COPY. Raises FileRefused, BatchRefused and what the session raises.
    """
    for topic, rows in _by_topic(entries).items():
        go_on()
        _copy(session, topic, stage, rows)


def _by_topic(entries: Sequence[Entry]) -> dict[str, dict[str, int]]:
    topics: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry.is_copied:
            topics.setdefault(entry.chain.topic, {})[entry.key] = entry.rows
    return topics


def _copy(session: Session, topic: str, stage: str, rows: dict[str, int]) -> None:
    names = list(rows)
    try:
        answer = session.query(copy_into.statement(topic, stage, names))
    except StatementError as error:
        raise copy_into.refusal(error, names) from error
    except StatementFailed as error:
        raise copy_into.BatchRefused(str(error)) from error
    copy_into.check(answer, rows)

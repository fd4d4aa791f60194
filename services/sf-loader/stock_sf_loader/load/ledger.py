"""The ledger RAW.LOADED_FILES and the lease RAW.LOADER_LEASE: statements and the reading of their answers.

The ledger alone decides what is loaded. The lock of the lease row lets one loader work at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from stock_common.ledger import LOADED
from stock_common.printable import printable
from stock_common.run import FatalError
from stock_objects.chain import Chain
from stock_sf_loader.load.ledger_sql import ADD, READ_LEASE, READ_NEWEST, READ_STRAYS, READ_TAILS, TAKE_LEASE

REASON_LENGTH = 2048
SETTLED = timedelta(hours=1)
"""No new row gets a time older than the newest by this much, whatever the machines' clocks differ by."""
KEPT = timedelta(days=1)
"""The settled part is read again after this time, so that the part after it stays small."""
LONG_AGO, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
NO_LEASE = (
    "RAW.LOADER_LEASE has {} rows named loader where one must be:"
    " run `stock-sf-loader migrate`, or delete the surplus."
)


class Session(Protocol):
    """The part of a warehouse session that the loader uses. stock_warehouse.session.Warehouse has it."""

    @property
    def statement_seconds(self) -> float: ...
    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...
    def execute(self, sql: str, params: Sequence[Any] = ()) -> int: ...
    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int: ...
    def transaction(self) -> AbstractContextManager[None]: ...
    def close(self) -> None: ...


class Entry(NamedTuple):
    """One row of the ledger.

    first, last: the object's offsets, None for an object without a place in its chain.
    size: bytes. modified: when the object was put.
    """

    chain: Chain
    key: str
    etag: str
    size: int
    modified: datetime
    first: int | None
    last: int | None
    rows: int
    rejected: int
    holes: int
    lost: int
    status: str
    reason: str | None = None

    @property
    def is_stray(self) -> bool:
        """Whether it has no place in its chain."""
        return self.first is None and self.last is None

    @property
    def is_copied(self) -> bool:
        """Whether its rows go into the table. A link without rows is only written into the ledger."""
        return self.status == LOADED and self.rows > 0


class Tail(NamedTuple):
    """The end of one chain in the ledger: its last offset and the key. Counts are of the whole chain."""

    last: int
    key: str
    rows: int = 0
    quarantined: int = 0
    loaded_at: datetime | None = None


class Part(NamedTuple):
    """What some rows of the ledger say.

    unsound: chain → how many rows no loader can have written, and the key of one. They decide nothing.
    """

    tails: Mapping[Chain, Tail]
    unsound: Mapping[Chain, tuple[int, str]] = MappingProxyType({})


class Settled(NamedTuple):
    """The part of the rows that were written before `before`."""

    before: datetime
    part: Part


class LedgerState(NamedTuple):
    """The ledger at one moment.

    strays: keys of the objects without a place in a chain.
    fence: the lease's number. Every transaction raises it by one.
    unsound: the rows that no loader can have written, as in Part.
    etags: those of the strays when they were quarantined, by key.
    """

    tails: Mapping[Chain, Tail]
    strays: frozenset[str]
    fence: int = 0
    settled: Settled | None = None
    unsound: Mapping[Chain, tuple[int, str]] = MappingProxyType({})
    etags: Mapping[str, str | None] = MappingProxyType({})

    @property
    def quarantined(self) -> int:
        return len(self.strays) + sum(tail.quarantined for tail in self.tails.values())


def read(session: Session, since: LedgerState | None = None) -> LedgerState:
    """The ledger as the session sees it.

    By default (READ_CONSISTENCY_MODE = SESSION) Snowflake may hide a commit from another session that was
    already open. A session that begins after the commit sees it. The fence is read before the ledger. So the
    ledger may be newer than its fence, but never older.

    since: the ledger as read before a transaction of this same session. If the fence shows that no other
    session has written since, only the recent rows are read again. The ledger has a row for every object
    there ever was, and a load must not take longer for them.
    """
    fence = _lease(session)[1]
    settled = since.settled if since and fence == since.fence + 1 else None
    if settled is None:
        newest = session.query(READ_NEWEST)[0]["loaded_at"]
        before = newest - SETTLED if newest else LONG_AGO
        settled = Settled(before, _part(session, LONG_AGO, before) if newest else Part({}))
    tails, unsound = _joined(settled.part, _part(session, settled.before, NEVER))
    etags = {row["object_key"]: row["etag"] for row in session.query(READ_STRAYS)}
    newest = max((tail.loaded_at for tail in tails.values() if tail.loaded_at), default=settled.before)
    keep = newest < settled.before + SETTLED + KEPT
    return LedgerState(tails, frozenset(etags), fence, settled if keep else None, unsound, etags)


def _part(session: Session, begin: datetime, end: datetime) -> Part:
    """The rows that were written from `begin` on and before `end`."""
    tails: dict[Chain, Tail] = {}
    unsound: dict[Chain, tuple[int, str]] = {}
    for row in session.query(READ_TAILS, (begin, end)):
        chain = Chain(row["topic"], row["topic_id"], int(row["kafka_partition"]))
        if row["is_sound"]:
            tails[chain] = Tail(
                int(row["last_offset"]),
                row["object_key"],
                int(row["row_count"]),
                int(row["quarantined"]),
                row["loaded_at"],
            )
        else:
            unsound[chain] = int(row["files"]), row["object_key"]
    return Part(tails, unsound)


def _joined(settled: Part, lately: Part) -> Part:
    tails, unsound = dict(settled.tails), dict(settled.unsound)
    for chain, tail in lately.tails.items():
        old = tails.get(chain)
        # By offset, not by time: a retried object has a recent time and its old place in the chain.
        end = tail if old is None or tail.last > old.last else old
        rows, quarantined = (old.rows, old.quarantined) if old else (0, 0)
        tails[chain] = Tail(
            end.last, end.key, rows + tail.rows, quarantined + tail.quarantined, tail.loaded_at
        )
    for chain, (count, key) in lately.unsound.items():
        unsound[chain] = count + unsound.get(chain, (0, ""))[0], key
    return Part(tails, unsound)


def add(session: Session, entries: Sequence[Entry]) -> None:
    """Writes one row for each entry. Raises RuntimeError if the warehouse reports another number of rows."""
    # Array binding takes one type for each column, and entries without a place have no offsets.
    for placed in (True, False):
        rows = [_row(entry) for entry in entries if (entry.last is not None) is placed]
        if rows and (written := session.execute_many(ADD, rows)) != len(rows):
            raise RuntimeError(f"the ledger took {written} of {len(rows)} rows")


def take_lease(session: Session, holder: str) -> int:
    """Takes the lock of the lease row until the transaction ends, and returns the fence.

    The fence is one more than what the last transaction committed, because an UPDATE works on the newest row.
    Raises LockTimeout when another loader has the lock.
    """
    if (changed := session.execute(TAKE_LEASE, (holder,))) != 1:
        raise FatalError(NO_LEASE.format(changed))
    return _lease(session)[1]


def holds_lease(session: Session, holder: str) -> bool:
    """Whether this transaction has taken the lease. `holder` must be a new name for each transaction."""
    return _lease(session)[0] == holder


def _lease(session: Session) -> tuple[str | None, int]:
    rows = session.query(READ_LEASE)
    if len(rows) != 1:
        raise FatalError(NO_LEASE.format(len(rows)))
    return rows[0]["holder"], int(rows[0]["fence"])


def _row(entry: Entry) -> tuple[Any, ...]:
    reason = printable(entry.reason, REASON_LENGTH) if entry.reason else None
    counts = (entry.first, entry.last, entry.rows, entry.rejected, entry.holes, entry.lost)
    return (*entry.chain, *counts, entry.key, entry.etag, entry.status, reason, entry.modified)

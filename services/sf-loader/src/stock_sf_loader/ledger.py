"""RAW.LOADED_FILES, which alone says what is loaded, and RAW.LOADER_LEASE, whose lock lets one loader in at a time. SQL text and its reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from stock_common.run import FatalError
from stock_objects.chain import Chain

LOADED = "loaded"
QUARANTINED = "quarantined"
PRUNED = "pruned"
REASON_LENGTH = 2048
SETTLED = timedelta(hours=1)
"""Nothing is ledgered under a time so much older than the newest there is, whatever the clocks of a warehouse's machines are apart."""
KEPT = timedelta(days=1)
"""After so long what is kept of the settled part is read anew, so that the rest stays small."""
LONG_AGO, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
NO_LEASE = "RAW.LOADER_LEASE has {} rows named loader where one must be: run `stock-sf-loader migrate`, or delete the surplus."

TAKE_LEASE = "UPDATE RAW.LOADER_LEASE SET HOLDER = ?, FENCE = FENCE + 1, ACQUIRED_AT = CURRENT_TIMESTAMP() WHERE NAME = 'loader'"
READ_LEASE = "SELECT HOLDER, FENCE FROM RAW.LOADER_LEASE WHERE NAME = 'loader'"
READ_NEWEST = "SELECT MAX(LOADED_AT) AS LOADED_AT FROM RAW.LOADED_FILES"
READ_TAILS = """\
SELECT TOPIC, TOPIC_ID, KAFKA_PARTITION,
  MAX(LAST_OFFSET) AS LAST_OFFSET,
  MAX_BY(OBJECT_KEY, LAST_OFFSET) AS OBJECT_KEY,
  SUM(IFF(STATUS = 'loaded', ROW_COUNT, 0)) AS ROW_COUNT,
  SUM(IFF(STATUS = 'quarantined', 1, 0)) AS QUARANTINED,
  MAX(LOADED_AT) AS LOADED_AT
FROM RAW.LOADED_FILES
WHERE LAST_OFFSET IS NOT NULL AND LOADED_AT >= ? AND LOADED_AT < ?
GROUP BY TOPIC, TOPIC_ID, KAFKA_PARTITION"""
READ_STRAYS = "SELECT OBJECT_KEY FROM RAW.LOADED_FILES WHERE LAST_OFFSET IS NULL"
ADD = """\
INSERT INTO RAW.LOADED_FILES (
  TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST, OBJECT_KEY, ETAG, STATUS, REASON, OBJECT_TIME
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Session(Protocol):
    """What the loader needs of a warehouse: stock_warehouse.session.Warehouse has it."""

    @property
    def statement_seconds(self) -> float: ...
    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...
    def execute(self, sql: str, params: Sequence[Any] = ()) -> int: ...
    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int: ...
    def transaction(self) -> AbstractContextManager[None]: ...
    def close(self) -> None: ...


class Entry(NamedTuple):
    """One object as the ledger is to have it. `first` and `last` are None for an object without a place in the chain."""

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
    def is_copied(self) -> bool:
        """Whether its rows are to go into the table; a link without rows is only ledgered."""
        return self.status == LOADED and self.rows > 0


class Tail(NamedTuple):
    """Where one chain stands in the ledger: its last offset and the key that holds it; counts are of the whole chain."""

    last: int
    key: str
    rows: int = 0
    quarantined: int = 0
    loaded_at: datetime | None = None


class Settled(NamedTuple):
    """What the ledger says of the objects that were decided before `before`."""

    before: datetime
    tails: Mapping[Chain, Tail]


class LedgerState(NamedTuple):
    """`strays` are the keys of the objects without a place in a chain; `fence` is the lease's, which every transaction raises by one."""

    tails: Mapping[Chain, Tail]
    strays: frozenset[str]
    fence: int = 0
    settled: Settled | None = None

    @property
    def quarantined(self) -> int:
        return len(self.strays) + sum(tail.quarantined for tail in self.tails.values())


def read(session: Session, since: LedgerState | None = None) -> LedgerState:
    """The ledger as the session sees it.

    A session need not see at once what another has committed (READ_CONSISTENCY_MODE is SESSION by default): only a session that began later must.
    The fence is read first, so a ledger that is newer than its fence is possible, an older one is not.

    `since` is what was read before a transaction of this session's own. Where the fence says that nobody else was here, only what was decided
    lately is read again: the ledger has a row for each object there ever was, and a load is not to take longer for them.
    """
    fence = _lease(session)[1]
    settled = since.settled if since and fence == since.fence + 1 else None
    if settled is None:
        newest = session.query(READ_NEWEST)[0]["loaded_at"]
        before = newest - SETTLED if newest else LONG_AGO
        settled = Settled(before, _tails(session, LONG_AGO, before) if newest else {})
    tails = _joined(settled.tails, _tails(session, settled.before, NEVER))
    strays = frozenset(row["object_key"] for row in session.query(READ_STRAYS))
    newest = max((tail.loaded_at for tail in tails.values() if tail.loaded_at), default=settled.before)
    return LedgerState(tails, strays, fence, settled if newest < settled.before + SETTLED + KEPT else None)


def _tails(session: Session, begin: datetime, end: datetime) -> dict[Chain, Tail]:
    """By what was decided from `begin` on and before `end`."""
    return {
        Chain(row["topic"], row["topic_id"], int(row["kafka_partition"])): Tail(
            int(row["last_offset"]), row["object_key"], int(row["row_count"]), int(row["quarantined"]), row["loaded_at"]
        )
        for row in session.query(READ_TAILS, (begin, end))
    }


def _joined(settled: Mapping[Chain, Tail], lately: Mapping[Chain, Tail]) -> dict[Chain, Tail]:
    tails = dict(settled)
    for chain, tail in lately.items():
        old = tails.get(chain)
        # By offset, not by time: an object that was tried again is decided lately, but stands where it always stood.
        end = tail if old is None or tail.last > old.last else old
        rows, quarantined = (old.rows, old.quarantined) if old else (0, 0)
        tails[chain] = Tail(end.last, end.key, rows + tail.rows, quarantined + tail.quarantined, tail.loaded_at)
    return tails


def add(session: Session, entries: Sequence[Entry]) -> None:
    """One row an entry. Raises RuntimeError when the warehouse says that it wrote another number of rows."""
    # Array binding wants one type a column, so entries with and without a place go apart.
    for placed in (True, False):
        rows = [_row(entry) for entry in entries if (entry.last is not None) is placed]
        if rows and (written := session.execute_many(ADD, rows)) != len(rows):
            raise RuntimeError(f"the ledger took {written} of {len(rows)} rows")


def take_lease(session: Session, holder: str) -> int:
    """Takes the lock of the lease row until the transaction ends, and returns the fence. Raises LockTimeout when another loader has it.

    The fence is one more than what the last transaction committed: an UPDATE that has the lock works on the newest row.
    """
    if (changed := session.execute(TAKE_LEASE, (holder,))) != 1:
        raise FatalError(NO_LEASE.format(changed))
    return _lease(session)[1]


def holds_lease(session: Session, holder: str) -> bool:
    """Whether this very transaction has taken the lease. `holder` must be new for each transaction."""
    return _lease(session)[0] == holder


def _lease(session: Session) -> tuple[str | None, int]:
    rows = session.query(READ_LEASE)
    if len(rows) != 1:
        raise FatalError(NO_LEASE.format(len(rows)))
    return rows[0]["holder"], int(rows[0]["fence"])


def _row(entry: Entry) -> tuple[Any, ...]:
    reason = entry.reason[:REASON_LENGTH] if entry.reason else None
    counts = (entry.first, entry.last, entry.rows, entry.rejected, entry.holes, entry.lost)
    return (*entry.chain, *counts, entry.key, entry.etag, entry.status, reason, entry.modified)

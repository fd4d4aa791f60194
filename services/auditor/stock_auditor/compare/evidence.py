"""What an audit reads of one chain, stage by stage, before anything is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from stock_auditor.compare.findings import ACCEPTABLE, Finding
from stock_auditor.compare.offset_ranges import OffsetRange
from stock_common.ledger import LOADED, QUARANTINED
from stock_common.links import Link
from stock_objects.chain import Chain


class Log(NamedTuple):
    """One partition's log in Kafka.

    first: the first offset that is still there.
    end: the end offset, which is the next to be written.
    due: the records before this offset are so old that they must be on S3.
    """

    first: int
    end: int
    due: int


class Probe(NamedTuple):
    """What a new consumer is given of a log from the chain's end on.

    begin: where it began to read.
    clear_to: the offset of the first record, or of what cannot be read. No record is before this offset: the
        log has a transaction's markers there, or the records of an aborted one.
    fault: why it cannot be read, empty where it can.
    """

    begin: int
    clear_to: int
    fault: str = ""


class Readable(NamedTuple):
    """What a new consumer is given of a range of the log.

    records: how many there are. Those that were sent again since are not among them.
    fault: why the range cannot be read, empty where it can.
    """

    records: int
    fault: str = ""


class Rewritten(NamedTuple):
    """Kafka has another record at the end of `link` than the sink read: one of a later leader epoch."""

    link: Link
    epoch: int


class Stored(NamedTuple):
    """One object as S3 lists it.

    link: what it covers. This is from its metadata, or from the ledger where that has it under the same ETag.
        None: the object is no link.
    fault: why it is no link, as words that follow the key ("has no metadata").
    """

    key: str
    etag: str
    modified: datetime
    link: Link | None
    fault: str = ""


class LedgerRow(NamedTuple):
    """One row of RAW.LOADED_FILES. `first` and `last` are -1 for a quarantined object without a range."""

    key: str
    first: int
    last: int
    rows: int
    rejected: int = 0
    holes: int = 0
    lost: int = 0
    etag: str = ""
    status: str = LOADED
    reason: str = ""

    @property
    def range(self) -> OffsetRange:
        return OffsetRange(self.first, self.last)

    @property
    def counts(self) -> tuple[int, int, int, int, int, int]:
        return (self.first, self.last, self.rows, self.rejected, self.holes, self.lost)


def held_rows(ledger: Iterable[LedgerRow]) -> list[LedgerRow]:
    """The rows of objects that were loaded: all but the quarantined ones."""
    return [row for row in ledger if row.status != QUARANTINED]


class Run(NamedTuple):
    """Offsets without a gap, each of them in `copies` rows of the table."""

    first: int
    last: int
    copies: int = 1

    @property
    def range(self) -> OffsetRange:
        return OffsetRange(self.first, self.last)


class Totals(NamedTuple):
    """The table's rows of one chain.

    offsets: how many different offsets they have.
    first, last: the least and the greatest offset, -1 without rows.
    """

    rows: int
    offsets: int
    first: int = -1
    last: int = -1


class Reading(NamedTuple):
    """Ledger and table of one chain as one statement saw them, from an offset on.

    ledger: in order of first offset.
    runs: None where only `totals` were asked for.
    resent: how many events are there at several offsets.
    """

    ledger: tuple[LedgerRow, ...] = ()
    totals: Totals = Totals(0, 0)
    runs: tuple[Run, ...] | None = None
    resent: int = 0


class Checkpoint(NamedTuple):
    """Up to where a chain was found equal in all stages, and what it held. A later audit goes on from here.

    next: the first offset that is not covered, -1 when the chain has not begun.
    key: the last link before it.
    """

    next: int = -1
    key: str | None = None
    rows: int = 0
    rejected: int = 0
    holes: int = 0
    lost: int = 0
    resent: int = 0
    warnings: tuple[str, ...] = ()


START = Checkpoint()


class Evidence(NamedTuple):
    """Everything that the stages hold of one chain after the checkpoint `since`.

    log: None when Kafka no longer has the topic id.
    reading: None before the warehouse was asked.
    now: the time of the reading, aware.
    limit: up to this age in seconds an offset may be in flight. With 0 nothing may be.
    accepted: the findings that an operator has accepted, as text → why.
    probe: None where nobody read after the chain's end.
    readable: key → what Kafka has of a link's range, for links with holes of which it has the whole range.
    rewritten: None where Kafka has the record that the sink read at the chain's end.
    """

    chain: Chain
    since: Checkpoint
    log: Log | None
    objects: tuple[Stored, ...]
    reading: Reading | None
    now: datetime
    limit: float
    accepted: Mapping[str, str] = MappingProxyType({})
    probe: Probe | None = None
    readable: Mapping[str, Readable] = MappingProxyType({})
    rewritten: Rewritten | None = None

    def accepts(self, finding: Finding) -> bool:
        return finding.kind in ACCEPTABLE and str(finding) in self.accepted

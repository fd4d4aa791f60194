"""What an audit reads of one chain, stage by stage, before anything is compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from stock_auditor.findings import ACCEPTABLE, Finding
from stock_auditor.spans import Span
from stock_common.links import Link
from stock_objects.chain import Chain

LOADED = "loaded"
PRUNED = "pruned"
QUARANTINED = "quarantined"


class Log(NamedTuple):
    """One partition in Kafka: the first offset that is still there, the end offset (the next to be written), and `due`:

    the records before this offset are older than an offset may be without being on S3.
    """

    first: int
    end: int
    due: int


class Stored(NamedTuple):
    """One object as S3 lists it. `link` is what it covers, by its metadata or, ledgered under the same ETag, by the ledger.

    None: it is no link, for the reason in `fault`, which goes on from the key ("has no metadata").
    """

    key: str
    etag: str
    modified: datetime
    link: Link | None
    fault: str = ""


class LedgerRow(NamedTuple):
    """One row of RAW.LOADED_FILES. `first` and `last` are -1 for a quarantined object that does not tell its range."""

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
    def span(self) -> Span:
        return Span(self.first, self.last)

    @property
    def counts(self) -> tuple[int, int, int, int, int, int]:
        return (self.first, self.last, self.rows, self.rejected, self.holes, self.lost)


class Run(NamedTuple):
    """Offsets without a gap, each of them in `copies` rows of the table."""

    first: int
    last: int
    copies: int = 1


class Totals(NamedTuple):
    """The table's rows of one chain: how many, of how many offsets, the least and the greatest offset (-1 without rows)."""

    rows: int
    offsets: int
    first: int = -1
    last: int = -1


class Reading(NamedTuple):
    """Ledger and table of one chain as ONE statement saw them, from an offset on.

    `ledger` is in order of first offset. `runs` is None where only `totals` were asked for. `resent` counts events at several offsets.
    """

    ledger: tuple[LedgerRow, ...] = ()
    totals: Totals = Totals(0, 0)
    runs: tuple[Run, ...] | None = None
    resent: int = 0


class Checkpoint(NamedTuple):
    """Up to where a chain was found equal in all stages, and what it held: a later audit goes on from here.

    `next` is the first offset that is not covered (-1: the chain has not begun), `key` the last link before it.
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
    """All of one chain behind `since`. `log` is None when Kafka no longer has the topic id; `reading` is None before the warehouse was asked.

    `limit` is the age in seconds up to which an offset may be on its way (0: the pipeline is drained), `now` is aware. `accepted` are the
    findings that an operator has accepted: text → why.
    """

    chain: Chain
    since: Checkpoint
    log: Log | None
    objects: tuple[Stored, ...]
    reading: Reading | None
    now: datetime
    limit: float
    accepted: Mapping[str, str] = MappingProxyType({})

    def accepts(self, finding: Finding) -> bool:
        return finding.kind in ACCEPTABLE and str(finding) in self.accepted

"""One partition's chain in memory, in all stages, to be corrupted by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from stock_auditor.compare.chain import compare
from stock_auditor.compare.evidence import (
    START,
    Checkpoint,
    Evidence,
    LedgerRow,
    Log,
    Reading,
    Run,
    Stored,
    Totals,
)
from stock_auditor.compare.findings import Kind
from stock_common.keys import ObjectKey
from stock_common.ledger import LOADED
from stock_common.links import Link
from stock_objects.chain import Chain

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CHAIN = Chain("stock-data", "0" * 31 + "1", 0)
LIMIT = 600.0
OLD = NOW - timedelta(seconds=LIMIT + 1)


def link(
    first: int,
    rows: int,
    rejected: int = 0,
    holes: int = 0,
    lost: int = 0,
    hour: int = 9,
    chain: Chain = CHAIN,
) -> Link:
    """The link that begins at `first`."""
    key = ObjectKey(*chain, datetime(2026, 11, 23, hour, tzinfo=UTC), first)
    return Link(
        key, first + rows + rejected + holes + lost - 1, rows, rejected, holes, lost, "stock-quote/1", 0
    )


def row_offsets(of: Link) -> range:
    """The offsets of a link's rows: what was lost, rejected or never delivered comes first."""
    return range(of.last - of.rows + 1, of.last + 1)


class World:
    """`links` are on S3. The first `loaded` of them are in the warehouse. Kafka's log holds `log`.

    holes: the offsets of the log that hold no record.
    broken: nothing can be read from this offset on.
    found: what reading the log itself found, for `evidence`.
    """

    def __init__(
        self, links: Iterable[Link], loaded: int | None = None, log: Log | None = None, chain: Chain = CHAIN
    ) -> None:
        self.chain = chain
        self.objects: dict[str, Stored] = {}
        self.ledger: dict[str, LedgerRow] = {}
        self.table: Counter[int] = Counter()
        self.heads = 0
        links = list(links)
        for each in links:
            self.put(each)
        for each in links[:loaded]:
            self.load(each)
        end = max((each.last + 1 for each in links), default=0)
        self.log: Log | None = log or Log(0, end, 0)
        self.holes: set[int] = {
            offset for each in links for offset in range(each.first, each.first + each.holes)
        }
        self.broken: int | None = None
        self.found: dict[str, Any] = {}

    def put(self, each: Link, etag: str = "", modified: datetime = NOW) -> None:
        self.objects[str(each.key)] = Stored(
            str(each.key), etag or f"etag-{each.first}-{each.last}", modified, each
        )

    def load(self, each: Link, status: str = LOADED) -> None:
        stored = self.objects[str(each.key)]
        counts = (each.first, each.last, each.rows, each.rejected, each.holes, each.lost)
        self.ledger[stored.key] = LedgerRow(stored.key, *counts, stored.etag, status)
        if status == LOADED:
            self.table.update(row_offsets(each))

    def reading(self, since: int = -1, runs: bool = True) -> Reading:
        table = {offset: copies for offset, copies in self.table.items() if offset >= since and copies}
        totals = Totals(sum(table.values()), len(table), min(table, default=-1), max(table, default=-1))
        ledger = tuple(row for row in self.ledger.values() if row.first >= since or row.first < 0)
        return Reading(ledger, totals, runs_of(table) if runs else None)

    def evidence(self, since: Checkpoint = START, limit: float = LIMIT, runs: bool = True) -> Evidence:
        objects = tuple(sorted(item for item in self.objects.values() if item.key > (since.key or "")))
        reading = self.reading(since.next, runs)
        evidence = Evidence(self.chain, since, self.log, objects, reading, NOW, limit)
        return evidence._replace(**self.found)


def accepting(evidence: Evidence, *kinds: Kind) -> Evidence:
    """The evidence with every finding of these kinds accepted."""
    return evidence._replace(
        accepted={str(finding): "known" for finding in compare(evidence).findings if finding.kind in kinds}
    )


def runs_of(table: dict[int, int]) -> tuple[Run, ...]:
    runs = []
    for copies in set(table.values()):
        offsets = sorted(offset for offset, count in table.items() if count == copies)
        for _, group in groupby(enumerate(offsets), key=lambda pair: pair[1] - pair[0]):
            island = [offset for _, offset in group]
            runs.append(Run(island[0], island[-1], copies))
    return tuple(runs)

"""Reads ledger and tables from Snowflake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from stock_auditor.compare.evidence import LedgerRow, Reading, Run, Totals, held_rows
from stock_auditor.compare.ledger_table import agrees
from stock_auditor.compare.offset_ranges import OffsetRange, merge
from stock_auditor.stages import sql
from stock_common.ledger import QUARANTINED
from stock_objects.chain import Chain

RANGE_OFFSETS = 250_000
"""Offsets of the table that one statement reads. Its answer is small even if every second offset is gone."""


class Session(Protocol):
    """What reading needs of `stock_warehouse.session.Warehouse`."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...


class WarehouseReader:
    """Raises what the session raises: WarehouseError for a reason that passes, FatalError otherwise."""

    def __init__(self, session: Session, range_offsets: int = RANGE_OFFSETS) -> None:
        self._session = session
        self._range_offsets = range_offsets

    def chains(self, topic: str) -> set[Chain]:
        """The chains that the ledger or the table knows."""
        rows = self._session.query(sql.chains(topic), (topic,))
        return {Chain(topic, row["topic_id"], int(row["kafka_partition"])) for row in rows}

    def quarantined(self) -> list[tuple[str, str]]:
        """(key, reason) of every quarantined object."""
        return [(row["object_key"], row["reason"] or "") for row in self._session.query(sql.quarantined())]

    def resent_across(self, topic: str) -> dict[Chain, int]:
        """How many events of the topic are in several chains. Each is counted for one of them."""
        rows = self._session.query(sql.resent_across(topic))
        places = [(row["chain"].split("/"), int(row["events"])) for row in rows]
        return {Chain(topic, topic_id, int(partition)): events for (topic_id, partition), events in places}

    def read(self, chain: Chain, since: int, by_range: bool) -> Reading:
        """The chain from the offset `since` on (-1: from its start).

        The table is read by totals. It is read by offsets too where the totals differ from the ledger, and
        with `by_range`.
        """
        begin = max(0, since)
        rows = self._session.query(sql.totals(chain.topic), sql.totals_binds(*chain, begin))
        reading = _totals(rows)
        held = held_rows(reading.ledger)
        if not by_range and agrees(held, reading.totals):
            return reading
        return self._by_range(chain, begin, reading)

    def offsets(self, chain: Chain, first: int, last: int) -> list[OffsetRange]:
        """The offsets of a range that are rows in the table."""
        rows = self._session.query(sql.runs(chain.topic), sql.runs_binds(*chain, first, last + 1))
        return merge(OffsetRange(int(row["a"]), int(row["b"])) for row in _of_kind(rows, "run"))

    def _by_range(self, chain: Chain, begin: int, reading: Reading) -> Reading:
        ledger = {row.key: row for row in reading.ledger if row.status == QUARANTINED}
        runs: list[Run] = []
        for first, end in _ranges(reading.ledger, begin, self._range_offsets):
            rows = self._session.query(sql.runs(chain.topic), sql.runs_binds(*chain, first, end))
            ledger |= {row.key: row for row in map(_ledger_row, _of_kind(rows, "file"))}
            runs += [Run(int(row["a"]), int(row["b"]), int(row["c"])) for row in _of_kind(rows, "run")]
        return reading._replace(ledger=tuple(ledger.values()), runs=tuple(sorted(runs)))


def _ranges(ledger: Sequence[LedgerRow], begin: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges (first, end) of about `size` offsets or more, cut where a ledgered object begins.

    The last one has no end. What is loaded between two statements lies in it, so each range is of one moment.
    """
    first = begin
    for row in sorted(ledger, key=lambda row: row.first):
        if row.first - first >= size:
            yield first, row.first
            first = row.first
    yield first, sql.NO_END


def _totals(rows: Sequence[dict[str, Any]]) -> Reading:
    ledger = tuple(_ledger_row(row) for row in _of_kind(rows, "file"))
    (total,) = _of_kind(rows, "total")
    held = Totals(int(total["c"]), int(total["d"]), _offset(total["a"]), _offset(total["b"]))
    return Reading(ledger, held, None, int(total["e"]) - int(total["f"]))


def _of_kind(rows: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def _ledger_row(row: dict[str, Any]) -> LedgerRow:
    return LedgerRow(
        row["object_key"],
        _offset(row["a"]),
        _offset(row["b"]),
        int(row["c"] or 0),
        int(row["d"] or 0),
        int(row["e"] or 0),
        int(row["f"] or 0),
        row["etag"] or "",
        row["status"],
        row["reason"] or "",
    )


def _offset(value: Any) -> int:
    return -1 if value is None else int(value)

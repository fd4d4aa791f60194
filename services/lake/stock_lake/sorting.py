"""Sorts a day's rows in bounded memory, and leaves out what repeats. What does not fit is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stock_lake.tables import Table

MEMORY = "256MB"
SCRATCH_ROWS = 65_536
"""Rows that are gathered before they are written to disk."""
BATCH_ROWS = 32_768


def sort(rows: Iterable[pa.Table], table: Table, folder: Path) -> Iterator[pa.Table]:
    """The rows in the table's order, in batches. `folder` is scratch space, as large as the rows."""
    scratch = folder / "unsorted.parquet"
    with pq.ParquetWriter(scratch, table.linked, compression="lz4", use_dictionary=False) as writer:
        for gathered in _gathered(rows):
            writer.write_table(gathered)
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(folder), "threads": 2}) as con:
        con.execute("SET TimeZone = 'UTC'")
        order = ", ".join(f'"{name}"' for name in table.order)
        found = con.sql(f"SELECT * FROM read_parquet($file) ORDER BY {order}", params={"file": str(scratch)})
        for batch in found.to_arrow_reader(BATCH_ROWS):
            yield pa.Table.from_batches([batch]).cast(table.linked)


def _gathered(rows: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    for each in rows:
        held.append(each)
        if sum(map(len, held)) >= SCRATCH_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


class Once:
    """Leaves out each row that repeats the row before it in every field of the record.

    In the table's order the rows of one event follow one another, in the order in which Kafka got them.
    resent: how many were left out so far.
    """

    def __init__(self, table: Table) -> None:
        self._names = [field.name for field in table.fields]
        self.resent = 0

    def rows(self, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        last: pa.Table | None = None
        for batch in batches:
            joined = batch if last is None else pa.concat_tables([last, batch])
            new = self._new(joined.combine_chunks())
            kept = new if last is None else new[1:]
            last = batch.slice(len(batch) - 1)
            self.resent += len(kept) - (pc.sum(kept).as_py() or 0)  # type: ignore[attr-defined]
            yield batch.filter(kept)

    def _new(self, rows: pa.Table) -> pa.Array:
        """Whether each row differs from the row before it. The first one does."""
        same = pa.repeat(True, len(rows) - 1)
        for name in self._names:
            column = rows[name].combine_chunks()
            before, after = column.slice(0, len(column) - 1), column.slice(1)
            equal = pc.fill_null(pc.equal(before, after), False)  # type: ignore[attr-defined]
            empty = pc.and_(pc.is_null(before), pc.is_null(after))  # type: ignore[attr-defined]
            same = pc.and_(same, pc.or_(equal, empty))  # type: ignore[attr-defined]
        return pa.concat_arrays([pa.array([True]), pc.invert(same)])  # type: ignore[attr-defined]


def with_day(batches: Iterable[pa.Table], table: Table, day: date) -> Iterator[pa.Table]:
    """The rows with the day's column."""
    for batch in batches:
        column = pa.repeat(pa.scalar(day, pa.date32()), len(batch))
        yield batch.append_column(table.schema.field("day"), column)

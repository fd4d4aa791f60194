"""Writes the rows of an answer: as a table, as CSV, as JSON lines, or as Parquet."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from stock_common import table
from stock_common.printable import say

MOST_ROWS = 1_000
"""Rows of a table that are shown."""
_json = msgspec.json.Encoder(decimal_format="number")


class NotWritten(Exception):
    """The format does not fit where it would go. The text says what to do."""


def as_table(rows: pa.RecordBatchReader) -> None:
    """Columns of text, up to MOST_ROWS rows. Numbers are flush right."""
    names = rows.schema.names
    shown: list[list[object]] = []
    left = next((n for n, f in enumerate(rows.schema) if not pa.types.is_string(f.type)), len(names))
    for row in _rows(rows):
        if len(shown) == MOST_ROWS:
            say(table.text([names, *shown], left))
            say(f"The first {MOST_ROWS:,} rows. --format csv has all of them.", sys.stderr)
            return
        shown.append(["" if value is None else value for value in row.values()])
    say(table.text([names, *shown], left))


def as_csv(rows: pa.RecordBatchReader) -> None:
    """With a line of names. NULL is empty."""
    options = pacsv.WriteOptions(include_header=False)
    say(",".join(f'"{name}"' for name in rows.schema.names))
    for batch in rows:
        text = io.BytesIO()
        pacsv.write_csv(batch, text, options)
        say(text.getvalue().decode().removesuffix("\n"))


def as_json(rows: pa.RecordBatchReader) -> None:
    """One object a line. Decimals are numbers, instants RFC 3339."""
    for row in _rows(rows):
        say(_json.encode(row).decode())


def as_parquet(rows: pa.RecordBatchReader, to: BinaryIO | None = None) -> None:
    """One file on standard output. Raises NotWritten where that is a terminal."""
    if to is None and sys.stdout.isatty():
        raise NotWritten(
            "Parquet is not for a terminal: write it to a file, --format parquet > rows.parquet."
        )
    with pq.ParquetWriter(to or sys.stdout.buffer, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)


def _rows(rows: pa.RecordBatchReader) -> Iterator[dict[str, object]]:
    for batch in rows:
        yield from batch.to_pylist()


FORMATS: dict[str, Callable[[pa.RecordBatchReader], None]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "parquet": as_parquet,
}

"""Writes sorted rows as Parquet: the same rows give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stock_lake.tables import Table

ROW_GROUP = 32_768
"""Rows. A symbol's rows of a day are in one or two groups, so each column costs one range read."""
MOST_BYTES = 256 * 1024 * 1024
"""From this size on the rest of the rows goes to another file."""


class Written(NamedTuple):
    """A file on disk. `sha256` is of its bytes."""

    path: Path
    sha256: str
    rows: int


def write(
    batches: Iterable[pa.Table], table: Table, folder: Path, most_bytes: int = MOST_BYTES
) -> list[Written]:
    """The files. There is none where there are no rows."""
    groups = _groups(batches)
    written: list[Written] = []
    group = next(groups, None)
    while group is not None:
        path = folder / f"{len(written)}.parquet"
        rows = 0
        with path.open("wb") as sink, _writer(sink, table) as writer:
            while group is not None and (not rows or sink.tell() < most_bytes):
                writer.write_table(group, row_group_size=ROW_GROUP)
                rows += len(group)
                group = next(groups, None)
        with path.open("rb") as done:
            written.append(Written(path, hashlib.file_digest(done, "sha256").hexdigest(), rows))
    return written


def _writer(sink: object, table: Table) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        use_dictionary=table.repeated,  # type: ignore[arg-type]
        write_page_index=True,
    )


def _groups(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows in tables of ROW_GROUP each, however they came."""
    held: list[pa.Table] = []
    count = 0
    for batch in batches:
        while count + len(batch) >= ROW_GROUP:
            cut = ROW_GROUP - count
            yield pa.concat_tables([*held, batch.slice(0, cut)]).combine_chunks()
            held, count, batch = [], 0, batch.slice(cut)
        if len(batch):
            held.append(batch)
            count += len(batch)
    if held:
        yield pa.concat_tables(held).combine_chunks()

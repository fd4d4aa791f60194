"""Records to Parquet: pure. What the contract refuses is told apart, with its reason; the rest becomes one file's bytes."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stock_common import records
from stock_common.records import Record
from stock_s3_sink.chunks import Records
from stock_s3_sink.columns import SLICE, Columns, columns
from stock_s3_sink.schema import INSTANT, REPEATED, SCHEMAS

ROW_GROUP = 131_072


class Rejected(NamedTuple):
    """One record that the contract refuses. `time` in ms since 1970 UTC."""

    offset: int
    time: int
    value: bytes
    reason: str
    text: str


class Encoded(NamedTuple):
    """A file's bytes, the rows inside, what was refused, how many prices were rounded to six decimals, and unknown fields seen."""

    body: bytes
    rows: int
    rejected: list[Rejected]
    rounded: int
    unknown: frozenset[str]


def encode(kind: type[Record], held: Records, topic_id: str, partition: int) -> Encoded:
    """The Parquet file (zstd) of `held`, in offset order. Never raises for a record's sake.

    Fields of a later version are looked for in the first record only: one producer's records have the same.
    """
    rejected: list[Rejected] = []
    rounded = 0
    batches = []
    for start in range(0, len(held), SLICE):
        end = min(start + SLICE, len(held))
        part = columns(kind, held.values[start:end])
        rounded += part.rounded
        rejected += [
            Rejected(held.offsets[start + place], held.times[start + place], held.values[start + place], reason, text)
            for place, reason, text in part.faults
        ]
        batches.append(_batch(kind, part, held.offsets[start:end], held.times[start:end], topic_id, partition))
    table = pa.Table.from_batches(batches, SCHEMAS[kind])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP, use_dictionary=REPEATED[kind])  # type: ignore[arg-type]
    unknown = records.unknown_fields(held.values[0], kind) if held else frozenset()
    return Encoded(sink.getvalue().to_pybytes(), table.num_rows, rejected, rounded, unknown)


def _batch(kind: type[Record], part: Columns, offsets: array[int], times: array[int], topic_id: str, partition: int) -> pa.RecordBatch:
    if part.kept is not None:
        offsets, times = (array("q", [numbers[place] for place in part.kept]) for numbers in (offsets, times))
    lineage = [
        pa.repeat(pa.scalar(topic_id), len(offsets)),
        pa.repeat(pa.scalar(partition, pa.int32()), len(offsets)),
        pa.Array.from_buffers(pa.int64(), len(offsets), [None, pa.py_buffer(offsets)]),
        pa.Array.from_buffers(pa.timestamp("ms", "UTC"), len(times), [None, pa.py_buffer(times)]).cast(INSTANT),
    ]
    return pa.RecordBatch.from_arrays([*part.arrays, *lineage], schema=SCHEMAS[kind])

"""Records to Parquet: pure.

Records that the contract refuses are returned with the reason. The others go into the file.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stock_common import records
from stock_common.records import Record
from stock_s3_sink.cutter import NO_TIME, Records
from stock_s3_sink.encode.columns import SLICE, Columns, columns
from stock_s3_sink.encode.schema import INSTANT, REPEATED, SCHEMAS

ROW_GROUP = 131_072


class Rejected(NamedTuple):
    """A record that the contract refuses. `time` is in ms since 1970 UTC."""

    offset: int
    time: int
    value: bytes
    reason: str
    text: str


class Encoded(NamedTuple):
    """A Parquet file.

    rows: rows in `body`.
    rounded: prices rounded to six decimals.
    unknown: names of fields that this version ignores.
    """

    body: bytes
    rows: int
    rejected: list[Rejected]
    rounded: int
    unknown: frozenset[str]


def encode(kind: type[Record], held: Records, topic_id: str, partition: int) -> Encoded:
    """The Parquet file (zstd) of `held`, in offset order. A bad record raises nothing: it is in `rejected`.

    Only the first record is searched for fields of a later version, because the records of one producer have
    the same fields.
    """
    rejected: list[Rejected] = []
    rounded = 0
    batches = []
    for start in range(0, len(held), SLICE):
        held_slice = held.cut(start, min(start + SLICE, len(held)))
        part = columns(kind, _stamped(held_slice))
        rounded += part.rounded
        rejected += _rejected(part, held_slice)
        batches.append(_batch(kind, part, held_slice, topic_id, partition))
    table = pa.Table.from_batches(batches, SCHEMAS[kind])
    body = pa.BufferOutputStream()
    pq.write_table(
        table,
        body,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=REPEATED[kind],  # type: ignore[arg-type]
    )
    unknown = records.unknown_fields(held.values[0], kind) if held else frozenset()
    return Encoded(body.getvalue().to_pybytes(), table.num_rows, rejected, rounded, unknown)


def _stamped(held: Records) -> list[bytes]:
    """The values. One without the broker's time is empty, so that it becomes a dead letter."""
    if NO_TIME not in held.times:
        return held.values
    return [b"" if time == NO_TIME else value for value, time in zip(held.values, held.times, strict=True)]


def _rejected(part: Columns, held: Records) -> list[Rejected]:
    found = []
    for row, reason, text in part.faults:
        time = held.times[row]
        if time == NO_TIME:
            reason, text = "timestamp", "the topic gave the record its producer's time, not the broker's"
        found.append(Rejected(held.offsets[row], time, held.values[row], reason, text))
    return found


def _batch(kind: type[Record], part: Columns, held: Records, topic_id: str, partition: int) -> pa.RecordBatch:
    offsets, times = held.offsets, held.times
    if part.kept is not None:
        offsets, times = (array("q", [numbers[row] for row in part.kept]) for numbers in (offsets, times))
    rows = len(offsets)
    milliseconds = pa.Array.from_buffers(pa.timestamp("ms", "UTC"), rows, [None, pa.py_buffer(times)])
    lineage = [
        pa.repeat(pa.scalar(topic_id), rows),
        pa.repeat(pa.scalar(partition, pa.int32()), rows),
        pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(offsets)]),
        milliseconds.cast(INSTANT),
    ]
    return pa.RecordBatch.from_arrays([*part.arrays, *lineage], schema=SCHEMAS[kind])

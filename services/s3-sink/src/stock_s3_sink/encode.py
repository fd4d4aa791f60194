"""Records to Parquet: pure. What the contract refuses is told apart, with its reason; the rest becomes one file's bytes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stock_common import records
from stock_common.records import BadRecord, Record
from stock_s3_sink.chunks import Records
from stock_s3_sink.schema import LINEAGE, PRICE, SCHEMAS

SLICE = 16_384
"""Records decoded at once: bounds the memory that Python objects take."""
ROW_GROUP = 131_072


class Rejected(NamedTuple):
    """One record that the contract refuses. `time` in ms since 1970 UTC."""

    offset: int
    time: int
    value: bytes
    reason: str
    text: str


class Encoded(NamedTuple):
    """A file's bytes, the rows inside, what was refused, and how many prices were rounded to six decimals."""

    body: bytes
    rows: int
    rejected: list[Rejected]
    rounded: int


def encode(kind: type[Record], held: Records, topic_id: str, partition: int) -> Encoded:
    """The Parquet file (zstd) of `held`, in offset order. Never raises for a record's sake."""
    rejected: list[Rejected] = []
    rounded = 0
    batches = []
    for start in range(0, len(held), SLICE):
        part = held if len(held) <= SLICE else held.cut(start, start + SLICE)
        good, refused = _decode(kind, part)
        rejected += refused
        if good:
            columns, count = _columns(kind, [record for record, _, _ in good])
            rounded += count
            batches.append(_batch(kind, columns, good, topic_id, partition))
    table = pa.Table.from_batches(batches, SCHEMAS[kind])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP, coerce_timestamps="us", store_schema=True)
    return Encoded(sink.getvalue().to_pybytes(), table.num_rows, rejected, rounded)


def _decode(kind: type[Record], held: Records) -> tuple[list[tuple[Record, int, int]], list[Rejected]]:
    good, refused = [], []
    for value, offset, time in zip(held.values, held.offsets, held.times, strict=True):
        try:
            good.append((records.decode(value, kind), offset, time))  # type: ignore[type-var]
        except BadRecord as error:
            refused.append(Rejected(offset, time, value, error.reason, str(error)))
    return good, refused


@cache
def _getters(kind: type[Record]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple((field.name, operator.attrgetter(field.name)) for field in msgspec.structs.fields(kind))


def _columns(kind: type[Record], rows: list[Record]) -> tuple[list[pa.Array], int]:
    schema, rounded = SCHEMAS[kind], 0
    arrays = []
    for name, get in _getters(kind):
        values = list(map(get, rows))
        type_ = schema.field(name).type
        if type_ == PRICE:
            values, count = _prices(values)
            rounded += count
        arrays.append(pa.array(values, type_))
    return arrays, rounded


def _prices(values: list[Decimal | None]) -> tuple[list[Decimal | None], int]:
    count = 0
    for index, value in enumerate(values):
        if value is not None and value.as_tuple().exponent < -6:  # type: ignore[operator]
            values[index], changed = records.rounded(value)
            count += changed
    return values, count


def _batch(kind: type[Record], columns: list[pa.Array], good: list[tuple[Record, int, int]], topic_id: str, partition: int) -> pa.RecordBatch:
    size = len(good)
    time = pa.array([time * 1000 for _, _, time in good], pa.int64()).cast(LINEAGE[3].type)
    lineage = [
        pa.repeat(pa.scalar(topic_id), size),
        pa.repeat(pa.scalar(partition, pa.int32()), size),
        pa.array([offset for _, offset, _ in good], pa.int64()),
        time,
    ]
    return pa.RecordBatch.from_arrays([*columns, *lineage], schema=SCHEMAS[kind])

"""JSON values to Arrow columns: pure. Two ways with one result.

`native` joins a slice's values into one buffer for Arrow's own JSON reader, which runs outside the interpreter's lock, and then checks every
rule of the contract on whole columns. A slice that does not come back with exactly one valid row a record is None: `typed` decodes it record
by record and says what is wrong with which.
"""

# pyarrow.compute makes its functions at import, so the checker cannot see them.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from msgspec import inspect

from stock_common import records
from stock_common.records import BadRecord, Record
from stock_s3_sink.schema import LINEAGE, PRICE, SCHEMAS

SLICE = 8_192
"""Records decoded at once: many enough that the interpreter's lock is seldom asked for, few enough for a processor's cache and for the memory
that Python objects take in the typed way."""

_FIRST, _LAST = itemgetter(0), itemgetter(-1)


class Columns(NamedTuple):
    """The good records' columns in the struct's order; `kept`: their places in the slice; `faults`: (place, reason, text) of the others."""

    arrays: list[pa.Array]
    kept: list[int] | None
    faults: list[tuple[int, str, str]]
    rounded: int


def columns(kind: type[Record], values: list[bytes]) -> Columns:
    """The slice's columns. `kept` is None when every record is good. Never raises for a record's sake."""
    return native(kind, values) or typed(kind, values)


@cache
def body_schema(kind: type[Record]) -> pa.Schema:
    """The object's schema without lineage."""
    return pa.schema(list(SCHEMAS[kind])[: -len(LINEAGE)])


@cache
def _read_schema(kind: type[Record]) -> pa.Schema:
    # Arrow's JSON reader takes days and times as numbers only; as text they are cast afterwards, which wants an offset as the contract does.
    return pa.schema([pa.field(f.name, pa.string() if pa.types.is_temporal(f.type) else f.type) for f in body_schema(kind)])


@cache
def _text_rules(kind: type[Record]) -> tuple[tuple[int, inspect.StrType], ...]:
    info = inspect.type_info(kind)
    options = [(i, t) for i, f in enumerate(info.fields) for t in (f.type.types if isinstance(f.type, inspect.UnionType) else (f.type,))]  # type: ignore[attr-defined]
    return tuple((index, rule) for index, rule in options if isinstance(rule, inspect.StrType))


def native(kind: type[Record], values: list[bytes]) -> Columns | None:
    """The columns by Arrow, None when the slice needs the typed way."""
    # Each value begins with { and ends with } and holds no line break: then as many rows as values means one row each.
    if not all(values) or {*map(_FIRST, values)} != {ord("{")} or {*map(_LAST, values)} != {ord("}")}:
        return None
    joined = b"\n".join(values)
    if joined.count(b"\n") != len(values) - 1:
        return None
    read = pj.ReadOptions(use_threads=False, block_size=len(joined) + 1)
    parse = pj.ParseOptions(explicit_schema=_read_schema(kind), unexpected_field_behavior="ignore")
    try:
        table = pj.read_json(pa.BufferReader(joined), read_options=read, parse_options=parse)
        if table.num_rows != len(values):
            return None
        table.validate(full=True)
        table = table.select(body_schema(kind).names).cast(body_schema(kind)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, ValueError):
        return None
    arrays = [column.chunk(0) for column in table.columns]
    return Columns(arrays, None, [], 0) if _holds(kind, arrays) else None


def _holds(kind: type[Record], arrays: list[pa.Array]) -> bool:
    """Whether the columns keep the rules that types alone do not say."""
    if any(array.null_count for field, array in zip(body_schema(kind), arrays, strict=True) if not field.nullable):
        return False
    for index, rule in _text_rules(kind):
        lengths = pc.min_max(pc.utf8_length(arrays[index])).as_py()
        if lengths["min"] is not None and not (rule.min_length or 0) <= lengths["min"] <= lengths["max"] <= (rule.max_length or lengths["max"]):
            return False
        if rule.pattern and pc.all(pc.match_substring_regex(arrays[index], rule.pattern)).as_py() is False:
            return False
    volume = body_schema(kind).get_field_index("volume")
    return volume < 0 or (pc.min(arrays[volume]).as_py() or 0) >= 0


def typed(kind: type[Record], values: list[bytes]) -> Columns:
    """The columns record by record: slower, and names each fault."""
    good: list[Record] = []
    kept: list[int] = []
    faults = []
    for place, value in enumerate(values):
        try:
            good.append(records.decode(value, kind))  # type: ignore[type-var]
            kept.append(place)
        except BadRecord as error:
            faults.append((place, error.reason, str(error)))
    rounded = 0
    arrays = []
    for field in body_schema(kind):
        column: list[Any] = [getattr(record, field.name) for record in good]
        if field.type == PRICE:
            cut = [value if value is None else records.rounded(value) for value in column]
            rounded += sum(pair is not None and pair[1] for pair in cut)
            column = [pair and pair[0] for pair in cut]
        arrays.append(pa.array(column, field.type))
    return Columns(arrays, kept, faults, rounded)

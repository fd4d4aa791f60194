"""JSON values to Arrow columns: pure. There are two ways, and they have the same result.

`native` joins a slice's values for Arrow's own JSON reader, which works outside the interpreter's lock. It
then checks every rule of the contract on whole columns. It gives up on a slice in which any record breaks a
rule. `typed` decodes such a slice record by record, and names the fault of each bad record.
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

from stock_common import domain, records
from stock_common.domain import BadMessage
from stock_common.records import Record
from stock_s3_sink.encode.schema import LINEAGE, PRICE, SCHEMAS

SLICE = 8_192
"""Records decoded at once.

More would not fit a processor's cache, and would take more memory as Python objects in `typed`. Fewer would
ask for the interpreter's lock more often.
"""

_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_PLAIN = bytes({*range(0x20, 0x7F), ord("\n")} - {ord("\\")})
"""The bytes of a slice that Arrow's reader and the contract's decoder certainly understand alike."""

_EXPONENT = r':[ "]*[-+]?[0-9.]+[eE][-+]?[0-9]+[",}\] ]'
"""A number with an exponent, quoted or not, in RE2's syntax.

Arrow 26 ends the process where it reads 1e-999999999 as a decimal, and takes 1e-45 for 0: it looks for a
power of ten beyond its table's end. Without an exponent it takes 38 digits at most, and finds each power.
"""


class Fault(NamedTuple):
    """A bad record: its row in the slice, the kind of fault, and a text that describes it."""

    row: int
    reason: str
    text: str


class Columns(NamedTuple):
    """The good records of a slice.

    arrays: their columns, in the struct's order.
    kept: their rows in the slice, None when every record is good.
    faults: the other records.
    rounded: how many prices were rounded to six decimals.
    """

    arrays: list[pa.Array]
    kept: list[int] | None
    faults: list[Fault]
    rounded: int


def columns(kind: type[Record], values: list[bytes]) -> Columns:
    """The slice's columns. A bad record raises nothing: it is in `faults`."""
    return native(kind, values) or typed(kind, values)


@cache
def body_schema(kind: type[Record]) -> pa.Schema:
    """The object's schema without lineage."""
    return pa.schema(list(SCHEMAS[kind])[: -len(LINEAGE)])


@cache
def _read_schema(kind: type[Record]) -> pa.Schema:
    # Arrow's JSON reader takes days and times as numbers only. They are read as text and cast afterwards. The
    # cast demands a UTC offset, as the contract does.
    return pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_temporal(f.type) else f.type) for f in body_schema(kind)]
    )


class _TextRule(NamedTuple):
    """A text column's number and its rules: lengths in characters, and a pattern in RE2's syntax."""

    column: int
    min_length: int
    max_length: int | None
    pattern: str | None


@cache
def _text_rules(kind: type[Record]) -> tuple[_TextRule, ...]:
    rules = []
    for column, field in enumerate(inspect.type_info(kind).fields):  # type: ignore[attr-defined]
        options = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for rule in options:
            if isinstance(rule, inspect.StrType):
                # Plain bytes keep these two patterns. The end of the text is \Z for Python and \z for RE2.
                own = None if rule.pattern in (domain.NAME, domain.PRINTABLE) else rule.pattern
                pattern = own and own.replace(r"\Z", r"\z")
                rules.append(_TextRule(column, rule.min_length or 0, rule.max_length, pattern))
    return tuple(rules)


def native(kind: type[Record], values: list[bytes]) -> Columns | None:
    """The columns by Arrow's reader, None when the slice needs `typed`."""
    joined = _joined(values)
    if joined is None:
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
    return Columns(arrays, None, [], 0) if _keep_the_rules(kind, arrays) else None


def _joined(values: list[bytes]) -> bytes | None:
    """One value a line, None where Arrow's reader might understand one in its own way."""
    # Each value must begin with {, end with } and hold no line break. Then as many rows as values means that
    # each value is one row.
    if not all(values) or {*map(_FIRST, values)} != {ord("{")} or {*map(_LAST, values)} != {ord("}")}:
        return None
    joined = b"\n".join(values)
    if joined.count(b"\n") != len(values) - 1 or joined.translate(None, _PLAIN):
        return None
    exponents = pc.match_substring_regex(pa.array([joined], pa.large_binary()), _EXPONENT)
    return None if pc.any(exponents).as_py() else joined


def _keep_the_rules(kind: type[Record], arrays: list[pa.Array]) -> bool:
    """Whether the columns keep the rules that their types do not express."""
    schema = body_schema(kind)
    required = (array for field, array in zip(schema, arrays, strict=True) if not field.nullable)
    if any(array.null_count for array in required):
        return False
    volume = schema.get_field_index("volume")
    if volume >= 0 and (pc.min(arrays[volume]).as_py() or 0) < 0:
        return False
    return all(map(_in_time, arrays)) and all(_keeps(rule, arrays[rule.column]) for rule in _text_rules(kind))


def _in_time(times: pa.Array) -> bool:
    """Whether a column's days or instants, if it has any, are within the domain."""
    if not pa.types.is_temporal(times.type):
        return True
    first, end = (
        (domain.FIRST_DAY, domain.END_DAY)
        if pa.types.is_date(times.type)
        else (domain.FIRST_INSTANT, domain.END_INSTANT)
    )
    inside = pc.and_(
        pc.greater_equal(times, pa.scalar(first, times.type)), pc.less(times, pa.scalar(end, times.type))
    )
    return pc.all(inside).as_py() is not False


def _keeps(rule: _TextRule, texts: pa.Array) -> bool:
    lengths = pc.min_max(pc.utf8_length(texts)).as_py()
    if lengths["min"] is None:  # no text at all
        return True
    if lengths["min"] < rule.min_length:
        return False
    if rule.max_length is not None and lengths["max"] > rule.max_length:
        return False
    return rule.pattern is None or pc.all(pc.match_substring_regex(texts, rule.pattern)).as_py() is not False


def typed(kind: type[Record], values: list[bytes]) -> Columns:
    """The columns record by record: slower, and it names each fault."""
    good: list[Record] = []
    kept: list[int] = []
    faults = []
    for row, value in enumerate(values):
        try:
            good.append(records.decode(value, kind))  # type: ignore[type-var]
            kept.append(row)
        except BadMessage as error:
            faults.append(Fault(row, error.reason, str(error)))
    arrays, rounded = [], 0
    for field in body_schema(kind):
        column: list[Any] = [getattr(record, field.name) for record in good]
        if field.type == PRICE:
            column, count = _rounded(column)
            rounded += count
        arrays.append(pa.array(column, field.type))
    return Columns(arrays, kept, faults, rounded)


def _rounded(prices: list[Any]) -> tuple[list[Any], int]:
    """The prices with six decimals, and how many of them had more."""
    pairs = [(None, False) if price is None else domain.rounded(price) for price in prices]
    return [price for price, _ in pairs], sum(changed for _, changed in pairs)

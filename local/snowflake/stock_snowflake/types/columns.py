"""Columns of a result in the shapes that Snowflake sends: descriptions and Arrow arrays.

Source of the shapes: the connector's reader (nanoarrow ArrowIterator). A NUMBER is the smallest integer type
that holds the batch's unscaled values, otherwise decimal128. A TIMESTAMP of scale 6 is int64 microseconds, a
TIME is int64 nanoseconds.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stock_snowflake.errors import unsupported

_MAX_TEXT = 16_777_216
_MAX_BINARY = 8_388_608
_INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}
_SIMPLE = {
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "FLOAT": "real",
    "DOUBLE": "real",
    "VARCHAR": "text",
    "UUID": "text",
    "NULL": "text",
    "BLOB": "binary",
    "JSON": "variant",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz",
    "TIMESTAMP_NS": "timestamp_ntz",
    # DuckDB has one type for instants. The product's tables use TIMESTAMP_LTZ for all of them.
    "TIMESTAMP WITH TIME ZONE": "timestamp_ltz",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_INT64_DIGITS = 18
"""Digits that an int64 always holds."""


def describe(name: str, duckdb_type: str) -> dict[str, Any]:
    """One entry of Snowflake's rowtype. Raises SnowflakeError for a DuckDB type without a Snowflake name."""
    duckdb_type = duckdb_type.strip('"')
    info: dict[str, Any] = {
        "name": name, "database": "", "schema": "", "table": "", "nullable": True, "type": "",
        "byteLength": None, "length": None, "scale": None, "precision": None, "collation": None,
    }  # fmt: skip
    if match := _DECIMAL.fullmatch(duckdb_type):
        return info | {"type": "fixed", "precision": int(match[1]), "scale": int(match[2])}
    if duckdb_type in _INTEGERS:
        return info | {"type": "fixed", "precision": 38, "scale": 0}
    if duckdb_type not in _SIMPLE:
        raise unsupported(f"results of type {duckdb_type} (column {name})")
    kind = _SIMPLE[duckdb_type]
    if kind == "text":
        return info | {"type": kind, "byteLength": _MAX_TEXT, "length": _MAX_TEXT}
    if kind == "binary":
        return info | {"type": kind, "byteLength": _MAX_BINARY, "length": _MAX_BINARY}
    if kind.startswith("timestamp"):
        return info | {"type": kind, "precision": 0, "scale": 6}
    if kind == "time":
        return info | {"type": kind, "precision": 0, "scale": 9}
    return info | {"type": kind}


def to_ipc(table: pa.Table, rowtype: list[dict[str, Any]]) -> bytes:
    """The table as one Arrow IPC stream whose fields carry the metadata that the connector reads."""
    arrays = [
        _array(column.combine_chunks(), info) for column, info in zip(table.columns, rowtype, strict=True)
    ]
    fields = [
        pa.field(
            info["name"],
            array.type,
            metadata={
                "logicalType": info["type"].upper(),
                "precision": str(info["precision"] or 38),
                "scale": str(info["scale"] or 0),
                "charLength": str(info["length"] or 0),
            },
        )
        for array, info in zip(arrays, rowtype, strict=True)
    ]
    sink = pa.BufferOutputStream()
    schema = pa.schema(fields)
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return sink.getvalue().to_pybytes()


def _array(array: pa.Array, info: dict[str, Any]) -> pa.Array:
    kind = info["type"]
    if kind == "fixed":
        return _fixed(array, info["scale"])
    if kind.startswith("timestamp"):
        tz = array.type.tz
        return array.cast(pa.timestamp("us", tz), safe=False).cast(pa.int64())
    if kind == "time":
        return array.cast(pa.time64("ns")).cast(pa.int64())
    if kind == "real":
        return array.cast(pa.float64())
    if kind in ("text", "variant"):
        return array.cast(pa.string())
    return array


def _fixed(array: pa.Array, scale: int) -> pa.Array:
    """Unscaled integers where 18 digits are enough, otherwise decimal128."""
    try:
        if pa.types.is_decimal(array.type):
            narrow = array.cast(pa.decimal128(_INT64_DIGITS, scale))
            # Precision 18 + 19 fits decimal128's 38 digits, and the product has no fraction left.
            factor = pa.scalar(10**scale, pa.decimal128(_INT64_DIGITS + 1, 0))
            unscaled = (
                pc.call_function("multiply", [narrow, factor]).cast(pa.int64())
                if scale
                else narrow.cast(pa.int64())
            )
        else:
            unscaled = array.cast(pa.int64())
    except pa.ArrowInvalid:
        return array.cast(pa.decimal128(38, scale))
    return _smallest(unscaled)


def _smallest(array: pa.Array) -> pa.Array:
    for width in (pa.int8(), pa.int16(), pa.int32()):
        try:
            return array.cast(width)
        except pa.ArrowInvalid:
            continue
    return array

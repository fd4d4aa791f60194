"""A statement's result before it goes on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
from fakesnow import statement_type

from stock_snowflake.types.columns import describe

SUCCESS = "Statement executed successfully."


@dataclass(frozen=True)
class Result:
    """rowtype describes the columns. A query has `table`. DML has `counts`, one number a column."""

    rowtype: list[dict[str, Any]]
    type_id: int
    table: pa.Table | None = None
    counts: list[int] | None = None
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def from_connection(connection: duckdb.DuckDBPyConnection, table: pa.Table, type_id: int) -> Result:
    """The result that the connection delivered last. `table` has its rows."""
    described = [(entry[0], str(entry[1])) for entry in connection.description or ()]
    return Result([describe(name, kind) for name, kind in described], type_id, table)


def status(message: str = SUCCESS, type_id: int = statement_type.DDL) -> Result:
    return from_rows([("status", "VARCHAR")], [(message,)], type_id)


def from_rows(columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]], type_id: int) -> Result:
    """A result made here. Columns are (name, DuckDB type), VARCHAR or BIGINT."""
    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    table = pa.table(
        {name: pa.array(column, types[kind]) for (name, kind), column in zip(columns, values, strict=True)}
    )
    return Result([describe(name, kind) for name, kind in columns], type_id, table)


def from_counts(names: Sequence[str], counts: Sequence[int], type_id: int) -> Result:
    return Result([describe(name, "BIGINT") for name in names], type_id, counts=list(counts))

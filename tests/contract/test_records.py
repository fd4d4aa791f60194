"""One contract: the structs on the topics, the Arrow schemas of the objects, the tables in the warehouse."""

from __future__ import annotations

import types
import typing
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from stock_common.records import Alert, Bar, Quote, Record
from stock_s3_sink.encode.schema import LINEAGE, SCHEMAS
from stock_sf_loader.account.schema import migrations

GIVEN = {"stage": "X", "stage_url": "s3://x/raw/", "storage_integration": "", "retention_days": "1"}
TABLES = {Quote: "STOCK_QUOTES", Alert: "STOCK_ALERTS", Bar: "STOCK_BARS"}
KINDS = [pytest.param(kind, id=kind.__name__) for kind in TABLES]

ARROW = {
    str: pa.string(),
    Decimal: pa.decimal128(18, 6),
    int: pa.int64(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}
SNOWFLAKE = {
    pa.decimal128(18, 6): "DECIMAL(18, 6)",
    pa.int64(): "DECIMAL(20, 0)",
    pa.int32(): "DECIMAL(10, 0)",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPLTZ(6)",
}


class Column(NamedTuple):
    type: str
    required: bool


def struct_fields(kind: type[Record]) -> dict[str, tuple[type, bool]]:
    """Field → (Python type, whether None is refused)."""
    found = {}
    for name, hint in typing.get_type_hints(kind).items():
        options = (
            typing.get_args(hint)
            if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
            else (hint,)
        )
        (plain,) = [option for option in options if option is not type(None)]
        found[name] = (plain, type(None) not in options)
    return found


def table_columns(name: str) -> dict[str, Column]:
    """Column → type and NOT NULL, of the table as the migrations leave it."""
    columns = {}
    for migration in migrations(GIVEN):
        for statement in sqlglot.parse(";\n".join(migration.statements), dialect="snowflake"):
            table = statement.find(exp.Table) if statement else None
            if (
                isinstance(statement, exp.Create | exp.Alter)
                and statement.args.get("kind") == "TABLE"
                and table is not None
                and table.name == name
            ):
                for column in statement.find_all(exp.ColumnDef):
                    required = any(
                        isinstance(c.kind, exp.NotNullColumnConstraint)
                        for c in column.args.get("constraints") or ()
                    )
                    columns[column.name.lower()] = Column(column.args["kind"].sql(), required)
    return columns


@pytest.mark.parametrize("kind", KINDS)
def test_objects_have_the_structs_fields_in_their_order_and_types(kind: type[Record]) -> None:
    expected = [
        pa.field(name, ARROW[plain], nullable=not required)
        for name, (plain, required) in struct_fields(kind).items()
    ]
    assert SCHEMAS[kind].equals(pa.schema([*expected, *LINEAGE]))
    assert [field.name for field in msgspec.structs.fields(kind)] == [field.name for field in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_have_the_objects_columns_and_what_copy_adds(kind: type[Record]) -> None:
    columns = table_columns(TABLES[kind])
    for field in SCHEMAS[kind]:
        column = columns.pop(field.name)
        assert column.required != field.nullable, f"{field.name} is NOT NULL in one place only"
        if field.type == pa.string():
            assert column.type.startswith("VARCHAR(")
        else:
            assert column.type == SNOWFLAKE[field.type], field.name
    assert set(columns) == {"source_file", "loaded_at"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_the_struct_takes_fits_its_column(kind: type[Record]) -> None:
    columns = table_columns(TABLES[kind])
    for field in msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"].items():
        name, rules = field
        lengths = [rule["maxLength"] for rule in (rules, *rules.get("anyOf", ())) if "maxLength" in rule]
        for length in lengths:
            assert columns[name].type == f"VARCHAR({length})", name

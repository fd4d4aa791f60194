"""Tables, stages and file formats in the catalog. Reads only. Every function takes the connection to use.

Every result is read to its end: an open one keeps DuckDB from registering a table on the connection.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
from fakesnow.instance import GLOBAL_DATABASE_NAME

from stock_snowflake.errors import not_found
from stock_snowflake.sql.names import QualifiedName

GLOBAL = f"{GLOBAL_DATABASE_NAME}._fs_information_schema"
"""Where fakesnow keeps stages, file formats, comments and text lengths of all databases."""


_SOURCES = {
    "TABLE": ("duckdb_tables()", "table_name"),
    "VIEW": ("duckdb_views()", "view_name"),
    "STAGE": (f"{GLOBAL}._fs_stages", "name"),
    "FILE FORMAT": (f"{GLOBAL}._fs_file_formats", "name"),
}
"""Kind of object → where its names are."""


@dataclass(frozen=True)
class Column:
    """A table's column: stored name, DuckDB type and default, and the length a VARCHAR was declared with."""

    name: str
    type: str
    nullable: bool
    default: str | None
    max_length: int | None


def columns(connection: duckdb.DuckDBPyConnection, table: QualifiedName) -> list[Column]:
    """The table's columns in order. Raises SnowflakeError 002003 when there is no such table."""
    rows = connection.execute(
        f"""
        SELECT c.column_name, c.data_type, c.is_nullable, c.column_default, e.ext_character_maximum_length
        FROM duckdb_columns() c
        JOIN duckdb_tables() t USING (database_oid, schema_oid, table_oid)
        LEFT JOIN {GLOBAL}._fs_columns_ext e
          ON (e.ext_table_catalog, e.ext_table_schema, e.ext_table_name, e.ext_column_name)
           = (c.database_name, c.schema_name, c.table_name, c.column_name)
        WHERE c.database_name = ? AND c.schema_name = ? AND c.table_name = ?
        ORDER BY c.column_index
        """,
        [table.database, table.schema, table.name],
    ).fetchall()
    if not rows:
        raise not_found("Table", str(table))
    return [Column(*row) for row in rows]


def exists(connection: duckdb.DuckDBPyConnection, kind: str, name: QualifiedName) -> bool:
    """Whether the TABLE, VIEW, STAGE or FILE FORMAT exists."""
    source, column = _SOURCES[kind]
    return bool(
        connection.execute(
            f"SELECT 1 FROM {source} WHERE database_name = ? AND schema_name = ? AND {column} = ?",
            [name.database, name.schema, name.name],
        ).fetchall()
    )


def names(connection: duckdb.DuckDBPyConnection, kind: str, database: str, schema: str) -> list[str]:
    """The names of the TABLEs, VIEWs, STAGEs or FILE FORMATs in the schema."""
    source, column = _SOURCES[kind]
    rows = connection.execute(
        f"SELECT {column} FROM {source} WHERE database_name = ? AND schema_name = ? ORDER BY 1",
        [database, schema],
    ).fetchall()
    return [name for (name,) in rows]


def schema_exists(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?", [database, schema]
        ).fetchall()
    )


def schemas(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """The names of the database's schemas."""
    rows = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal", [database]
    ).fetchall()
    return [name for (name,) in rows]


def is_there(connection: duckdb.DuckDBPyConnection, kind: str, name: str) -> bool:
    """Whether the object of a database, the schema or the database exists. `name` is complete."""
    parts = name.split(".")
    if kind == "DATABASE":
        return bool(
            connection.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", parts).fetchall()
        )
    if kind == "SCHEMA":
        return schema_exists(connection, *parts)
    return exists(connection, kind, QualifiedName(*parts))


def stage_integration(connection: duckdb.DuckDBPyConnection, stage: QualifiedName) -> str:
    """The stage's storage integration, empty where it has none or does not exist."""
    rows = connection.execute(
        f"""SELECT storage_integration FROM {GLOBAL}._fs_stages
            WHERE database_name = ? AND schema_name = ? AND name = ?""",
        [stage.database, stage.schema, stage.name],
    ).fetchall()
    return (rows[0][0] or "") if rows else ""


def set_stage_integration(
    connection: duckdb.DuckDBPyConnection, stage: QualifiedName, integration: str
) -> None:
    connection.execute(
        f"""UPDATE {GLOBAL}._fs_stages SET storage_integration = ?
            WHERE database_name = ? AND schema_name = ? AND name = ?""",
        [integration, stage.database, stage.schema, stage.name],
    )


def stage_url(connection: duckdb.DuckDBPyConnection, stage: QualifiedName) -> str:
    """The stage's address, empty for an internal stage. Raises SnowflakeError 002003 for a missing stage."""
    rows = connection.execute(
        f"SELECT url FROM {GLOBAL}._fs_stages WHERE database_name = ? AND schema_name = ? AND name = ?",
        [stage.database, stage.schema, stage.name],
    ).fetchall()
    if not rows:
        raise not_found("Stage", str(stage))
    return rows[0][0] or ""


def file_format(connection: duckdb.DuckDBPyConnection, name: QualifiedName) -> dict[str, Any]:
    """The named format's options. Raises SnowflakeError 002003 when there is no such format."""
    rows = connection.execute(
        f"""SELECT options FROM {GLOBAL}._fs_file_formats
            WHERE database_name = ? AND schema_name = ? AND name = ?""",
        [name.database, name.schema, name.name],
    ).fetchall()
    if not rows:
        raise not_found("File format", str(name))
    return json.loads(rows[0][0])

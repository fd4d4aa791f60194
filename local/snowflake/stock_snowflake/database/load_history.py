"""Load history: which file, with which content, was loaded into which table.

It is in the table's own database, so that a COPY's rows and its entries here are one DuckDB transaction.
Source of the rules: sql-reference/sql/copy-into-table (FORCE) and user-guide/data-load-considerations-load
(load metadata). The history is per table. A changed file loads again. DROP and TRUNCATE delete the table's
history. Snowflake's expiry after 64 days is missing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from stock_snowflake.sql.names import QualifiedName, quote

_TABLE = "_fs_information_schema._stock_copied_files"
_LOAD_HISTORY = "_fs_information_schema._fs_load_history"


def creation_sql(database: str) -> str:
    return f"""
        CREATE TABLE IF NOT EXISTS {quote(database)}.{_TABLE} (
            schema_name VARCHAR, table_name VARCHAR, file_name VARCHAR, etag VARCHAR, loaded_at TIMESTAMPTZ)
    """


def loaded(
    connection: duckdb.DuckDBPyConnection, table: QualifiedName, files: Iterable[str]
) -> dict[str, str]:
    """The ETag with which each of these files (s3 addresses) was last loaded into the table."""
    rows = connection.execute(
        f"""SELECT file_name, etag FROM {quote(table.database)}.{_TABLE}
            WHERE schema_name = ? AND table_name = ? AND list_contains(?, file_name)""",
        [table.schema, table.name, list(files)],
    ).fetchall()
    return dict(rows)


def record(
    connection: duckdb.DuckDBPyConnection,
    table: QualifiedName,
    files: Sequence[tuple[str, str, int]],
    loaded_at: object,
) -> None:
    """Enter each (address, ETag, rows) as loaded, in the connection's transaction."""
    if not files:
        return
    names, etags, rows = ([entry[position] for entry in files] for position in range(3))
    database = quote(table.database)
    connection.execute(
        f"""DELETE FROM {database}.{_TABLE}
            WHERE schema_name = ? AND table_name = ? AND list_contains(?, file_name)""",
        [table.schema, table.name, names],
    )
    connection.execute(
        f"INSERT INTO {database}.{_TABLE} SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), ?",
        [table.schema, table.name, names, etags, loaded_at],
    )
    connection.execute(
        f"""INSERT INTO {database}.{_LOAD_HISTORY}
            (schema_name, table_name, file_name, last_load_time, status, row_count, row_parsed,
             error_count, error_limit)
            SELECT ?, ?, unnest(?::VARCHAR[]), ?, 'LOADED', unnest(?::INTEGER[]), unnest(?::INTEGER[]),
                   0, 1""",
        [table.schema, table.name, names, loaded_at, rows, rows],
    )


def forget(connection: duckdb.DuckDBPyConnection, table: QualifiedName) -> None:
    for history in (_TABLE, _LOAD_HISTORY):
        connection.execute(
            f"DELETE FROM {quote(table.database)}.{history} WHERE schema_name = ? AND table_name = ?",
            [table.schema, table.name],
        )


def rename(connection: duckdb.DuckDBPyConnection, table: QualifiedName, new_name: str) -> None:
    for history in (_TABLE, _LOAD_HISTORY):
        connection.execute(
            f"""UPDATE {quote(table.database)}.{history} SET table_name = ?
                WHERE schema_name = ? AND table_name = ?""",
            [new_name, table.schema, table.name],
        )

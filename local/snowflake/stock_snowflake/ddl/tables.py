"""Tables that change their name or get their columns from another: LIKE, RENAME TO, SWAP WITH.

A table's load history and the declared lengths of its VARCHAR columns move with it.
"""

from __future__ import annotations

import duckdb

from stock_snowflake.database import catalog, load_history
from stock_snowflake.errors import already_exists, unsupported
from stock_snowflake.sql.names import QualifiedName, quote

_LENGTHS = f"{catalog.GLOBAL}._fs_columns_ext"
_ASIDE = "_SWAP_"
"""Prefix of the name that one of two swapped tables has in between."""


def create_like(
    duck: duckdb.DuckDBPyConnection, name: QualifiedName, source: QualifiedName, *, replace: bool
) -> None:
    """CREATE TABLE ... LIKE, with "column definitions ... defaults and constraints".

    Source: sql-reference/sql/create-table. fakesnow copies only the types.
    Raises SnowflakeError 002002 when `name` exists, 002003 when `source` does not.
    """
    if not replace and catalog.exists(duck, "TABLE", name):
        raise already_exists(str(name))
    columns = ", ".join(_definition(column) for column in catalog.columns(duck, source))
    duck.execute(f"CREATE {'OR REPLACE ' if replace else ''}TABLE {name.sql} ({columns})")
    load_history.forget(duck, name)
    duck.execute(
        f"""INSERT OR REPLACE INTO {_LENGTHS}
            SELECT ?, ?, ?, ext_column_name, ext_character_maximum_length, ext_character_octet_length
            FROM {_LENGTHS}
            WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?""",
        [name.database, name.schema, name.name, source.database, source.schema, source.name],
    )


def rename(duck: duckdb.DuckDBPyConnection, old: QualifiedName, new: QualifiedName) -> None:
    """ALTER TABLE ... RENAME TO.

    Raises SnowflakeError 002002 when `new` exists, 002003 when `old` does not.
    """
    if (old.database, old.schema) != (new.database, new.schema):
        raise unsupported("RENAME TO another schema")
    if catalog.exists(duck, "TABLE", new):
        raise already_exists(str(new))
    _move(duck, [(old, new.name)])


def swap(duck: duckdb.DuckDBPyConnection, left: QualifiedName, right: QualifiedName) -> None:
    """ALTER TABLE ... SWAP WITH. Raises SnowflakeError 002003 when a table is missing."""
    if (left.database, left.schema) != (right.database, right.schema):
        raise unsupported("SWAP WITH a table of another schema")
    aside = QualifiedName(left.database, left.schema, f"{_ASIDE}{left.name}")
    _move(duck, [(left, aside.name), (right, left.name), (aside, right.name)])


def _definition(column: catalog.Column) -> str:
    required = "" if column.nullable else " NOT NULL"
    default = f" DEFAULT ({column.default})" if column.default else ""
    length = f" CHECK (LENGTH({quote(column.name)}) <= {column.max_length})" if column.max_length else ""
    return f"{quote(column.name)} {column.type}{required}{default}{length}"


def _move(duck: duckdb.DuckDBPyConnection, steps: list[tuple[QualifiedName, str]]) -> None:
    """Rename tables with their load history in one transaction, then the text lengths.

    The text lengths are in another database, and DuckDB writes to one database a transaction.
    """
    for name, _ in steps[:2]:
        if not name.name.startswith(_ASIDE):
            catalog.columns(duck, name)
    duck.begin()
    done = False
    try:
        for name, new in steps:
            duck.execute(f"ALTER TABLE {name.sql} RENAME TO {quote(new)}")
            load_history.rename(duck, name, new)
        duck.commit()
        done = True
    finally:
        if not done:
            duck.rollback()
    for name, new in steps:
        duck.execute(
            f"""UPDATE {_LENGTHS} SET ext_table_name = ?
                WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?""",
            [new, name.database, name.schema, name.name],
        )

"""What a role sees of the catalog: rows of SHOW and of INFORMATION_SCHEMA about things it has a right on.

Sources: sql-reference/info-schema ("The output … only displays objects for which the current role has
privileges"), sql-reference/sql/show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pyarrow as pa
from sqlglot import exp

from stock_snowflake.account.access import Access
from stock_snowflake.database import catalog
from stock_snowflake.sql.needs import CATALOG, place, read_tables
from stock_snowflake.types.results import Result

_VIEWS = {
    "TABLES": ("TABLE", "VIEW"),
    "VIEWS": ("VIEW",),
    "COLUMNS": ("TABLE", "VIEW"),
    "SCHEMATA": ("SCHEMA",),
}
"""View of INFORMATION_SCHEMA → the kinds of objects that its rows are about. Others are shown whole."""
_SHOWN = {
    "TABLES": ("TABLE",),
    "VIEWS": ("VIEW",),
    "OBJECTS": ("TABLE", "VIEW"),
    "COLUMNS": ("TABLE", "VIEW"),
    "STAGES": ("STAGE",),
    "FILE FORMATS": ("FILE FORMAT",),
    "SCHEMAS": ("SCHEMA",),
    "DATABASES": ("DATABASE",),
}


def only_visible(
    expression: exp.Expr, access: Access, duck: duckdb.DuckDBPyConnection, database: str | None
) -> exp.Expr:
    """A copy in which each view of INFORMATION_SCHEMA has only the rows that the role sees."""
    found = expression.copy()
    for table in read_tables(found):
        parts = place(table)
        kinds = _VIEWS.get(parts[-1], ()) if CATALOG in parts[:-1] else ()
        in_database = parts[0] if len(parts) == 3 else database
        if kinds and in_database:
            table.replace(_filtered(table, list(_seen(kinds, access, duck, in_database))))
    return found


def shown(result: Result, access: Access, what: str, database: str | None) -> Result:
    """SHOW's answer with the rows that the role sees. what: SHOW's word, as STAGES."""
    if result.table is None or what not in _SHOWN:
        return result
    rows = result.table.to_pylist()
    mask = [any(access.sees(kind, _name(kind, row, database)) for kind in _SHOWN[what]) for row in rows]
    return replace(result, table=result.table.filter(pa.array(mask, pa.bool_())))


def _name(kind: str, row: dict[str, str], database: str | None) -> str:
    name = row.get("table_name") or row["name"]
    if kind == "DATABASE":
        return name
    place = row.get("database_name") or database
    return f"{place}.{name}" if kind == "SCHEMA" else f"{place}.{row['schema_name']}.{name}"


def _seen(
    kinds: tuple[str, ...], access: Access, duck: duckdb.DuckDBPyConnection, database: str
) -> Iterator[str]:
    """Names without the database: SCHEMA, or SCHEMA.NAME."""
    for schema in catalog.schemas(duck, database):
        for kind in kinds:
            names = [schema]
            if kind != "SCHEMA":
                names = [f"{schema}.{name}" for name in catalog.names(duck, kind, database, schema)]
            yield from (name for name in names if access.sees(kind, f"{database}.{name}"))


def _filtered(table: exp.Table, names: list[str]) -> exp.Expr:
    view = table.copy()
    view.set("alias", None)
    column = "SCHEMA_NAME" if table.name.upper() == "SCHEMATA" else "TABLE_SCHEMA || '.' || TABLE_NAME"
    texts = [exp.Literal.string(name) for name in names] or [exp.null()]
    rows = (
        exp.select("*")
        .from_(view)
        .where(exp.In(this=exp.maybe_parse(column, dialect="snowflake"), expressions=texts))
    )
    return rows.subquery(table.alias_or_name)

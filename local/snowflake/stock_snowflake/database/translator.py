"""Statements that fakesnow translates to DuckDB's SQL: queries, DML and most DDL.

These are the inner steps of fakesnow 0.12.1's cursor, called one by one, so its version is pinned. Its own
`execute` would also replace `$name` inside string literals, and it would begin and end transactions itself.
"""

# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.fakes import FakeSnowflakeConnection
from fakesnow.statement_type import statement_type_id
from sqlglot import exp

from stock_snowflake.database.translations import Translations
from stock_snowflake.errors import unsupported
from stock_snowflake.sql.functions import whole_epochs
from stock_snowflake.sql.names import literal
from stock_snowflake.types import results

_DML_COLUMNS: tuple[tuple[type[exp.Expr], tuple[str, ...]], ...] = (
    (exp.Insert, ("number of rows inserted",)),
    (exp.Update, ("number of rows updated", "number of multi-joined rows updated")),
    (exp.Delete, ("number of rows deleted",)),
)
_KEPT_KINDS = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)


class Translator:
    """Runs one session's statements in the connection's transaction. Raises errors of DuckDB and fakesnow."""

    def __init__(
        self,
        connection: FakeSnowflakeConnection,
        reserved_words: Collection[str],
        translations: Translations,
    ) -> None:
        self.connection = connection
        self.duck: duckdb.DuckDBPyConnection = connection._duck_conn
        self._reserved_words = reserved_words
        self._translations = translations

    @property
    def database(self) -> str | None:
        return self.connection.database if self.connection.database_set else None

    @property
    def schema(self) -> str | None:
        return self.connection.schema if self.connection.schema_set else None

    def set_timezone(self, timezone: str) -> None:
        self.duck.execute(f"SET TimeZone = {literal(timezone)}")

    def close(self) -> None:
        self.connection.close()

    def set_current(self, database: str | None, schema: str | None) -> None:
        """Set the database and schema of unqualified names. Both exist, or are None."""
        if database is not None:
            name = f"{database}.{schema or 'main'}"
            self.duck.execute(f"SET schema = {literal(name)}")
        self.connection.database, self.connection.database_set = database, database is not None
        self.connection._schema, self.connection.schema_set = schema, schema is not None

    def run(self, expression: exp.Expr, params: Sequence[Any] = ()) -> results.Result:
        """Execute one statement."""
        cursor = self.connection.cursor()
        cursor.check_db_and_schema(expression)
        type_id = statement_type_id(expression)
        if isinstance(expression, exp.Merge):
            transformed = self._transformed(cursor, self._quoted(expression), list(params))
            return self._merge(transformed.sql(dialect="duckdb"), params, type_id)
        counts = isinstance(expression, (exp.Insert, exp.Update, exp.Delete))
        for part in cursor._transform_explode(self._quoted(expression)):
            values = list(params)
            transformed = self._transformed(cursor, part, values)
            cursor._execute(transformed, values if transformed.find(exp.Placeholder) else None)
        table = cursor._arrow_table
        if table is None:
            return results.status(type_id=type_id)
        answer = results.from_connection(self.duck, table, type_id)
        if counts:
            return results.Result(
                answer.rowtype, type_id, counts=[int(column[0].as_py() or 0) for column in table.columns]
            )
        return answer

    def _transformed(self, cursor: FakeSnowflakeCursor, part: exp.Expr, values: list[Any]) -> exp.Expr:
        """The part in DuckDB's SQL. The steps to it take up to 50 ms, so the last are kept."""
        if not isinstance(part, _KEPT_KINDS):
            return cursor._transform(part, values)
        key = (part.sql(dialect="snowflake"), self.database, self.schema)
        found = self._translations.find(key)
        if found is not None:
            return found
        given = list(values)
        transformed = cursor._transform(part, values)
        # Otherwise IDENTIFIER(?) took its name from the values.
        if values == given:
            self._translations.keep(key, transformed)
        return transformed

    def run_batch(self, expression: exp.Expr, rows: Sequence[Sequence[Any]]) -> results.Result:
        """Execute an array binding: one statement of many rows, made one by the caller's transaction."""
        if not isinstance(expression, exp.Insert):
            raise unsupported("array bindings for anything but INSERT")
        cursor = self.connection.cursor()
        cursor.check_db_and_schema(expression)
        type_id = statement_type_id(expression)
        transformed = self._transformed(cursor, self._quoted(expression), list(rows[0]))
        sql = transformed.sql(dialect="duckdb")
        self.duck.executemany(sql, [list(row) for row in rows])
        return results.from_counts(_DML_COLUMNS[0][1], [len(rows)], type_id)

    def describe(self, expression: exp.Expr) -> results.Result:
        """The columns of the statement's result, without executing it (the connector's `describe`)."""
        type_id = statement_type_id(expression)
        for kind, names in _DML_COLUMNS:
            if isinstance(expression, kind):
                return results.from_counts(names, [0] * len(names), type_id)
        if not isinstance(expression, exp.Query):
            return results.status(type_id=type_id)
        bound: exp.Expr = expression.transform(
            lambda node: exp.null() if isinstance(node, exp.Placeholder) else node
        )
        described = exp.Subquery(this=bound, alias=exp.to_identifier("described"))
        answer = self.run(exp.select("*").from_(described).limit(0))
        return results.Result(answer.rowtype, type_id, answer.table)

    def _merge(self, sql: str, params: Sequence[Any], type_id: int) -> results.Result:
        """DuckDB's own MERGE in one step. fakesnow's takes several, through a temporary table.

        Snowflake answers with a count for each kind of action in the statement (sql-reference/sql/merge).
        """
        actions = [
            action
            for (action,) in self.duck.execute(f"{sql} RETURNING merge_action", list(params)).fetchall()
        ]
        kinds = [kind for kind in ("INSERT", "UPDATE", "DELETE") if re.search(rf"THEN {kind}\b", sql)]
        names = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}
        return results.from_counts(
            [f"number of rows {names[kind]}" for kind in kinds],
            [actions.count(kind) for kind in kinds],
            type_id,
        )

    def _quoted(self, expression: exp.Expr) -> exp.Expr:
        """A copy with whole epochs and with quotes around names that are keywords in DuckDB only, such as AT.

        The stored spelling is kept.
        """

        def quote(node: exp.Expr) -> exp.Expr:
            if (
                isinstance(node, exp.Identifier)
                and not node.args.get("quoted")
                and node.name.lower() in self._reserved_words
            ):
                return exp.to_identifier(node.name.upper(), quoted=True)
            return node

        return whole_epochs(expression.transform(quote))

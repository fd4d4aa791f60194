"""DDL: what fakesnow does not do as Snowflake does, and the load history that goes with a table."""

from __future__ import annotations

from sqlglot import exp

from stock_snowflake import catalog, history, results
from stock_snowflake.engine import Engine
from stock_snowflake.errors import SnowflakeError, unsupported
from stock_snowflake.keys import without_keys
from stock_snowflake.locks import Mode
from stock_snowflake.names import QualifiedName, qualify_table, quote, stored
from stock_snowflake.translated import Translator

_EXT = "_fs_global._fs_information_schema"


class Definitions:
    """Executes one session's DDL. The caller has committed the open transaction and holds the locks of `tables_of`."""

    def __init__(self, engine: Engine, translator: Translator) -> None:
        self._engine = engine
        self._translator = translator
        self._connection = translator.connection
        self._duck = translator.duck

    def execute(self, expression: exp.Expr) -> results.Result:
        with self._engine.ddl_lock:
            kind = str(expression.args.get("kind") or "").upper()
            if isinstance(expression, exp.Create):
                return self._create(expression, kind)
            if isinstance(expression, exp.Drop):
                return self._drop(expression, kind)
            action = _action(expression) if kind == "TABLE" else None
            if isinstance(action, exp.AlterRename):
                return self._rename(self._name(expression.this), self._name(action.this))
            if isinstance(action, exp.SwapTable):
                return self._swap(self._name(expression.this), self._name(action.this))
            return self._translator.run(expression)

    def use(self, expression: exp.Expr) -> results.Result:
        """USE: a database brings its PUBLIC schema with it (sql-reference/sql/use-database)."""
        if expression.args.get("kind") is None:
            expression.set("kind", exp.var("SCHEMA" if expression.this.args.get("db") else "DATABASE"))
        answer = self._translator.run(expression)
        if self._connection.database and not self._connection.schema_set:
            self.set_schema(self._connection.database, "PUBLIC")
        return answer

    def set_schema(self, database: str, schema: str | None) -> None:
        """Make an existing database, and its schema if that exists too, the session's current ones."""
        if database not in self._engine.databases():
            return
        current = schema if schema and catalog.schema_exists(self._duck, database, schema) else None
        self._translator.set_current(database, current)

    def _name(self, table: exp.Expr | None) -> QualifiedName:
        if not isinstance(table, exp.Table):
            raise unsupported("this form of the statement")
        return qualify_table(table, self._connection.database, self._connection.schema)

    def _create(self, expression: exp.Create, kind: str) -> results.Result:
        table = expression.find(exp.Table)
        if kind == "DATABASE" and table is not None:
            return self._create_database(expression, stored(table.this))
        if kind not in ("TABLE", "VIEW", "STAGE", "FILE FORMAT") or table is None:
            return self._translator.run(expression)
        name = self._name(table)
        if expression.args.get("exists") and catalog.exists(self._duck, kind, name):
            return results.status(f"{name.name} already exists, statement succeeded.")
        if kind != "TABLE":
            return self._translator.run(expression)
        if (like := expression.find(exp.LikeProperty)) is not None:
            return self._create_like(name, self._name(like.this), bool(expression.args.get("replace")))
        answer = self._translator.run(without_keys(expression))
        history.forget(self._duck, name)
        return answer

    def _create_like(self, name: QualifiedName, source: QualifiedName, replace: bool) -> results.Result:
        """sql-reference/sql/create-table, LIKE: "column definitions ... defaults and constraints"; fakesnow keeps only the types."""
        if not replace and catalog.exists(self._duck, "TABLE", name):
            raise SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")
        columns = ", ".join(
            f"{quote(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}{f' DEFAULT ({column.default})' if column.default else ''}"
            for column in catalog.columns(self._duck, source)
        )
        self._duck.execute(f"CREATE {'OR REPLACE ' if replace else ''}TABLE {name.sql} ({columns})")
        history.forget(self._duck, name)
        self._copy_lengths(source, name)
        return results.status(f"Table {name.name} successfully created.")

    def _create_database(self, expression: exp.Create, name: str) -> results.Result:
        if name in self._engine.databases():
            if expression.args.get("exists"):
                return results.status(f"{name} already exists, statement succeeded.")
            raise SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")
        if expression.args.get("replace"):
            raise unsupported("CREATE OR REPLACE DATABASE")
        answer = self._translator.run(expression)
        self._engine.prepare_database(name)
        # sql-reference/sql/create-database: a new database has a PUBLIC schema and becomes the session's current one.
        self._duck.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(name)}.PUBLIC")
        self.set_schema(name, "PUBLIC")
        return answer

    def _drop(self, expression: exp.Drop, kind: str) -> results.Result:
        table = expression.find(exp.Table)
        if table is None:
            raise unsupported("this form of DROP")
        if kind == "DATABASE":
            return self._drop_database(stored(table.this), bool(expression.args.get("exists")))
        if kind in ("STAGE", "FILE FORMAT"):
            return self._drop_global(kind, self._name(table), bool(expression.args.get("exists")))
        answer = self._translator.run(expression)
        if kind == "TABLE":
            history.forget(self._duck, self._name(table))
        return answer

    def _drop_database(self, name: str, if_exists: bool) -> results.Result:
        if name in self._engine.databases():
            self._engine.drop_database(name)
            if self._connection.database == name:
                self._translator.set_current(None, None)
        elif not if_exists:
            raise SnowflakeError("002003", "02000", f"SQL compilation error:\nDatabase '{name}' does not exist or not authorized.")
        return results.status(f"{name} successfully dropped.")

    def _drop_global(self, kind: str, name: QualifiedName, if_exists: bool) -> results.Result:
        if not catalog.exists(self._duck, kind, name) and not if_exists:
            raise SnowflakeError("002003", "02000", f"SQL compilation error:\n{kind.capitalize()} '{name}' does not exist or not authorized.")
        table = "_fs_stages" if kind == "STAGE" else "_fs_file_formats"
        self._duck.execute(
            f"DELETE FROM {_EXT}.{table} WHERE database_name = ? AND schema_name = ? AND name = ?", [name.database, name.schema, name.name]
        )
        return results.status(f"{name.name} successfully dropped.")

    def _rename(self, old: QualifiedName, new: QualifiedName) -> results.Result:
        if (old.database, old.schema) != (new.database, new.schema):
            raise unsupported("RENAME TO another schema")
        if catalog.exists(self._duck, "TABLE", new):
            raise SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{new}' already exists.")
        self._move([(old, new.name)])
        return results.status()

    def _swap(self, left: QualifiedName, right: QualifiedName) -> results.Result:
        if (left.database, left.schema) != (right.database, right.schema):
            raise unsupported("SWAP WITH a table of another schema")
        aside = QualifiedName(left.database, left.schema, f"_SWAP_{left.name}")
        self._move([(left, aside.name), (right, left.name), (aside, right.name)])
        return results.status()

    def _move(self, steps: list[tuple[QualifiedName, str]]) -> None:
        """Rename tables with their history, as one transaction; then the text lengths, which live in another database."""
        for name, _ in steps[:2]:
            if not name.name.startswith("_SWAP_"):
                catalog.columns(self._duck, name)
        self._duck.begin()
        done = False
        try:
            for name, new in steps:
                self._duck.execute(f"ALTER TABLE {name.sql} RENAME TO {quote(new)}")
                history.rename(self._duck, name, new)
            self._duck.commit()
            done = True
        finally:
            if not done:
                self._duck.rollback()
        for name, new in steps:
            self._duck.execute(
                f"UPDATE {_EXT}._fs_columns_ext SET ext_table_name = ? WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?",
                [new, name.database, name.schema, name.name],
            )

    def _copy_lengths(self, source: QualifiedName, target: QualifiedName) -> None:
        self._duck.execute(
            f"""INSERT OR REPLACE INTO {_EXT}._fs_columns_ext
                SELECT ?, ?, ?, ext_column_name, ext_character_maximum_length, ext_character_octet_length
                FROM {_EXT}._fs_columns_ext WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?""",
            [target.database, target.schema, target.name, source.database, source.schema, source.name],
        )


def tables_of(expression: exp.Expr, database: str | None, schema: str | None) -> dict[str, Mode]:
    """The table locks that a DDL statement needs. Creating something that may exist already needs none."""
    kind = str(expression.args.get("kind") or "").upper()
    if kind != "TABLE" or (isinstance(expression, exp.Create) and expression.args.get("exists")):
        return {}
    tables = [table for table in (expression.find(exp.Table),) if table is not None]
    if isinstance(action := _action(expression), exp.SwapTable):
        tables.append(action.this)
    return {str(qualify_table(table, database, schema)): Mode.DDL for table in tables}


def _action(expression: exp.Expr) -> exp.Expr | None:
    actions = expression.args.get("actions") or []
    return actions[0] if isinstance(expression, exp.Alter) and actions else None

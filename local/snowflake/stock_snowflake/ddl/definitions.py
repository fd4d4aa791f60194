"""DDL that fakesnow does not run as Snowflake does."""

from __future__ import annotations

from sqlglot import exp

from stock_snowflake.database import catalog, load_history
from stock_snowflake.database.engine import Engine
from stock_snowflake.database.translator import Translator
from stock_snowflake.ddl import tables
from stock_snowflake.errors import already_exists, not_found, unsupported
from stock_snowflake.sql.keys import with_lengths, without_keys
from stock_snowflake.sql.names import QualifiedName, qualify_table, quote, stored
from stock_snowflake.transactions.locks import Mode
from stock_snowflake.types import results


class Definitions:
    """Executes one session's DDL.

    The caller has committed the open transaction and holds the locks that `locks_of` names.
    """

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
                tables.rename(self._duck, self._name(expression.this), self._name(action.this))
                return results.status()
            if isinstance(action, exp.SwapTable):
                tables.swap(self._duck, self._name(expression.this), self._name(action.this))
                return results.status()
            return self._translator.run(expression)

    def use(self, expression: exp.Expr) -> results.Result:
        """USE. A database brings its PUBLIC schema with it (sql-reference/sql/use-database)."""
        if expression.args.get("kind") is None:
            expression.set("kind", exp.var("SCHEMA" if expression.this.args.get("db") else "DATABASE"))
        answer = self._translator.run(expression)
        if self._connection.database and not self._connection.schema_set:
            self.set_schema(self._connection.database, "PUBLIC")
        return answer

    def set_schema(self, database: str, schema: str | None) -> None:
        """Make the database the session's current one, and the schema too. Either is left out if missing."""
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
            tables.create_like(
                self._duck, name, self._name(like.this), replace=bool(expression.args.get("replace"))
            )
            return results.status(f"Table {name.name} successfully created.")
        answer = self._translator.run(with_lengths(without_keys(expression)))
        load_history.forget(self._duck, name)
        return answer

    def _create_database(self, expression: exp.Create, name: str) -> results.Result:
        if name in self._engine.databases():
            if expression.args.get("exists"):
                return results.status(f"{name} already exists, statement succeeded.")
            raise already_exists(name)
        if expression.args.get("replace"):
            raise unsupported("CREATE OR REPLACE DATABASE")
        answer = self._translator.run(expression)
        self._engine.prepare_database(name)
        # sql-reference/sql/create-database: a new database has a PUBLIC schema and becomes the current one.
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
        if kind == "SCHEMA":
            return self._drop_schema(expression, table)
        answer = self._translator.run(expression)
        if kind == "TABLE":
            load_history.forget(self._duck, self._name(table))
        return answer

    def _drop_database(self, name: str, if_exists: bool) -> results.Result:
        if name in self._engine.databases():
            self._engine.drop_database(name)
            if self._connection.database == name:
                self._translator.set_current(None, None)
        elif not if_exists:
            raise not_found("Database", name)
        return results.status(f"{name} successfully dropped.")

    def _drop_schema(self, expression: exp.Drop, named: exp.Table) -> results.Result:
        """What fakesnow and the load history keep elsewhere goes with it."""
        database = stored(named.args.get("catalog")) or self._connection.database
        schema = stored(named.args.get("db"))
        if database is None:
            return self._translator.run(expression)
        names = catalog.names(self._duck, "TABLE", database, schema)
        answer = self._translator.run(expression)
        for name in names:
            load_history.forget(self._duck, QualifiedName(database, schema, name))
        for table in ("_fs_stages", "_fs_file_formats"):
            self._duck.execute(
                f"DELETE FROM {catalog.GLOBAL}.{table} WHERE database_name = ? AND schema_name = ?",
                [database, schema],
            )
        return answer

    def _drop_global(self, kind: str, name: QualifiedName, if_exists: bool) -> results.Result:
        if not catalog.exists(self._duck, kind, name) and not if_exists:
            raise not_found(kind.capitalize(), str(name))
        table = "_fs_stages" if kind == "STAGE" else "_fs_file_formats"
        self._duck.execute(
            f"DELETE FROM {catalog.GLOBAL}.{table} WHERE database_name = ? AND schema_name = ? AND name = ?",
            [name.database, name.schema, name.name],
        )
        return results.status(f"{name.name} successfully dropped.")


def locks_of(expression: exp.Expr, database: str | None, schema: str | None) -> dict[str, Mode]:
    """The table locks that a DDL statement needs. CREATE IF NOT EXISTS needs none."""
    kind = str(expression.args.get("kind") or "").upper()
    if kind != "TABLE" or (isinstance(expression, exp.Create) and expression.args.get("exists")):
        return {}
    found = [table for table in (expression.find(exp.Table),) if table is not None]
    if isinstance(action := _action(expression), exp.SwapTable):
        found.append(action.this)
    return {str(qualify_table(table, database, schema)): Mode.DDL for table in found}


def _action(expression: exp.Expr) -> exp.Expr | None:
    actions = expression.args.get("actions") or []
    return actions[0] if isinstance(expression, exp.Alter) and actions else None

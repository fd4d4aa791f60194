"""One session's statements, each by its kind, under Snowflake's transaction rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakesnow import statement_type
from sqlglot import exp

from stock_snowflake import copy_into, functions, history, results
from stock_snowflake.copy_statement import parse_copy
from stock_snowflake.definitions import Definitions, tables_of
from stock_snowflake.errors import unsupported
from stock_snowflake.locks import Mode
from stock_snowflake.names import QualifiedName, qualify, qualify_table
from stock_snowflake.parameters import Parameters, alter_session
from stock_snowflake.services import Login, Services
from stock_snowflake.statements import Kind, Statement
from stock_snowflake.transactions import Transaction
from stock_snowflake.translated import Translator

DEFAULT_SCHEMA = "PUBLIC"


class Execution:
    """Not thread-safe: the session runs one statement at a time."""

    def __init__(
        self, session_id: str, login: Login, services: Services, parameters: Parameters, translator: Translator, transaction: Transaction
    ) -> None:
        self._services = services
        self._parameters = parameters
        self._translator = translator
        self._transaction = transaction
        self._definitions = Definitions(services.engine, translator)
        self._context = {"user": login.user, "account": login.account, "session": session_id, "role": login.role, "warehouse": login.warehouse}
        if login.database:
            self._definitions.set_schema(login.database, login.schema or DEFAULT_SCHEMA)
        translator.set_timezone(parameters.timezone)

    def run(self, statement: Statement, rows: Sequence[Sequence[Any]], batch: bool, describe_only: bool) -> results.Result:
        """Run one statement. Raises what `Session.execute` raises; what then becomes of the transaction is the session's to say."""
        kind, transaction = statement.kind, self._transaction
        controls = {Kind.BEGIN: transaction.begin, Kind.COMMIT: transaction.commit, Kind.ROLLBACK: transaction.rollback}
        if kind in controls:
            controls[kind]()
            return results.status(type_id=statement_type.TCL)
        transaction.check_usable()
        if kind is Kind.SESSION:
            return self._alter_session(statement)
        if kind is Kind.ACCEPTED:
            return self._accept(statement)
        if kind is Kind.COPY:
            return self._copy(statement)
        if describe_only:
            return self._translator.describe(self._in_context(statement.parsed))
        if kind is Kind.DDL:
            locks = tables_of(statement.parsed, self._translator.database, self._translator.schema)
            with transaction.changing_catalog(locks, self._parameters.lock_timeout):
                return self._definitions.execute(statement.parsed)
        if kind is Kind.DML:
            return self._change(self._in_context(statement.parsed), rows, batch)
        if isinstance(statement.parsed, exp.Use):
            return self._definitions.use(statement.parsed)
        return self._translator.run(self._in_context(statement.parsed), rows[0])

    def _change(self, expression: exp.Expr, rows: Sequence[Sequence[Any]], batch: bool) -> results.Result:
        table = self._target(expression)
        overwrites = bool(expression.args.get("overwrite"))
        mode = Mode.INSERT if isinstance(expression, exp.Insert) and not overwrites else Mode.WRITE
        # An overwriting INSERT becomes a DELETE and an INSERT; an array binding a statement a row.
        steps = 2 if overwrites or batch else 1
        self._begin_if_needed()
        with self._transaction.writing({str(table): mode}, self._parameters.lock_timeout, steps):
            if batch:
                return self._translator.run_batch(expression, rows)
            if isinstance(expression, exp.TruncateTable):
                # sql-reference/sql/truncate-table: "deletes the load metadata for the table".
                history.forget(self._translator.duck, table)
            return self._translator.run(expression, rows[0])

    def _copy(self, statement: Statement) -> results.Result:
        services, duck = self._services, self._translator.duck
        copy = parse_copy(statement)
        target = copy_into.resolve(copy, duck, self._qualify)
        self._begin_if_needed()
        # Without FORCE two COPYs of the same file must see each other's marks, so they take turns.
        mode = Mode.INSERT if copy.force else Mode.WRITE
        with (
            self._transaction.writing({str(target.table): mode}, self._parameters.lock_timeout),
            services.engine.scratch(self._parameters.timezone) as scratch,
        ):
            load = copy_into.read(target, duck, scratch, services.store, services.now)
            answer = copy_into.insert(target, load, duck, services.now())
        if not answer:
            return results.status(copy_into.NOTHING_TO_DO, statement_type.COPY)
        return results.from_rows(copy_into.RESULT_COLUMNS, answer, statement_type.COPY)

    def _alter_session(self, statement: Statement) -> results.Result:
        before = self._parameters.autocommit
        alter_session(statement, self._parameters)
        if self._parameters.autocommit and not before:
            self._transaction.commit()
        self._translator.set_timezone(self._parameters.timezone)
        return results.status()

    def _accept(self, statement: Statement) -> results.Result:
        words = [token.text for token in statement.tokens]
        if words[0].upper() == "USE" and words[1].upper() in ("ROLE", "WAREHOUSE"):
            self._context[words[1].lower()] = words[2].upper()
        return results.status()

    def _begin_if_needed(self) -> None:
        if not self._parameters.autocommit:
            self._transaction.begin()

    def _in_context(self, expression: exp.Expr) -> exp.Expr:
        context = self._context | {"database": self._translator.database, "schema": self._translator.schema}
        return functions.substitute(expression, context, self._services.now())

    def _qualify(self, parts: list[str]) -> QualifiedName:
        return qualify(parts, self._translator.database, self._translator.schema)

    def _target(self, expression: exp.Expr) -> QualifiedName:
        table = expression.expressions[0] if isinstance(expression, exp.TruncateTable) else expression.this
        table = table if isinstance(table, exp.Table) else table.find(exp.Table)
        if table is None:
            raise unsupported("this form of the statement")
        return qualify_table(table, self._translator.database, self._translator.schema)

"""One session's statements, each by its kind, under Snowflake's transaction rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakesnow import statement_type
from sqlglot import exp

from stock_snowflake.account.administration import Administration
from stock_snowflake.account.integrations import check_stage
from stock_snowflake.copy import copy_into
from stock_snowflake.database import load_history
from stock_snowflake.database.translator import Translator
from stock_snowflake.ddl.definitions import Definitions, locks_of
from stock_snowflake.errors import SnowflakeError, unsupported, without_place
from stock_snowflake.sessions.parameters import Parameters, alter_session
from stock_snowflake.sessions.services import Login, Services
from stock_snowflake.sql import functions, refusals
from stock_snowflake.sql.copy_statement import parse_copy
from stock_snowflake.sql.names import QualifiedName, qualify, qualify_table
from stock_snowflake.sql.statements import Kind, Statement
from stock_snowflake.transactions.locks import Mode
from stock_snowflake.transactions.transaction import Transaction
from stock_snowflake.types import results

DEFAULT_SCHEMA = "PUBLIC"


class Execution:
    """One session's execution of statements. Not thread-safe: the session runs one statement at a time."""

    def __init__(
        self,
        session_id: str,
        login: Login,
        services: Services,
        parameters: Parameters,
        translator: Translator,
        transaction: Transaction,
    ) -> None:
        self._services = services
        self._parameters = parameters
        self._translator = translator
        self._transaction = transaction
        self._definitions = Definitions(services.engine, translator)
        self._administration = Administration(
            services.account, services.engine, translator.duck, self._qualify
        )
        self._context = {
            "user": login.user,
            "account": login.account,
            "session": session_id,
            "role": login.role,
            "warehouse": login.warehouse,
        }
        if login.database:
            self._definitions.set_schema(login.database, login.schema or DEFAULT_SCHEMA)
        translator.set_timezone(parameters.timezone)

    def run(
        self, statement: Statement, rows: Sequence[Sequence[Any]], batch: bool, describe_only: bool
    ) -> results.Result:
        """Run one statement. Raises what `Session.execute` raises.

        After an error the session decides about the transaction.
        """
        kind, transaction = statement.kind, self._transaction
        controls = {
            Kind.BEGIN: transaction.begin,
            Kind.COMMIT: transaction.commit,
            Kind.ROLLBACK: transaction.rollback,
        }
        if kind in controls:
            controls[kind]()
            return results.status(type_id=statement_type.TCL)
        transaction.check_usable()
        refusals.check(statement, rows, self._services.edition)
        if kind is Kind.SESSION:
            return self._alter_session(statement)
        if kind is Kind.ACCEPTED:
            return self._accept(statement)
        if kind is Kind.ACCOUNT:
            return self._administer(statement)
        if kind is Kind.COPY:
            return self._copy(statement)
        if describe_only:
            return self._translator.describe(self._in_context(statement.parsed))
        if kind is Kind.DDL:
            locks = locks_of(statement.parsed, self._translator.database, self._translator.schema)
            check_stage(self._services.account, statement.tokens)
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
        # An overwriting INSERT becomes a DELETE and an INSERT, an array binding one statement a row.
        steps = 2 if overwrites or batch else 1
        self._begin_if_needed()
        with self._transaction.writing({str(table): mode}, self._parameters.lock_timeout, steps):
            if batch:
                return self._translator.run_batch(expression, rows)
            if isinstance(expression, exp.TruncateTable):
                # sql-reference/sql/truncate-table: "deletes the load metadata for the table".
                load_history.forget(self._translator.duck, table)
            return self._translator.run(expression, rows[0])

    def _copy(self, statement: Statement) -> results.Result:
        services, duck = self._services, self._translator.duck
        copy = parse_copy(statement)
        target = copy_into.resolve(copy, duck, self._qualify)
        self._begin_if_needed()
        # Without FORCE two COPYs of one file must see each other's load history, so they run one by one.
        mode = Mode.INSERT if copy.force else Mode.WRITE
        with (
            self._transaction.writing({str(target.table): mode}, self._parameters.lock_timeout),
            services.engine.scratch(self._parameters.timezone) as scratch,
        ):
            try:
                load = copy_into.read(target, duck, scratch, services.store, services.now)
            except SnowflakeError as error:
                raise (without_place(error) if services.copy_errors == "bare" else error) from None
            answer = copy_into.insert(target, load, duck, services.now())
            self._transaction.loads(str(target.table), [file.address for file in load.files])
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

    def _administer(self, statement: Statement) -> results.Result:
        role, warehouse = self._context["role"], self._context["warehouse"]
        if statement.tokens[0].text.upper() in ("SHOW", "DESC", "DESCRIBE"):
            return self._administration.run(statement, role, warehouse)
        with self._transaction.changing_catalog({}, self._parameters.lock_timeout):
            return self._administration.run(statement, role, warehouse)

    def _accept(self, statement: Statement) -> results.Result:
        words = [token.text for token in statement.tokens]
        if words[0].upper() == "USE" and words[1].upper() in ("ROLE", "WAREHOUSE"):
            self._services.account.check(words[1].upper(), words[2].upper())
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

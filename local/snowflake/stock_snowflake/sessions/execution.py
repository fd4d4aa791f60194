"""One session's statements, each by its kind, under Snowflake's transaction rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fakesnow import statement_type
from sqlglot import exp

from stock_snowflake.account.administration import Administration
from stock_snowflake.account.integrations import check_stage
from stock_snowflake.account.rights import Rights
from stock_snowflake.account.visibility import only_visible, shown
from stock_snowflake.copy import copy_into
from stock_snowflake.database import catalog, load_history
from stock_snowflake.database.translator import Translator
from stock_snowflake.ddl.definitions import Definitions, locks_of
from stock_snowflake.errors import SnowflakeError, of_no_known_number, unsupported, without_place
from stock_snowflake.sessions.parameters import Parameters, alter_session
from stock_snowflake.sessions.services import Login, Services
from stock_snowflake.sql import functions, refusals
from stock_snowflake.sql.copy_statement import parse_copy
from stock_snowflake.sql.names import QualifiedName, qualify, qualify_table
from stock_snowflake.sql.needs import Need, altered
from stock_snowflake.sql.statements import Kind, Statement
from stock_snowflake.transactions.locks import Mode
from stock_snowflake.transactions.transaction import Transaction
from stock_snowflake.types import results

DEFAULT_SCHEMA = "PUBLIC"
_COPY_ERRORS: dict[str, Callable[[SnowflakeError], SnowflakeError]] = {
    "named": lambda error: error,
    "bare": without_place,
    "unknown": of_no_known_number,
}
"""What COPY_ERRORS makes of a failed COPY."""


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
        self._rights = Rights(services.account, translator.duck, self._qualify, login)
        self._administration = Administration(
            services.account, services.engine, translator.duck, self._qualify, self._rights
        )
        self._context = {"user": login.user, "account": login.account, "session": session_id}
        if login.database and self._rights.may_use(login.database):
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
        self._rights.check_statement(statement.parsed)
        if describe_only:
            return self._translator.describe(self._in_context(statement.parsed))
        if kind is Kind.DDL:
            return self._define(statement)
        if kind is Kind.DML:
            return self._change(self._in_context(statement.parsed), rows, batch)
        if isinstance(statement.parsed, exp.Use):
            return self._definitions.use(statement.parsed)
        return self._query(statement.parsed, rows[0])

    def _query(self, expression: exp.Expr, row: Sequence[Any]) -> results.Result:
        access, database = self._rights.access(), self._translator.database
        if access is None:
            return self._translator.run(self._in_context(expression), row)
        found = only_visible(expression, access, self._translator.duck, database)
        answer = self._translator.run(self._in_context(found), row)
        if isinstance(expression, exp.Show):
            return shown(answer, access, expression.name.upper(), database)
        return answer

    def _define(self, statement: Statement) -> results.Result:
        expression, duck = statement.parsed, self._translator.duck
        locks = locks_of(expression, self._translator.database, self._translator.schema)
        integration = check_stage(self._services.account, statement.tokens)
        if integration:
            self._rights.check([Need("USAGE", "INTEGRATION", (integration,))])
        with self._transaction.changing_catalog(locks, self._parameters.lock_timeout):
            was_there = self._rights.before(expression)
            answer = self._definitions.execute(expression)
            with self._services.engine.ddl_lock:
                self._rights.after(expression, was_there)
                if integration and not was_there:
                    catalog.set_stage_integration(duck, self._name(expression.this), integration)
        return answer

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
        self._rights.check_copy(copy)
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
                raise _COPY_ERRORS[services.copy_errors](error) from None
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
        if statement.tokens[0].text.upper() in ("SHOW", "DESC", "DESCRIBE"):
            return self._administration.run(statement)
        with self._transaction.changing_catalog({}, self._parameters.lock_timeout):
            return self._administration.run(statement)

    def _accept(self, statement: Statement) -> results.Result:
        words = [token.text.upper() for token in statement.tokens]
        if words[0] == "USE":
            uses = {"ROLE": self._rights.use_role, "WAREHOUSE": self._rights.use_warehouse}
            uses.get(words[1], self._rights.use_secondary)(words[-1])
        elif words[0] == "ALTER":
            self._rights.check([altered(statement.tokens)])
        return results.status()

    def _begin_if_needed(self) -> None:
        if not self._parameters.autocommit:
            self._transaction.begin()

    def _in_context(self, expression: exp.Expr) -> exp.Expr:
        context = self._context | {
            "database": self._translator.database,
            "schema": self._translator.schema,
            "role": self._rights.role,
            "warehouse": self._rights.warehouse,
        }
        return functions.substitute(expression, context, self._services.now())

    def _qualify(self, parts: list[str]) -> QualifiedName:
        return qualify(parts, self._translator.database, self._translator.schema)

    def _target(self, expression: exp.Expr) -> QualifiedName:
        return self._name(
            expression.expressions[0] if isinstance(expression, exp.TruncateTable) else expression.this
        )

    def _name(self, expression: exp.Expr) -> QualifiedName:
        table = expression if isinstance(expression, exp.Table) else expression.find(exp.Table)
        if table is None:
            raise unsupported("this form of the statement")
        return qualify_table(table, self._translator.database, self._translator.schema)

"""The check of what the loader lacks in Snowflake, made with its own rights, and the statement that gives it.

A right is tried, not looked up. The statement that needs it runs on no rows, in a transaction that is rolled
back. So an inherited right counts, and a granted right that does not help (no USAGE on the schema) does not.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from stock_common.ledger import LEASE
from stock_common.run import FatalError
from stock_objects.errors import ObjectError
from stock_sf_loader.account.grants import LOADER_RIGHTS, REPAIRS
from stock_sf_loader.account.privileges import columns_and_views, trial
from stock_sf_loader.account.schema import values
from stock_sf_loader.account.spending import monitor, quota, spending, too_little
from stock_sf_loader.columns import columns
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load import copy_into, ledger
from stock_sf_loader.load.ledger import Session
from stock_warehouse.errors import LockTimeout, StatementError

OK, MISSING, ADVICE, UNKNOWN = "ok", "missing", "advice", "unknown"
ABSENT = "is not there, or the role may not use it"
UNSEEN = "is not there, or the role may not see it"
MIGRATE = "stock-sf-loader migrate"
"""With SNOWFLAKE_ROLE set to the owner's role."""
SESSION = """\
SELECT CURRENT_USER() AS USER_NAME, CURRENT_ROLE() AS ROLE_NAME, CURRENT_WAREHOUSE() AS WAREHOUSE_NAME,
  CURRENT_DATABASE() AS DATABASE_NAME"""
SCHEMAS = "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME IN ('RAW', 'ANALYTICS')"
RELATIONS = """\
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA IN ('RAW', 'ANALYTICS')
UNION
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA IN ('RAW', 'ANALYTICS')"""
Find = Callable[[], tuple[str, str] | None]
"""Topic and key of any object on S3, None when there is none yet. Raises ObjectError, FatalError."""


class Check(NamedTuple):
    """The result for one thing.

    state: ok, missing (loading or repairing cannot work), advice, or unknown.
    reason: why it is not ok.
    run: the statements or commands that correct it, in order.
    """

    what: str
    state: str
    reason: str = ""
    run: tuple[str, ...] = ()


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


class Verifier:
    """Looks at the database of `settings`. `session` is one for a writer."""

    def __init__(self, session: Session, settings: LoaderSettings, find: Find) -> None:
        self._session, self._settings, self._find = session, settings, find
        self._role = (settings.snowflake_role or "").upper()
        self._database = settings.snowflake_database.upper()

    def checks(self) -> Iterator[Check]:
        """Every check, each after those it builds on. Raises WarehouseUnavailable."""
        try:
            row = self._session.query(SESSION)[0]
        except FatalError as error:
            yield self._no_sign_in(str(error))
            return
        self._role = self._role or str(row["role_name"] or "PUBLIC")
        yield Check("sign-in", OK, f"as {row['user_name']}, role {row['role_name']}")
        yield self._warehouse(row["warehouse_name"])
        what = f"database {self._database}"
        if row["database_name"] is None:
            made = f"CREATE DATABASE IF NOT EXISTS {self._database};"
            yield Check(what, MISSING, ABSENT, (made, self._grant("USAGE", what.upper())))
            return
        yield Check(what, OK)
        schemas = {found["schema_name"] for found in self._session.query(SCHEMAS)}
        yield from (self._schema(name, name in schemas) for name in ("RAW", "ANALYTICS"))
        if "RAW" in schemas:
            rows = self._session.query(RELATIONS)
            yield from self._raw({f"{found['table_schema']}.{found['table_name']}" for found in rows})

    def _grant(self, rights: str, on: str) -> str:
        return f"GRANT {rights} ON {on} TO ROLE {self._role};"

    def _raw(self, relations: set[str]) -> Iterator[Check]:
        expected, views = columns_and_views(self._settings)
        for table, names in expected.items():
            yield from self._table(table, names, table in relations)
        if LEASE in relations:
            yield self._lease()
        yield self._create_table()
        yield from self._stage()
        yield self._views(sorted(views - relations))

    def _views(self, absent: list[str]) -> Check:
        if not absent:
            return Check("views", OK)
        why = "not there, or the role may not see them; the loader does not need them, readers do"
        grant = self._grant("SELECT", f"ALL VIEWS IN SCHEMA {self._database}.ANALYTICS")
        return Check("views", ADVICE, f"{', '.join(absent)}: {why}", (MIGRATE, grant))

    def _no_sign_in(self, reason: str) -> Check:
        user, role = self._settings.snowflake_user, self._role or "..."
        run = (f"GRANT ROLE {role} TO USER {user};", f"ALTER USER {user} SET RSA_PUBLIC_KEY = '...';")
        return Check("sign-in", MISSING, reason, run)

    def _warehouse(self, name: str | None) -> Check:
        wanted = (self._settings.snowflake_warehouse or name or "").upper()
        if not wanted:
            run = (f"ALTER USER {self._settings.snowflake_user} SET DEFAULT_WAREHOUSE = ...;",)
            return Check("warehouse", MISSING, "none: set SNOWFLAKE_WAREHOUSE, or give the user one", run)
        what = f"warehouse {wanted}"
        if name is None:
            return Check(what, MISSING, ABSENT, (self._grant("USAGE", f"WAREHOUSE {wanted}"),))
        try:
            rows = self._session.query(f"SHOW WAREHOUSES LIKE '{wanted}'")
        except (StatementError, FatalError) as error:
            return Check(what, UNKNOWN, f"its settings cannot be read: {error}")
        found = next((row for row in rows if str(row.get("name", "")).upper() == wanted), None)
        if found is None:
            return Check(what, UNKNOWN, "its settings are not shown")
        return self._costs(what, wanted, found)

    def _costs(self, what: str, name: str, found: Mapping[str, Any]) -> Check:
        reason, run = spending(name, found)
        if scarce := self._scarce(monitor(found)):
            most = quota(self._settings.load_interval_seconds)
            run = (*run, f"ALTER RESOURCE MONITOR {monitor(found)} SET CREDIT_QUOTA = {most};")
        reasons = "; ".join(filter(None, (reason, scarce)))
        return Check(what, ADVICE, reasons, run) if reasons else Check(what, OK)

    def _scarce(self, name: str) -> str:
        """Why the monitor would stop a month's loads. Empty too where the role may not see it."""
        if not name:
            return ""
        try:
            rows = self._session.query(f"SHOW RESOURCE MONITORS LIKE '{name}'")
        except (StatementError, FatalError):
            return ""
        found = next((row for row in rows if str(row.get("name", "")).upper() == name.upper()), {})
        return too_little(found, self._settings.load_interval_seconds)

    def _schema(self, schema: str, is_there: bool) -> Check:
        what = f"schema {schema}"
        if is_there:
            return Check(what, OK)
        name = f"{self._database}.{schema}"
        is_raw = schema == "RAW"
        grant = self._grant("USAGE, CREATE TABLE" if is_raw else "USAGE", f"SCHEMA {name}")
        run = (f"CREATE SCHEMA IF NOT EXISTS {name};", grant)
        if is_raw:
            return Check(what, MISSING, ABSENT, run)
        return Check(what, ADVICE, f"{ABSENT}; the loader does not need it, readers do", run)

    def _table(self, table: str, names: set[str], is_there: bool) -> Iterator[Check]:
        rights = LOADER_RIGHTS[table]
        on, what = f"TABLE {self._database}.{table}", f"table {table}"
        if not is_there:
            yield Check(what, MISSING, UNSEEN, (MIGRATE, self._grant(", ".join(rights), on)))
            return
        absent = sorted(names - {column.name for column in columns(self._session, table)})
        yield Check(what, MISSING, f"lacks {', '.join(absent)}", (MIGRATE,)) if absent else Check(what, OK)
        for right in rights:
            purpose = ", for repairs" if (table, right) in REPAIRS else ""
            yield self._tried_check(
                f"{right} on {table}{purpose}", trial(table, right), self._grant(right, on)
            )

    def _tried_check(self, what: str, sql: str, grant: str) -> Check:
        reason = self._refusal(sql)
        return Check(what, MISSING, reason, (grant,)) if reason else Check(what, OK)

    def _refusal(self, sql: str) -> str:
        """Snowflake's error for the statement, empty when there is none. Nothing of the statement remains."""
        try:
            with suppress(_Undo), self._session.transaction():
                self._session.execute(sql)
                raise _Undo
        except LockTimeout:
            # Snowflake checks the right before it asks for a lock, so the right is there.
            return ""
        except (FatalError, StatementError) as error:
            return str(error)
        return ""

    def _lease(self) -> Check:
        try:
            ledger.holds_lease(self._session, "")
        except FatalError as error:
            return Check("lease", MISSING, str(error), (MIGRATE,))
        return Check("lease", OK)

    def _create_table(self) -> Check:
        name = f"RAW.LOADER_VERIFY_{uuid.uuid4().hex.upper()}"
        what = "CREATE TABLE in RAW, for rebuild"
        try:
            self._session.execute(f"CREATE TABLE {name} (N NUMBER(1, 0))")
            self._session.execute(f"DROP TABLE {name}")
        except (FatalError, StatementError) as error:
            grant = self._grant("CREATE TABLE", f"SCHEMA {self._database}.RAW")
            return Check(what, MISSING, str(error), (grant,))
        return Check(what, OK)

    def _stage(self) -> Iterator[Check]:
        given = values(self._settings)
        stage = f"RAW.{given['stage'].upper()}"
        what, grant = f"stage {stage}", self._grant("USAGE", f"STAGE {self._database}.{stage}")
        rows = self._session.query(f"SHOW STAGES LIKE '{given['stage']}' IN SCHEMA RAW")
        urls = [row["url"] for row in rows if f"RAW.{row['name'].upper()}" == stage]
        if not urls:
            yield Check(what, MISSING, UNSEEN, (MIGRATE, grant))
        elif urls[0] != given["stage_url"]:
            run = (f"DROP STAGE {self._database}.{stage};", MIGRATE)
            yield Check(what, MISSING, f"points at {urls[0]}, not at {given['stage_url']}", run)
        else:
            yield Check(what, OK)
            yield self._readable(stage, grant)

    def _readable(self, stage: str, grant: str) -> Check:
        what = f"reading {stage}"
        try:
            found = self._find()
        except (ObjectError, FatalError) as error:
            return Check(what, UNKNOWN, f"the loader itself cannot list the bucket: {error}")
        if found is None:
            return Check(what, UNKNOWN, "no object is on S3 yet: run this again after the sink's first flush")
        topic, key = found
        reason = self._refusal(copy_into.statement(topic, stage.removeprefix("RAW."), [key]))
        if not reason:
            return Check(what, OK, key)
        integration = (self._settings.snowflake_storage_integration or "...").upper()
        used = self._grant("USAGE", f"INTEGRATION {integration}")
        hint = "Where the rights are there, the role on AWS does not trust what DESC INTEGRATION shows."
        return Check(what, MISSING, f"{reason} {hint}", (grant, used, f"DESC INTEGRATION {integration};"))

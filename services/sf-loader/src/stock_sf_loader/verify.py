"""What the loader lacks in Snowflake, found out with its own rights, and the statement that gives it.

A right is tried, not looked up: the statement that needs it runs on no rows, in a transaction that is rolled back. So what a role inherits
counts, and a right that is granted but does not help (no USAGE on the schema) does not.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from stock_common.run import FatalError
from stock_objects.errors import ObjectError
from stock_sf_loader import checksum, copy_into, ledger
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.grants import LEASE, LOADER_RIGHTS, REPAIRS
from stock_sf_loader.ledger import Session
from stock_sf_loader.migrations import values
from stock_sf_loader.probes import columns_and_views, spending, trial
from stock_warehouse.errors import LockTimeout, StatementError

OK, MISSING, ADVICE, UNKNOWN = "ok", "missing", "advice", "unknown"
MIGRATE = "stock-sf-loader migrate"
"""With SNOWFLAKE_ROLE set to the owner's role."""
SESSION = """\
SELECT CURRENT_USER() AS USER_NAME, CURRENT_ROLE() AS ROLE_NAME, CURRENT_WAREHOUSE() AS WAREHOUSE_NAME, CURRENT_DATABASE() AS DATABASE_NAME"""
SCHEMAS = "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME IN ('RAW', 'ANALYTICS')"
RELATIONS = """\
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA IN ('RAW', 'ANALYTICS')
UNION SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA IN ('RAW', 'ANALYTICS')"""
Find = Callable[[], tuple[str, str] | None]
"""Topic and key of some object that is on S3; None: there is none yet. Raises ObjectError, FatalError."""


class Check(NamedTuple):
    """`state`: ok; missing (the loader or a repair cannot work); advice; unknown. `run` are the statements or commands that mend it, in order."""

    what: str
    state: str
    said: str = ""
    run: tuple[str, ...] = ()


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


class Verifier:
    """Looks at the database of `settings`. `session` is one for a writer (stock_warehouse.session, transactional)."""

    def __init__(self, session: Session, settings: LoaderSettings, find: Find) -> None:
        self._session, self._settings, self._find = session, settings, find
        self._role = (settings.snowflake_role or "").upper()
        self._database = settings.snowflake_database.upper()

    def checks(self) -> Iterator[Check]:
        """Every check, in the order in which things build on each other. Raises WarehouseUnavailable when Snowflake does not answer."""
        try:
            row = self._session.query(SESSION)[0]
        except FatalError as error:
            yield self._no_sign_in(str(error))
            return
        self._role = self._role or str(row["role_name"] or "PUBLIC")
        yield Check("sign-in", OK, f"as {row['user_name']}, role {row['role_name']}")
        yield self._warehouse(row["warehouse_name"])
        if row["database_name"] is None:
            run = (f"CREATE DATABASE IF NOT EXISTS {self._database};", f"GRANT USAGE ON DATABASE {self._database} TO ROLE {self._role};")
            yield Check(f"database {self._database}", MISSING, "is not there, or the role may not use it", run)
            return
        yield Check(f"database {self._database}", OK)
        schemas = {found["schema_name"] for found in self._session.query(SCHEMAS)}
        yield from self._schemas(schemas)
        if "RAW" in schemas:
            yield from self._raw({f"{found['table_schema']}.{found['table_name']}" for found in self._session.query(RELATIONS)})

    def _raw(self, relations: set[str]) -> Iterator[Check]:
        expected, views = columns_and_views(self._settings)
        for table, names in expected.items():
            yield from self._table(table, names, table in relations)
        if LEASE in relations:
            yield self._lease()
        yield self._create_table()
        yield from self._stage()
        if absent := sorted(views - relations):
            said = f"{', '.join(absent)}: not there, or the role may not see them; the loader does not need them, readers do"
            yield Check("views", ADVICE, said, (MIGRATE, f"GRANT SELECT ON ALL VIEWS IN SCHEMA {self._database}.ANALYTICS TO ROLE {self._role};"))
        else:
            yield Check("views", OK)

    def _no_sign_in(self, said: str) -> Check:
        user, role = self._settings.snowflake_user, self._role or "..."
        run = (f"GRANT ROLE {role} TO USER {user};", f"ALTER USER {user} SET RSA_PUBLIC_KEY = '...';")
        return Check("sign-in", MISSING, said, run)

    def _warehouse(self, name: str | None) -> Check:
        wanted = (self._settings.snowflake_warehouse or name or "").upper()
        if not wanted:
            run = (f"ALTER USER {self._settings.snowflake_user} SET DEFAULT_WAREHOUSE = ...;",)
            return Check("warehouse", MISSING, "none: set SNOWFLAKE_WAREHOUSE, or give the user one", run)
        what = f"warehouse {wanted}"
        if name is None:
            return Check(what, MISSING, "is not there, or the role may not use it", (f"GRANT USAGE ON WAREHOUSE {wanted} TO ROLE {self._role};",))
        try:
            rows = self._session.query(f"SHOW WAREHOUSES LIKE '{wanted}'")
        except (StatementError, FatalError) as error:
            return Check(what, UNKNOWN, f"its settings cannot be read: {error}")
        found = next((row for row in rows if str(row.get("name", "")).upper() == wanted), None)
        if found is None:
            return Check(what, UNKNOWN, "its settings are not shown")
        said, run = spending(wanted, found)
        return Check(what, ADVICE, said, run) if said else Check(what, OK)

    def _schemas(self, there: set[str]) -> Iterator[Check]:
        for schema, rights in {"RAW": "USAGE, CREATE TABLE", "ANALYTICS": "USAGE"}.items():
            if schema in there:
                yield Check(f"schema {schema}", OK)
                continue
            name = f"{self._database}.{schema}"
            run = (f"CREATE SCHEMA IF NOT EXISTS {name};", f"GRANT {rights} ON SCHEMA {name} TO ROLE {self._role};")
            state, more = (MISSING, "") if schema == "RAW" else (ADVICE, "; the loader does not need it, readers do")
            yield Check(f"schema {schema}", state, f"is not there, or the role may not use it{more}", run)

    def _table(self, table: str, names: set[str], there: bool) -> Iterator[Check]:
        rights = LOADER_RIGHTS[table]
        grant = f"GRANT {{}} ON TABLE {self._database}.{table} TO ROLE {self._role};"
        if not there:
            run = (MIGRATE, grant.format(", ".join(rights)))
            yield Check(f"table {table}", MISSING, "is not there, or the role may not see it", run)
            return
        absent = sorted(names - {column.name for column in checksum.columns(self._session, table)})
        yield Check(f"table {table}", MISSING, f"lacks {', '.join(absent)}", (MIGRATE,)) if absent else Check(f"table {table}", OK)
        for right in rights:
            what = f"{right} on {table}{', for repairs' if (table, right) in REPAIRS else ''}"
            said = self._tried(trial(table, right))
            yield Check(what, MISSING, said, (grant.format(right),)) if said else Check(what, OK)

    def _tried(self, sql: str) -> str:
        """What Snowflake says against the statement; nothing of it remains. Empty: nothing."""
        try:
            with suppress(_Undo), self._session.transaction():
                self._session.execute(sql)
                raise _Undo
        except LockTimeout:
            # Who may not is told so before a lock is asked for.
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
            return Check(what, MISSING, str(error), (f"GRANT CREATE TABLE ON SCHEMA {self._database}.RAW TO ROLE {self._role};",))
        return Check(what, OK)

    def _stage(self) -> Iterator[Check]:
        given = values(self._settings)
        stage = f"RAW.{given['stage'].upper()}"
        grant = f"GRANT USAGE ON STAGE {self._database}.{stage} TO ROLE {self._role};"
        rows = [row for row in self._session.query(f"SHOW STAGES LIKE '{given['stage']}' IN SCHEMA RAW") if f"RAW.{row['name'].upper()}" == stage]
        if not rows:
            yield Check(f"stage {stage}", MISSING, "is not there, or the role may not see it", (MIGRATE, grant))
            return
        if rows[0]["url"] != given["stage_url"]:
            run = (f"DROP STAGE {self._database}.{stage};", MIGRATE)
            yield Check(f"stage {stage}", MISSING, f"points at {rows[0]['url']}, not at {given['stage_url']}", run)
            return
        yield Check(f"stage {stage}", OK)
        yield self._readable(stage, grant)

    def _readable(self, stage: str, grant: str) -> Check:
        what = f"reading {stage}"
        try:
            found = self._find()
        except (ObjectError, FatalError) as error:
            return Check(what, UNKNOWN, f"the loader itself cannot list the bucket: {error}")
        if found is None:
            return Check(what, UNKNOWN, "no object is on S3 yet: run this again after the sink's first flush")
        said = self._tried(copy_into.statement(found[0], stage.removeprefix("RAW."), [found[1]]))
        if not said:
            return Check(what, OK, found[1])
        integration = (self._settings.snowflake_storage_integration or "...").upper()
        run = (grant, f"GRANT USAGE ON INTEGRATION {integration} TO ROLE {self._role};", f"DESC INTEGRATION {integration};")
        return Check(what, MISSING, f"{said} Where the rights are there, the role on AWS does not trust what DESC INTEGRATION shows.", run)

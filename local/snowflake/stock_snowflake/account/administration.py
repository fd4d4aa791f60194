"""Runs the statements of the account's administrator."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import duckdb
from fakesnow import statement_type

from stock_snowflake.account.rights import Rights
from stock_snowflake.account.store import OWNERSHIP, Account, AccountObject, Grant
from stock_snowflake.database import catalog
from stock_snowflake.database.engine import Engine
from stock_snowflake.errors import not_found, syntax_error
from stock_snowflake.sql.account_statement import AccountStatement, parse_account
from stock_snowflake.sql.grant_statement import GrantStatement, parse_grant
from stock_snowflake.sql.names import QualifiedName
from stock_snowflake.sql.needs import IN_SCHEMA, Need
from stock_snowflake.sql.statements import Statement
from stock_snowflake.types import results

PRINCIPAL = "arn:aws:iam::000000000000:user/local"
"""The IAM user that DESC INTEGRATION shows. Nobody here assumes a role."""
_NAMED = {"RESOURCE_MONITOR": "RESOURCE MONITOR", "NETWORK_POLICY": "NETWORK POLICY"}
"""Property → the kind of object that it names, which must exist."""
WAREHOUSES = (
    *(("name", "VARCHAR"), ("state", "VARCHAR"), ("type", "VARCHAR"), ("size", "VARCHAR")),
    *(("is_default", "VARCHAR"), ("is_current", "VARCHAR"), ("auto_suspend", "BIGINT")),
    *(("auto_resume", "VARCHAR"), ("owner", "VARCHAR"), ("comment", "VARCHAR")),
    *(("enable_query_acceleration", "VARCHAR"), ("resource_monitor", "VARCHAR")),
    *(("resource_constraint", "VARCHAR"), ("generation", "VARCHAR")),
)
"""Columns of SHOW WAREHOUSES: some of those that its page names."""
MONITORS = (
    ("name", "VARCHAR"),
    ("credit_quota", "VARCHAR"),
    ("used_credits", "VARCHAR"),
    ("owner", "VARCHAR"),
)
GRANTS = (
    *(("privilege", "VARCHAR"), ("granted_on", "VARCHAR"), ("name", "VARCHAR"), ("granted_to", "VARCHAR")),
    ("grantee_name", "VARCHAR"),
)
_DESCRIBED = (
    *(("property", "VARCHAR"), ("property_type", "VARCHAR"), ("property_value", "VARCHAR")),
    ("property_default", "VARCHAR"),
)


class Administration:
    """One session's statements on the account. qualify: completes a name by the session's database."""

    def __init__(
        self,
        account: Account,
        engine: Engine,
        duck: duckdb.DuckDBPyConnection,
        qualify: Callable[[list[str]], QualifiedName],
        rights: Rights,
    ) -> None:
        self._account, self._engine, self._duck, self._qualify = account, engine, duck, qualify
        self._rights = rights

    def run(self, statement: Statement) -> results.Result:
        """Raises SnowflakeError for what is wrong in the statement or names what is not there."""
        first = statement.tokens[0].text.upper()
        if first in ("GRANT", "REVOKE"):
            self._grant(parse_grant(statement.tokens))
            return results.status()
        if first == "SHOW":
            return self._show(statement)
        read = parse_account(statement.tokens)
        if read.action == "DESCRIBE":
            return self._describe(read)
        with self._engine.ddl_lock:
            return results.status(self._change(read))

    def _change(self, read: AccountStatement) -> str:
        account, role = self._account, self._rights.role or "ACCOUNTADMIN"
        is_there = account.exists(read.kind, read.name)
        self._check_named(read)
        self._check_allowed(read)
        if read.action == "CREATE":
            if is_there and read.lenient:
                return f"{read.name} already exists, statement succeeded."
            account.add(AccountObject(read.kind, read.name, role, read.properties))
            return f"{read.kind.capitalize()} {read.name} successfully created."
        if not is_there and read.lenient:
            return "Statement executed successfully."
        old = account.get(read.kind, read.name)
        if read.action == "DROP":
            account.drop(read.kind, read.name)
            return f"{read.name} successfully dropped."
        kept = {name: value for name, value in old.properties.items() if name not in read.unset}
        account.put(AccountObject(old.kind, old.name, old.owner, kept | read.properties))
        return "Statement executed successfully."

    def _check_allowed(self, read: AccountStatement) -> None:
        if read.action == "CREATE":
            self._rights.check([Need(f"CREATE {read.kind}", "ACCOUNT", ())])
        elif self._account.exists(read.kind, read.name):
            change = "MODIFY" if read.properties or read.unset else "OPERATE"
            privilege = change if read.action == "ALTER" else "OWNERSHIP"
            self._rights.check([Need(privilege, _granted(read.kind), (read.name,))])

    def _check_named(self, read: AccountStatement) -> None:
        for name, kind in _NAMED.items():
            if (value := read.properties.get(name)) not in (None, "NULL"):
                self._account.check(kind, str(value).upper())

    def _grant(self, read: GrantStatement) -> None:
        self._account.check(read.to_kind, read.to)
        change = self._account.revoke if read.revoke else self._account.grant
        future = read.every == "FUTURE"
        for name in self._names(read):
            self._check_grantor("SCHEMA" if future and read.place == "SCHEMA" else read.kind, name)
            for privilege in read.privileges:
                if privilege == OWNERSHIP and not read.revoke and not future:
                    self._account.own(read.kind, name, read.to)
                    continue
                change(Grant(privilege, read.kind, name, read.to_kind, read.to, future))

    def _check_grantor(self, kind: str, name: str) -> None:
        """Who manages grants may, and its owner. Raises SnowflakeError 002003 or 003001 for another role."""
        access = self._rights.access()
        if access is not None and not access.may_on_account("MANAGE GRANTS"):
            self._rights.check([Need(OWNERSHIP, kind, tuple(name.split(".")))])

    def _names(self, read: GrantStatement) -> list[str]:
        """The names of the objects that a GRANT is about. Raises SnowflakeError 002003 for a missing one."""
        if not read.every:
            return [self._existing(read.kind, list(read.name))]
        place = self._existing(read.place, list(read.name))
        if read.every == "FUTURE":
            return [place]
        database, _, schema = place.partition(".")
        return [
            f"{database}.{each}.{name}"
            for each in ([schema] if schema else catalog.schemas(self._duck, database))
            for name in catalog.names(self._duck, read.kind, database, each)
        ]

    def _existing(self, kind: str, parts: list[str]) -> str:
        name = ".".join(parts)
        if kind == "DATABASE":
            is_there = name in self._engine.databases()
        elif kind == "SCHEMA":
            schema = self._qualify([*parts, "-"])
            name = f"{schema.database}.{schema.schema}"
            is_there = catalog.schema_exists(self._duck, schema.database, schema.schema)
        elif kind in IN_SCHEMA:
            qualified = self._qualify(parts)
            name, is_there = str(qualified), catalog.exists(self._duck, kind, qualified)
        else:
            is_there = self._account.exists(kind, name)
        if not is_there:
            raise not_found(kind.capitalize(), name)
        return name

    def _describe(self, read: AccountStatement) -> results.Result:
        if read.kind != "STORAGE INTEGRATION":
            raise syntax_error(f"DESCRIBE {read.kind} is not here.")
        found = self._account.get(read.kind, read.name)
        self._rights.check([Need("USAGE", _granted(read.kind), (read.name,))])
        shown = found.properties | {"STORAGE_AWS_IAM_USER_ARN": PRINCIPAL}
        shown.setdefault("STORAGE_AWS_EXTERNAL_ID", f"LOCAL_SFCRole={uuid.uuid4().hex}")
        rows = [
            (name, "List" if isinstance(value, list) else "String", _shown(value), "")
            for name, value in sorted(shown.items())
        ]
        return results.from_rows(_DESCRIBED, rows, statement_type.SHOW)

    def _show(self, statement: Statement) -> results.Result:
        words = [token.text.upper() for token in statement.tokens]
        if words[1] == "WAREHOUSES":
            rows = [_warehouse(each, self._rights.warehouse) for each in self._like("WAREHOUSE", words)]
            return results.from_rows(WAREHOUSES, rows, statement_type.SHOW)
        if words[1:3] == ["RESOURCE", "MONITORS"]:
            rows = [
                (each.name, str(each.properties.get("CREDIT_QUOTA", "")), "0", each.owner)
                for each in self._like("RESOURCE MONITOR", words)
            ]
            return results.from_rows(MONITORS, rows, statement_type.SHOW)
        return results.from_rows(GRANTS, self._shown_grants(words), statement_type.SHOW)

    def _like(self, kind: str, words: list[str]) -> list[AccountObject]:
        """Those with the LIKE's name that the role sees. A pattern with a wildcard matches everything."""
        wanted = words[words.index("LIKE") + 1] if "LIKE" in words else "%"
        access = self._rights.access()
        return [
            each
            for each in self._account.of_kind(kind)
            if ("%" in wanted or each.name == wanted) and (access is None or access.sees(kind, each.name))
        ]

    def _shown_grants(self, words: list[str]) -> list[tuple[Any, ...]]:
        """SHOW GRANTS TO ROLE r, TO USER u, OF ROLE r."""
        if len(words) != 5 or words[2] not in ("TO", "OF") or words[3] not in ("ROLE", "USER"):
            raise syntax_error("SHOW GRANTS takes TO ROLE, TO USER or OF ROLE here.")
        self._account.check(words[3], words[4])
        of = words[2] == "OF"
        return [
            (each.privilege, each.kind, each.name, each.to_kind, each.to)
            for each in self._account.grants()
            if not each.future and ((each.name if of else each.to) == words[4])
            if (each.kind if of else each.to_kind) == words[3]
        ]


def _warehouse(made: AccountObject, current: str | None) -> tuple[Any, ...]:
    has = made.properties
    size = str(has.get("WAREHOUSE_SIZE", "XSMALL")).upper().replace("-", "")
    # sql-reference/sql/create-warehouse: Gen2 and query acceleration unless the statement says otherwise.
    generation = str(has.get("GENERATION", "2"))
    return (
        *(made.name, "SUSPENDED" if has.get("INITIALLY_SUSPENDED") else "STARTED", "STANDARD"),
        {"XSMALL": "X-Small"}.get(size, size.capitalize()),
        *("N", "Y" if made.name == current else "N", _seconds(has.get("AUTO_SUSPEND", 600))),
        *(str(has.get("AUTO_RESUME", True)).lower(), made.owner, str(has.get("COMMENT", ""))),
        str(has.get("ENABLE_QUERY_ACCELERATION", True)).lower(),
        str(has.get("RESOURCE_MONITOR", "null")),
        *(f"STANDARD_GEN_{generation}", generation),
    )


def _granted(kind: str) -> str:
    """The kind as GRANT names it."""
    return "INTEGRATION" if kind == "STORAGE INTEGRATION" else kind


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)

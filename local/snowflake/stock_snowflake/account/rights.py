"""One session's rights: what each statement needs, held against its roles, and what DDL does to rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import duckdb
from sqlglot import exp

from stock_snowflake.account.access import Access
from stock_snowflake.account.store import Account
from stock_snowflake.database import catalog
from stock_snowflake.errors import SnowflakeError, no_warehouse
from stock_snowflake.sql.copy_statement import CopyStatement
from stock_snowflake.sql.names import QualifiedName
from stock_snowflake.sql.needs import IN_SCHEMA, Need, copy_needs, needs, place

_KINDS = (*IN_SCHEMA, "SCHEMA", "DATABASE")


class Who(Protocol):
    """What a client sends when it connects."""

    @property
    def user(self) -> str: ...
    @property
    def role(self) -> str | None: ...
    @property
    def warehouse(self) -> str | None: ...


class Rights:
    """role: the session's. None is the server's own user without a role, whom nothing is refused.

    made: whether CREATE USER made the user. Only such a user needs a warehouse.
    warehouse: the one asked for, or the user's. It is left out where the role may not use it.
    """

    def __init__(
        self,
        account: Account,
        duck: duckdb.DuckDBPyConnection,
        qualify: Callable[[list[str]], QualifiedName],
        login: Who,
    ) -> None:
        self._account, self._duck, self._qualify, self._user = account, duck, qualify, login.user
        self.made = account.exists("USER", login.user)
        has = account.get("USER", login.user).properties if self.made else {}
        # sql-reference/sql/create-user: ('ALL') is what a user has by default.
        self._all_roles = self.made and has.get("DEFAULT_SECONDARY_ROLES", ["ALL"]) not in ([], {})
        self.role = login.role
        asked = login.warehouse or str(has.get("DEFAULT_WAREHOUSE") or "").upper()
        self.warehouse = asked if asked and self._may_use_warehouse(asked) else None

    def use_role(self, role: str) -> None:
        """Raises SnowflakeError 002003 for a role that is not there, 003013 for one of other users."""
        self._account.check("ROLE", role)
        if self.made and role not in self._account.roles_of(self._user):
            text = f"Requested role '{role}' is not assigned to the executing user."
            more = "Specify another role to activate."
            raise SnowflakeError("003013", "42501", f"SQL access control error:\n{text} {more}")
        self.role = role

    def use_secondary(self, which: str) -> None:
        self._all_roles = self.made and which == "ALL"

    def use_warehouse(self, name: str) -> None:
        """Raises SnowflakeError 002003 for a warehouse that is not there, or that the role may not use."""
        self._account.check("WAREHOUSE", name)
        self.check([Need("USAGE", "WAREHOUSE", (name,))])
        self.warehouse = name

    def may_use(self, database: str) -> bool:
        """Whether a session may have it as its current one."""
        access = self.access()
        return access is None or access.may("USAGE", "DATABASE", database)

    def _may_use_warehouse(self, name: str) -> bool:
        if not self.made:
            return True
        access = self.access()
        return self._account.exists("WAREHOUSE", name) and (
            access is None or access.may("USAGE", "WAREHOUSE", name)
        )

    def access(self) -> Access | None:
        """What the session may do now, None for everything."""
        if self.role is None:
            return None
        roles = self._account.roles_below(self.role)
        return Access(
            self._account,
            self._duck,
            roles | (self._account.roles_of(self._user) if self._all_roles else set()),
        )

    def check(self, needed: Iterable[Need]) -> None:
        """Raises SnowflakeError 002003 or 003001 for what is not granted."""
        access = self.access()
        if access is not None:
            for need in needed:
                access.check(need, self._complete(need))

    def check_statement(self, expression: exp.Expr) -> None:
        """Raises SnowflakeError too where the statement needs a warehouse and there is none."""
        needed = list(needs(expression))
        self.check(needed)
        if any(need.kind == "TABLE" and need.privilege != "OWNERSHIP" for need in needed):
            self._check_warehouse()

    def check_copy(self, copy: CopyStatement) -> None:
        self.check(copy_needs(copy))
        integration = catalog.stage_integration(self._duck, self._qualify(copy.stage))
        if integration:
            self.check([Need("USAGE", "INTEGRATION", (integration,))])
        self._check_warehouse()

    def _check_warehouse(self) -> None:
        if self.made and self.warehouse is None:
            raise no_warehouse()

    def before(self, expression: exp.Expr) -> bool:
        """Whether what the DDL makes is there already, with its rights."""
        kind, name = self._subject(expression)
        return kind in _KINDS and catalog.is_there(self._duck, kind, name)

    def after(self, expression: exp.Expr, was_there: bool) -> None:
        """Keeps the rights up with DDL that has run. was_there: what `before` returned."""
        kind, name = self._subject(expression)
        if isinstance(expression, exp.Create) and kind in _KINDS:
            if not was_there or expression.args.get("replace"):
                self._created(kind, name, bool(expression.find(exp.CopyGrantsProperty)))
        elif isinstance(expression, exp.Drop):
            self._account.forget(kind, name)
        elif isinstance(expression, exp.Alter):
            for action in expression.args.get("actions") or ():
                self._renamed(kind, name, action)

    def _created(self, kind: str, name: str, keeps: bool) -> None:
        if not keeps:
            self._account.forget(kind, name)
        if self.role is not None:
            self._account.own(kind, name, self.role)
        self._account.inherit(kind, name)

    def _renamed(self, kind: str, name: str, action: exp.Expr) -> None:
        if isinstance(action, exp.AlterRename | exp.SwapTable):
            other = str(self._qualify(list(place(action.this))))
            back = {other: name} if isinstance(action, exp.SwapTable) else {}
            self._account.move(kind, {name: other} | back)

    def _subject(self, expression: exp.Expr) -> tuple[str, str]:
        """The kind and the complete name of what the DDL is about."""
        kind = str(expression.args.get("kind") or "").upper()
        table = (expression.args.get("tables") or [expression.this])[0]
        return kind, str(self._complete(Need("", kind, place(table)))) if kind in _KINDS else ""

    def _complete(self, need: Need) -> QualifiedName | str:
        """The need's name with the session's database and schema put in."""
        if need.kind in IN_SCHEMA:
            return self._qualify(list(need.name))
        if need.kind == "SCHEMA":
            given = self._qualify([*need.name, "-"])
            return f"{given.database}.{given.schema}"
        if need.kind == "DATABASE":
            return need.name[-1] if need.name else self._qualify(["-", "-"]).database
        return ".".join(need.name)

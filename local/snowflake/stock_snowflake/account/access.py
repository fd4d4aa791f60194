"""What a role may do: its grants and those of the roles below it, and what they own.

Source: user-guide/security-access-control-overview. A thing without a recorded owner belongs to its schema's,
that one to its database's, and that to ACCOUNTADMIN.
"""

from __future__ import annotations

from collections.abc import Set

import duckdb

from stock_snowflake.account.store import Account
from stock_snowflake.database import catalog
from stock_snowflake.errors import insufficient, not_found
from stock_snowflake.sql.names import QualifiedName
from stock_snowflake.sql.needs import IN_SCHEMA, Need

CREATORS = {
    "CREATE DATABASE": "SYSADMIN",
    "CREATE WAREHOUSE": "SYSADMIN",
    "CREATE ROLE": "USERADMIN",
    "CREATE USER": "USERADMIN",
    "CREATE NETWORK POLICY": "SECURITYADMIN",
    "CREATE STORAGE INTEGRATION": "ACCOUNTADMIN",
    "CREATE RESOURCE MONITOR": "ACCOUNTADMIN",
    "MANAGE GRANTS": "SECURITYADMIN",
}
"""Privilege on the account → the system role that has it. Nobody is granted one here."""


class Access:
    """The rights of a session's roles at this moment. They are read again for each statement.

    roles: all that the session has, those below included.
    """

    def __init__(self, account: Account, duck: duckdb.DuckDBPyConnection, roles: Set[str]) -> None:
        self._account, self._duck, self._roles = account, duck, roles
        self._held = {
            (each.kind, each.name, each.privilege)
            for each in account.grants()
            if each.to_kind == "ROLE" and each.to in roles and not each.future
        }
        self._seen = {(kind, name) for kind, name, _ in self._held}

    def may_on_account(self, privilege: str) -> bool:
        return CREATORS.get(privilege) in self._roles

    def may(self, privilege: str, kind: str, name: str) -> bool:
        return (kind, name, privilege) in self._held or self.owns(kind, name)

    def owns(self, kind: str, name: str) -> bool:
        return self._account.owner(kind, name) in self._roles

    def sees(self, kind: str, name: str) -> bool:
        """Whether the role has any privilege on it. What is in a schema needs USAGE on that too."""
        if kind in IN_SCHEMA and not self.may("USAGE", "SCHEMA", name.rpartition(".")[0]):
            return False
        if kind in (*IN_SCHEMA, "SCHEMA") and not self.may("USAGE", "DATABASE", name.split(".")[0]):
            return False
        return (kind, name) in self._seen or self.owns(kind, name)

    def check(self, needed: Need, name: QualifiedName | str) -> None:
        """Raises SnowflakeError 002003 for what the role may not see, 003001 for what it may only see.

        name: the need's, complete. What does not exist passes: the statement itself says so.
        """
        if isinstance(name, QualifiedName):
            self._check_inside(needed, name)
        elif needed.kind == "SCHEMA":
            database = name.split(".")[0]
            self._check_one(Need("USAGE", "DATABASE", ()), database)
            if needed.privilege.startswith("CREATE"):
                self._check_one(Need("USAGE", "SCHEMA", ()), name)
            self._check_one(needed, name)
        else:
            self._check_one(needed, name)

    def _check_inside(self, needed: Need, name: QualifiedName) -> None:
        self.check(Need("USAGE", "SCHEMA", ()), f"{name.database}.{name.schema}")
        kinds = ("TABLE", "VIEW") if needed.kind == "TABLE" else (needed.kind,)
        if any(self.may(needed.privilege, kind, str(name)) for kind in kinds):
            return
        # Only now, because the catalog takes longer to answer.
        for kind in kinds:
            if catalog.exists(self._duck, kind, name):
                self._check_one(needed._replace(kind=kind), str(name))

    def _check_one(self, needed: Need, name: str) -> None:
        kind = needed.kind
        if kind == "ACCOUNT":
            if not self.may_on_account(needed.privilege):
                raise insufficient(kind, "LOCAL")
            return
        if self.may(needed.privilege, kind, name):
            return
        if (kind, name) in self._seen:
            raise insufficient(kind, name.rpartition(".")[2])
        raise not_found("Object" if kind in ("TABLE", "VIEW") else kind.capitalize(), name)

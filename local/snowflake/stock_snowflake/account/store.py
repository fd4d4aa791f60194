"""The account's objects and rights, in memory and in DuckDB: they survive a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import duckdb

from stock_snowflake.database.catalog import GLOBAL
from stock_snowflake.errors import already_exists, not_found

SYSTEM_ROLES = ("ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC")
"""Roles of every account (user-guide/security-access-control-overview, "System-defined roles")."""
_BELOW = {
    "ACCOUNTADMIN": ("SYSADMIN", "SECURITYADMIN"),
    "SECURITYADMIN": ("USERADMIN",),
}
"""System role → those whose rights it has without a grant. Every role has PUBLIC's."""
OWNERSHIP = "OWNERSHIP"
_OBJECTS, _GRANTS = f"{GLOBAL}._stock_account", f"{GLOBAL}._stock_grants"


@dataclass(frozen=True)
class AccountObject:
    """kind and name in stored spelling. owner: the role that made it. properties: as they were set."""

    kind: str
    name: str
    owner: str
    properties: dict[str, Any]


class Grant(NamedTuple):
    """A privilege on an object, or on those that will be made in a place (future).

    kind, name: the object's. name is qualified by dots, and the place's where `future` is set.
    """

    privilege: str
    kind: str
    name: str
    to_kind: str
    to: str
    future: bool = False


class Account:
    """Every method may be called from any thread. Names are in stored spelling."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection, self._lock = connection, threading.Lock()
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_OBJECTS} (kind VARCHAR, name VARCHAR, document VARCHAR)"
        )
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_GRANTS} (document VARCHAR)")
        kept = connection.execute(f"SELECT document FROM {_OBJECTS}").fetchall()
        objects = [AccountObject(**json.loads(document)) for (document,) in kept]
        self._objects = {(each.kind, each.name): each for each in objects}
        rights = connection.execute(f"SELECT document FROM {_GRANTS}").fetchall()
        self._grants = dict.fromkeys(Grant(*json.loads(document)) for (document,) in rights)

    def exists(self, kind: str, name: str) -> bool:
        if kind == "ROLE" and name in SYSTEM_ROLES:
            return True
        return (self._kind(kind), name) in self._objects

    def get(self, kind: str, name: str) -> AccountObject:
        """Raises SnowflakeError 002003 for an object that is not there."""
        found = self._objects.get((self._kind(kind), name))
        if found is None:
            raise not_found(kind.capitalize(), name)
        return found

    def check(self, kind: str, name: str) -> None:
        """Raises SnowflakeError 002003 where there is no such object."""
        if not self.exists(kind, name):
            raise not_found(kind.capitalize(), name)

    def of_kind(self, kind: str) -> list[AccountObject]:
        return [each for (found, _), each in sorted(self._objects.items()) if found == kind]

    def add(self, made: AccountObject) -> None:
        """Raises SnowflakeError 002002 where there is one already."""
        if self.exists(made.kind, made.name):
            raise already_exists(made.name)
        self.put(made)

    def put(self, changed: AccountObject) -> None:
        with self._lock:
            self._forget(changed.kind, changed.name)
            self._objects[changed.kind, changed.name] = changed
            self._connection.execute(
                f"INSERT INTO {_OBJECTS} VALUES (?, ?, ?)",
                [changed.kind, changed.name, json.dumps(asdict(changed))],
            )

    def drop(self, kind: str, name: str) -> None:
        with self._lock:
            self._forget(kind, name)
            gone = [each for each in self._grants if name in (each.name, each.to) and kind in each]
            for each in gone:
                self._ungrant(each)

    def grant(self, right: Grant) -> None:
        with self._lock:
            if right not in self._grants:
                self._grants[right] = None
                self._connection.execute(f"INSERT INTO {_GRANTS} VALUES (?)", [json.dumps(right)])

    def revoke(self, right: Grant) -> None:
        with self._lock:
            self._ungrant(right)

    def grants(self) -> Iterator[Grant]:
        return iter(list(self._grants))

    def owner(self, kind: str, name: str) -> str:
        """The role that owns it: as recorded, else the owner of what it is in, else ACCOUNTADMIN."""
        if (made := self._objects.get((self._kind(kind), name))) is not None:
            return made.owner
        recorded = next(
            (each.to for each in self.grants() if each[:3] == (OWNERSHIP, kind, name) and not each.future),
            None,
        )
        if recorded or kind == "DATABASE" or "." not in name:
            return recorded or "ACCOUNTADMIN"
        place = name.rpartition(".")[0]
        return self.owner("SCHEMA" if "." in place else "DATABASE", place)

    def own(self, kind: str, name: str, role: str) -> None:
        """Makes the role the only owner."""
        if (made := self._objects.get((self._kind(kind), name))) is not None:
            self.put(replace(made, owner=role))
            return
        for each in self.grants():
            if each[:3] == (OWNERSHIP, kind, name) and not each.future:
                self.revoke(each)
        self.grant(Grant(OWNERSHIP, kind, name, "ROLE", role))

    def forget(self, kind: str, name: str) -> None:
        """Takes every right on an object of a database that is gone, and on what was or would be in it."""
        for each in self.grants():
            is_in = kind in ("SCHEMA", "DATABASE") and (each.future and each.name == name)
            if is_in or each[1:3] == (kind, name) or each.name.startswith(f"{name}."):
                self.revoke(each)

    def inherit(self, kind: str, name: str) -> None:
        """Gives the rights that were granted on FUTURE objects of the kind in its schema or database."""
        places = (name.rpartition(".")[0], name.split(".")[0])
        for each in self.grants():
            if each.future and each.kind == kind and each.name in places:
                self.grant(each._replace(name=name, future=False))

    def move(self, kind: str, names: Mapping[str, str]) -> None:
        """Old name → new name of the kind, all at once: each takes its rights with it."""
        old = [each for each in self.grants() if each.kind == kind and each.name in names]
        for each in old:
            self.revoke(each)
        for each in old:
            self.grant(each._replace(name=names[each.name]))

    def roles_of(self, user: str) -> set[str]:
        """The roles that the user holds, with those below them."""
        held = {each.name for each in self.grants() if each.kind == "ROLE" and each[3:5] == ("USER", user)}
        return {"PUBLIC"}.union(*(self.roles_below(role) for role in held))

    def roles_below(self, role: str) -> set[str]:
        """The role, and those whose rights it has."""
        found, left = set[str](), [role, "PUBLIC"]
        while left:
            if (one := left.pop()) not in found:
                found.add(one)
                left += _BELOW.get(one, ())
                left += [
                    each.name for each in self.grants() if each.kind == "ROLE" and each[3:5] == ("ROLE", one)
                ]
        return found

    def _forget(self, kind: str, name: str) -> None:
        self._objects.pop((kind, name), None)
        self._connection.execute(f"DELETE FROM {_OBJECTS} WHERE kind = ? AND name = ?", [kind, name])

    def _ungrant(self, right: Grant) -> None:
        if right in self._grants:
            del self._grants[right]
            self._connection.execute(f"DELETE FROM {_GRANTS} WHERE document = ?", [json.dumps(right)])

    def _kind(self, kind: str) -> str:
        return "STORAGE INTEGRATION" if kind == "INTEGRATION" else kind

"""Who may do what in Snowflake: the one list of rights, which `setup` grants and `verify` looks for. Pure.

Source: Snowflake, "Access control privileges", "GRANT <privileges> … TO ROLE" and "Overview of access control" (a role that owns a schema may make
everything in it; views run with their owner's rights, so a reader needs none on RAW).
"""

from __future__ import annotations

from typing import NamedTuple

from stock_sf_loader.copy_into import TABLES

LEDGER, LEASE = "RAW.LOADED_FILES", "RAW.LOADER_LEASE"
LOADER_RIGHTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TABLES.values(), ("SELECT", "INSERT", "DELETE")),
    LEDGER: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    LEASE: ("SELECT", "UPDATE"),
}
"""What loading and repairing takes of each table; DELETE, and UPDATE of the ledger, are the repairs'."""
REPAIRS = {(table, "DELETE") for table in (*TABLES.values(), LEDGER)} | {(LEDGER, "UPDATE")}
"""Of these, what only retry, reload, rebuild and prune need."""


class Roles(NamedTuple):
    owner: str = "STOCK_OWNER"
    loader: str = "STOCK_LOADER"
    auditor: str = "STOCK_AUDITOR"
    reader: str = "STOCK_READER"


class Grant(NamedTuple):
    """`on` is the object with its kind, as GRANT takes it."""

    privileges: tuple[str, ...]
    on: str
    role: str

    def __str__(self) -> str:
        return f"GRANT {', '.join(self.privileges)} ON {self.on} TO ROLE {self.role};"


def grants(database: str, warehouse: str, integration: str, roles: Roles) -> list[Grant]:
    """Every right of every role, besides what owning the schemas brings."""
    raw, analytics = f"SCHEMA {database}.RAW", f"SCHEMA {database}.ANALYTICS"
    found = [Grant(("USAGE",), f"WAREHOUSE {warehouse}", role) for role in (roles.owner, roles.auditor, roles.reader)]
    found += [Grant(("USAGE",), f"DATABASE {database}", role) for role in (roles.auditor, roles.reader)]
    found += [
        Grant(("USAGE", "CREATE SCHEMA"), f"DATABASE {database}", roles.owner),
        Grant(("USAGE",), f"INTEGRATION {integration}", roles.owner),
        # COPY asks for the integration's right besides the stage's.
        Grant(("USAGE",), f"INTEGRATION {integration}", roles.loader),
        Grant(("USAGE",), f"WAREHOUSE {warehouse}", roles.loader),
        Grant(("USAGE",), f"DATABASE {database}", roles.loader),
        Grant(("USAGE", "CREATE TABLE"), raw, roles.loader),
        Grant(("USAGE",), raw, roles.auditor),
        Grant(("USAGE",), analytics, roles.reader),
    ]
    every = tuple(right for right in ("SELECT", "INSERT", "UPDATE", "DELETE") if any(right in rights for rights in LOADER_RIGHTS.values()))
    for which in ("ALL", "FUTURE"):
        found += [
            Grant(every, f"{which} TABLES IN {raw}", roles.loader),
            Grant(("USAGE",), f"{which} STAGES IN {raw}", roles.loader),
            Grant(("SELECT",), f"{which} TABLES IN {raw}", roles.auditor),
            Grant(("SELECT",), f"{which} VIEWS IN {analytics}", roles.reader),
        ]
    return found

"""The one list of rights in Snowflake: `setup` grants it, and `verify` tries it. Pure.

Source: Snowflake, "Access control privileges", "GRANT <privileges> … TO ROLE" and "Overview of access
control". A role that owns a schema may make everything in it. Views run with their owner's rights, so a
reader needs none on RAW.
"""

from __future__ import annotations

from typing import NamedTuple

from stock_common.ledger import LEASE, LEDGER, TABLES

_TABLES = tuple(table.name for table in TABLES.values())
LOADER_RIGHTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_TABLES, ("SELECT", "INSERT", "DELETE")),
    LEDGER: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    LEASE: ("SELECT", "UPDATE"),
}
"""Table → the rights that loading and repairing need."""
REPAIRS = {(table, "DELETE") for table in (*_TABLES, LEDGER)} | {(LEDGER, "UPDATE")}
"""The rights of these that only retry, reload, rebuild and prune need."""


class Roles(NamedTuple):
    owner: str = "STOCK_OWNER"
    loader: str = "STOCK_LOADER"
    auditor: str = "STOCK_AUDITOR"
    reader: str = "STOCK_READER"


class Warehouses(NamedTuple):
    """writer: of the loader, the migrations and the auditor. reader: of the dashboard. They may be one."""

    writer: str = "STOCK_WH"
    reader: str = "STOCK_READ_WH"


class Grant(NamedTuple):
    """`on` is the object with its kind, as GRANT takes it."""

    privileges: tuple[str, ...]
    on: str
    role: str

    def __str__(self) -> str:
        return f"GRANT {', '.join(self.privileges)} ON {self.on} TO ROLE {self.role};"


def grants(
    database: str, warehouses: Warehouses, integration: str, monitor: str, roles: Roles
) -> list[Grant]:
    """Every right of every role, except what it has from the roles below it, and by owning the schemas."""
    raw, analytics = f"SCHEMA {database}.RAW", f"SCHEMA {database}.ANALYTICS"
    found = [
        Grant(("USAGE",), f"WAREHOUSE {warehouse}", role)
        for warehouse, role in (
            (warehouses.writer, roles.loader),
            (warehouses.writer, roles.auditor),
            (warehouses.reader, roles.reader),
        )
    ]
    found += [Grant(("USAGE",), f"DATABASE {database}", role) for role in (roles.auditor, roles.reader)]
    found += [
        # The selftest makes schemas of its own.
        Grant(("CREATE SCHEMA",), f"DATABASE {database}", roles.owner),
        # COPY needs the right on the integration as well as the one on the stage.
        Grant(("USAGE",), f"INTEGRATION {integration}", roles.loader),
        # `verify` compares the quota with what the loads take.
        Grant(("MONITOR",), f"RESOURCE MONITOR {monitor}", roles.loader),
        Grant(("USAGE", "CREATE TABLE"), raw, roles.loader),
        Grant(("USAGE",), raw, roles.auditor),
        Grant(("USAGE",), analytics, roles.reader),
    ]
    for which in ("ALL", "FUTURE"):
        found += [
            # The ledger's rights are those of all tables together.
            Grant(LOADER_RIGHTS[LEDGER], f"{which} TABLES IN {raw}", roles.loader),
            Grant(("USAGE",), f"{which} STAGES IN {raw}", roles.loader),
            Grant(("SELECT",), f"{which} TABLES IN {raw}", roles.auditor),
            Grant(("SELECT",), f"{which} VIEWS IN {analytics}", roles.reader),
        ]
    return found

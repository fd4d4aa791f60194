"""What the warehouse should be, and statements that try a right without doing anything. Pure but for the migrations' files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.grants import LEDGER
from stock_sf_loader.migrations import migrations, values

AUTO_SUSPEND_SECONDS = 60
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (RAW\.\w+) \(\n(.*?)\n\)", re.DOTALL)
_ADDED = re.compile(r"ALTER TABLE (RAW\.\w+) ADD COLUMN IF NOT EXISTS \"?(\w+)")
_VIEW = re.compile(r"CREATE OR REPLACE VIEW (ANALYTICS\.\w+)")


def columns_and_views(settings: LoaderSettings) -> tuple[dict[str, set[str]], set[str]]:
    """Table → its columns, and the views, as the migrations make them."""
    tables: dict[str, set[str]] = {}
    views: set[str] = set()
    for migration in migrations(values(settings)):
        for statement in migration.statements:
            for table, body in _TABLE.findall(statement):
                tables[table] = {line.split()[0].strip('"') for line in body.split("\n")}
            for table, column in _ADDED.findall(statement):
                tables[table].add(column)
            views.update(_VIEW.findall(statement))
    return tables, views


def trial(table: str, right: str) -> str:
    """A statement that needs the right and does nothing."""
    nothing = "WHERE 1 = 0"
    column = "STATUS" if table == LEDGER else "FENCE"
    return {
        "SELECT": f"SELECT COUNT(*) AS N FROM {table} {nothing}",
        "INSERT": f"INSERT INTO {table} SELECT * FROM {table} {nothing}",
        "UPDATE": f"UPDATE {table} SET {column} = {column} {nothing}",
        "DELETE": f"DELETE FROM {table} {nothing}",
    }[right]


def spending(name: str, row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Why the warehouse would cost more than it has to, by its row of SHOW WAREHOUSES, and what changes that. Empty: it would not."""
    said, run = [], []
    if str(row.get("size", "")).upper() not in ("X-SMALL", "XSMALL"):
        said.append(f"its size is {row.get('size')}")
        run.append(f"ALTER WAREHOUSE {name} SET WAREHOUSE_SIZE = 'X-SMALL';")
    pause = row.get("auto_suspend")
    if not pause or int(pause) > AUTO_SUSPEND_SECONDS:
        said.append(f"it sleeps after {pause} s" if pause else "it never sleeps")
        run.append(f"ALTER WAREHOUSE {name} SET AUTO_SUSPEND = {AUTO_SUSPEND_SECONDS};")
    if str(row.get("resource_monitor") or "null").lower() == "null":
        said.append("nothing stops its spending")
        run.append(f"ALTER WAREHOUSE {name} SET RESOURCE_MONITOR = ...;")
    return "; ".join(said), tuple(run)

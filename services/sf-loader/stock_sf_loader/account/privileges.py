"""What `verify` expects: columns and views, and a statement that tries each right.

Pure but for the schema's files.
"""

from __future__ import annotations

import re

from stock_common.ledger import LEDGER
from stock_sf_loader.account.schema import migrations, values
from stock_sf_loader.config import LoaderSettings

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (RAW\.\w+) \(\n(.*?)\n\)", re.DOTALL)
_ADDED = re.compile(r"ALTER TABLE (RAW\.\w+) ADD COLUMN IF NOT EXISTS \"?(\w+)")
_VIEW = re.compile(r"CREATE OR REPLACE VIEW (ANALYTICS\.\w+)")


def columns_and_views(settings: LoaderSettings) -> tuple[dict[str, set[str]], set[str]]:
    """Table → its columns, and the names of the views, as the migrations make them."""
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
    """A statement that needs the right and changes nothing."""
    nothing = "WHERE 1 = 0"
    column = "STATUS" if table == LEDGER else "FENCE"
    return {
        "SELECT": f"SELECT COUNT(*) AS N FROM {table} {nothing}",
        "INSERT": f"INSERT INTO {table} SELECT * FROM {table} {nothing}",
        "UPDATE": f"UPDATE {table} SET {column} = {column} {nothing}",
        "DELETE": f"DELETE FROM {table} {nothing}",
    }[right]

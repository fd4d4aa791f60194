"""Every statement that the loader makes, as text."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from stock_common.ledger import TABLES
from stock_sf_loader import columns
from stock_sf_loader.account.schema import migrations, values
from stock_sf_loader.columns import Column
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load import ledger
from stock_sf_loader.repair import checksum, ledger_rows, rebuild_sql
from stock_sf_loader.status import NEWEST


def settings(**changes: Any) -> LoaderSettings:
    given: dict[str, Any] = {
        "s3_bucket": "stocks",
        "snowflake_account": "a",
        "snowflake_user": "u",
        "snowflake_password": "p",
    }
    return LoaderSettings(**(given | changes))


def statements(**changes: Any) -> list[str]:
    return [
        statement
        for migration in migrations(values(settings(**changes)))
        for statement in migration.statements
    ]


COLUMNS = [
    Column("PRICE", "NUMBER", 6),
    Column("TRADING_DAY", "DATE", 0),
    Column("INTERVAL", "TEXT", 0),
    Column("KAFKA_TIME", "TIMESTAMP_LTZ", 0),
    Column("LOADED_AT", "DATE", 0),
]


LOADERS = (
    ledger.TAKE_LEASE,
    ledger.READ_LEASE,
    ledger.READ_NEWEST,
    ledger.READ_TAILS,
    ledger.READ_STRAYS,
    ledger.ADD,
    *(NEWEST.format(table.name) for table in TABLES.values()),
)


def constants(module: ModuleType) -> list[str]:
    """The statements that are constants of the module."""
    return [
        text
        for name, text in vars(module).items()
        if name.isupper() and not name.startswith("_") and name not in ("SUFFIX", "TABLES")
    ]


REPAIRS = (
    ledger_rows.READ_QUARANTINED,
    ledger_rows.READ_KEYS,
    ledger_rows.READ_OVERLAPS,
    ledger_rows.REMOVE,
    ledger_rows.READ_PRUNABLE,
    ledger_rows.PRUNE,
    *ledger_rows.DELETE_ROWS.values(),
    ledger_rows.delete_up_to_sql("stock-bars", 2),
    ledger_rows.release_sql(2),
    columns.READ_COLUMNS,
    *(checksum.statement("RAW.STOCK_QUOTES", COLUMNS, chains) for chains in (None, 0, 2)),
    *constants(rebuild_sql),
    rebuild_sql.count_files(0),
    rebuild_sql.count_files(2),
    rebuild_sql.make_table("stock-data"),
    rebuild_sql.drop_table("stock-data"),
    rebuild_sql.empty_table("stock-data"),
    rebuild_sql.fill_table("stock-data", COLUMNS),
)

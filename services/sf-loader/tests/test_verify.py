"""verify against an account in memory that refuses what a role may not do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sql_texts import settings

from stock_common.run import FatalError
from stock_sf_loader.account.privileges import columns_and_views
from stock_sf_loader.account.spending import quota
from stock_sf_loader.account.verify import ADVICE, MISSING, OK, UNKNOWN, Check, Verifier
from stock_warehouse.errors import LockTimeout, StatementError

KEY = f"raw/stock-data/{'a' * 32}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
SETTINGS = settings(
    snowflake_role="stock_loader", snowflake_warehouse="stock_wh", snowflake_storage_integration="stock_s3"
)


class Account:
    """Everything is there and allowed, but for statements that match `refused`."""

    statement_seconds = 0.0

    def __init__(self, refused: str = r"\bnothing\b", error: Exception | None = None) -> None:
        self.refused = re.compile(refused)
        self.error = error or FatalError("does not exist or not authorized")
        self.warehouse: str | None = "STOCK_WH"
        self.database: str | None = "STOCKS"
        self.schemas = {"RAW", "ANALYTICS"}
        self.tables, self.views = columns_and_views(SETTINGS)
        self.url = "s3://stocks/raw/"
        self.credits = "26"
        self.open = False
        self.left: list[str] = []

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        self.execute(sql)
        if "CURRENT_USER" in sql:
            return [
                {
                    "user_name": "U",
                    "role_name": "STOCK_LOADER",
                    "warehouse_name": self.warehouse,
                    "database_name": self.database,
                }
            ]
        if "SHOW WAREHOUSES" in sql:
            return [
                {
                    "name": "STOCK_WH",
                    "size": "X-Small",
                    "auto_suspend": 60,
                    "resource_monitor": "STOCK_MONITOR",
                }
            ]
        if "SHOW RESOURCE MONITORS" in sql:
            return [{"name": "STOCK_MONITOR", "credit_quota": self.credits}]
        if "SCHEMATA" in sql:
            return [{"schema_name": name} for name in self.schemas]
        if "INFORMATION_SCHEMA.COLUMNS" in sql:
            return [
                {"column_name": name, "data_type": "TEXT", "numeric_scale": None}
                for name in self.tables[f"RAW.{params[0]}"]
            ]
        if "INFORMATION_SCHEMA.TABLES" in sql:
            return [
                dict(zip(("table_schema", "table_name"), name.split("."), strict=True))
                for name in (*self.tables, *self.views)
            ]
        if "LOADER_LEASE" in sql:
            return [{"holder": None, "fence": 0}]
        return [{"name": "STOCK_STAGE", "url": self.url}] if "SHOW STAGES" in sql else []

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        if self.refused.search(sql):
            raise self.error
        if not sql.startswith(("SELECT", "SHOW")) and not self.open:
            self.left.append(sql)
        return 0

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        raise AssertionError

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.open = True
        try:
            yield
            raise AssertionError("a trial was committed")
        finally:
            self.open = False

    def close(self) -> None:
        raise AssertionError


def checks(account: Account, found: tuple[str, str] | None = ("stock-data", KEY)) -> list[Check]:
    return list(Verifier(account, SETTINGS, lambda: found).checks())


def wrong(account: Account) -> list[Check]:
    return [check for check in checks(account) if check.state == MISSING]


def test_with_everything_there_nothing_is_reported_and_nothing_is_left() -> None:
    account = Account()
    assert {check.state for check in checks(account)} == {OK}
    made, dropped = account.left
    assert made.startswith("CREATE TABLE RAW.LOADER_VERIFY_") and dropped == f"DROP TABLE {made.split()[2]}"


@pytest.mark.parametrize(
    ("refused", "what", "run"),
    [
        pytest.param(
            r"^DELETE FROM RAW.STOCK_BARS",
            "DELETE on RAW.STOCK_BARS, for repairs",
            "GRANT DELETE ON TABLE STOCKS.RAW.STOCK_BARS TO ROLE STOCK_LOADER;",
        ),
        pytest.param(
            r"^UPDATE RAW.LOADED_FILES",
            "UPDATE on RAW.LOADED_FILES, for repairs",
            "GRANT UPDATE ON TABLE STOCKS.RAW.LOADED_FILES TO ROLE STOCK_LOADER;",
        ),
        pytest.param(
            r"^UPDATE RAW.LOADER_LEASE",
            "UPDATE on RAW.LOADER_LEASE",
            "GRANT UPDATE ON TABLE STOCKS.RAW.LOADER_LEASE TO ROLE STOCK_LOADER;",
        ),
        pytest.param(
            r"^INSERT INTO RAW.STOCK_QUOTES",
            "INSERT on RAW.STOCK_QUOTES",
            "GRANT INSERT ON TABLE STOCKS.RAW.STOCK_QUOTES TO ROLE STOCK_LOADER;",
        ),
        pytest.param(
            r"^CREATE TABLE",
            "CREATE TABLE in RAW, for rebuild",
            "GRANT CREATE TABLE ON SCHEMA STOCKS.RAW TO ROLE STOCK_LOADER;",
        ),
        pytest.param(
            r"^COPY", "reading RAW.STOCK_STAGE", "GRANT USAGE ON INTEGRATION STOCK_S3 TO ROLE STOCK_LOADER;"
        ),
        pytest.param(r"CURRENT_USER", "sign-in", "GRANT ROLE STOCK_LOADER TO USER u;"),
    ],
)
def test_a_missing_right_is_named_with_its_statement(refused: str, what: str, run: str) -> None:
    (check,) = wrong(Account(refused))
    assert check.what == what and run in check.run and "not authorized" in check.reason


def test_an_error_that_is_no_right_is_reported_too() -> None:
    (check,) = wrong(Account("^COPY", StatementError(3167, "42601", "Error assuming AWS_ROLE")))
    assert "AWS_ROLE" in check.reason and "DESC INTEGRATION STOCK_S3;" in check.run


def test_a_table_that_the_loader_holds_locked_is_no_missing_right() -> None:
    assert not wrong(Account("^UPDATE", LockTimeout("locked")))


def test_missing_things_are_named_in_order_with_what_makes_them() -> None:
    account = Account()
    del account.tables["RAW.STOCK_QUOTES"]
    account.tables["RAW.STOCK_BARS"] = account.tables["RAW.STOCK_BARS"] - {"ADJUSTED"}
    account.url = "s3://elsewhere/"
    found = {check.what: check for check in wrong(account)}
    assert set(found) == {"table RAW.STOCK_QUOTES", "table RAW.STOCK_BARS", "stage RAW.STOCK_STAGE"}
    assert found["table RAW.STOCK_QUOTES"].run == (
        "stock-sf-loader migrate",
        "GRANT SELECT, INSERT, DELETE ON TABLE STOCKS.RAW.STOCK_QUOTES TO ROLE STOCK_LOADER;",
    )
    assert "ADJUSTED" in found["table RAW.STOCK_BARS"].reason
    assert found["stage RAW.STOCK_STAGE"].run[0] == "DROP STAGE STOCKS.RAW.STOCK_STAGE;"


def test_without_the_database_nothing_further_is_asked() -> None:
    account = Account()
    account.warehouse = account.database = None
    found = checks(account)
    assert (
        [check.what for check in found if check.state == MISSING]
        == ["warehouse STOCK_WH", "database STOCKS"]
        == [check.what for check in found[1:]]
    )
    assert found[1].run == ("GRANT USAGE ON WAREHOUSE STOCK_WH TO ROLE STOCK_LOADER;",)


def test_what_only_readers_need_is_advice() -> None:
    account = Account()
    account.schemas, account.views = {"RAW"}, set()
    assert [check.what for check in checks(account) if check.state == ADVICE] == ["schema ANALYTICS", "views"]
    assert not wrong(account)


def test_an_empty_bucket_leaves_reading_open() -> None:
    (check,) = (check for check in checks(Account(), None) if check.state == UNKNOWN)
    assert "no object is on S3 yet" in check.reason


def test_a_monitor_that_would_stop_the_months_loads_is_advice() -> None:
    account = Account()
    account.credits = "20"
    (check,) = (check for check in checks(account) if check.state == ADVICE)
    assert "20 credits" in check.reason and f"should have {quota(900)}" in check.reason
    assert check.run == ("ALTER RESOURCE MONITOR STOCK_MONITOR SET CREDIT_QUOTA = 26;",)


@pytest.mark.parametrize("refused", [r"SHOW RESOURCE MONITORS"])
def test_a_monitor_that_the_role_may_not_see_is_no_fault(refused: str) -> None:
    assert {check.state for check in checks(Account(refused))} == {OK}

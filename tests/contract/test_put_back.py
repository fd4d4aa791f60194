"""Faults that were once in the SQL, or may come into it, are put into a copy of it one at a time.

Each is refused twice, for its own reason: by the rules of tests/contract/snowflake_rules.py, which need no
server, and by the local Snowflake. A missing grant is in test_grants.py, which takes away each of them.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, NamedTuple

import pytest
import snowflake_rules
from every_statement import changed
from local_snowflake import BUCKET, Account

from stock_common.run import FatalError
from stock_sf_loader.account.grants import Roles
from stock_warehouse.errors import StatementError

LEDGER = "CREATE TABLE IF NOT EXISTS RAW.LOADED_FILES"
STAGE = "CREATE STAGE IF NOT EXISTS"
LATEST = "SELECT symbol, price"


class Fault(NamedTuple):
    """`new` stands where our own statement that begins with `starts` has `old`. says: what the rules say."""

    starts: str
    old: str
    new: str
    says: str
    code: int
    binds: tuple[Any, ...] = ()


FAULTS = {
    "A1, a default finer than its column": Fault(
        LEDGER, "CURRENT_TIMESTAMP(6)\n", "CURRENT_TIMESTAMP()\n", "TIMESTAMPLTZ(9), its column", 2023
    ),
    "A2, a text bound in LIMIT": Fault(LATEST, "LIMIT 5000", "LIMIT ?", "bound in LIMIT", 1003, ("5000",)),
    "a default of another type": Fault(
        LEDGER, "HOLES NUMBER(20, 0) NOT NULL", "HOLES NUMBER(20, 0) DEFAULT 'none'", "is VARCHAR", 2023
    ),
    "an unknown option of a table": Fault(
        LEDGER, "RETENTION_TIME_IN_DAYS", "RETENTION_IN_DAYS", "not on the list", 1006
    ),
    "an unknown option of a stage": Fault(STAGE, "URL =", "URI =", "URI is not on the list", 1006),
    "an unknown property of a warehouse": Fault(
        "CREATE WAREHOUSE IF NOT EXISTS STOCK_WH", "GENERATION", "GEN", "GEN is not", 1006
    ),
}


def refusal(account: Account, sql: str, binds: tuple[Any, ...]) -> int:
    with closing(account.session(*_signs_in(sql))) as session:
        session.query("SELECT 1 AS ONE")
        with pytest.raises((StatementError, FatalError)) as caught:
            session.execute(sql, binds)
    assert isinstance(caught.value, StatementError), caught.value
    return caught.value.code


def _signs_in(sql: str) -> tuple[str, str | None]:
    """The user and role that run it."""
    if sql.startswith("SELECT"):
        return "STOCK_DASHBOARD", None
    return ("administrator", None) if "WAREHOUSE" in sql else ("STOCK_LOADER", Roles().owner)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in FAULTS.items()])
def test_a_fault_that_is_put_back_is_refused_for_its_reason(fault: Fault, account: Account) -> None:
    sql = changed(fault.starts, fault.old, fault.new)
    found = snowflake_rules.faults(sql)
    assert any(fault.says in reason for reason in found), found
    assert refusal(account, sql, fault.binds) == fault.code


@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in FAULTS.items()])
def test_without_the_fault_it_is_taken(fault: Fault, account: Account) -> None:
    sql = changed(fault.starts, fault.old, fault.old).replace("s3://stocks/", f"s3://{BUCKET}/")
    assert snowflake_rules.faults(sql) == []
    with closing(account.session(*_signs_in(sql))) as session:
        session.execute(sql)

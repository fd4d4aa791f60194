from __future__ import annotations

from typing import NamedTuple

import pytest

from stock_common.run import FatalError
from stock_warehouse.errors import (
    SIGN_IN,
    AccountSuspended,
    LockTimeout,
    SessionExpired,
    StatementError,
    StatementFailed,
    WarehouseUnavailable,
    classify,
)


class Case(NamedTuple):
    code: int
    sqlstate: str
    text: str
    kind: type[Exception]
    says: str = ""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(
                625,
                "57014",
                "Statement '1' has locked table 'X' in transaction 2",
                LockTimeout,
                "locked table",
            ),
            id="lock not released in time",
        ),
        pytest.param(
            Case(100038, "22018", "Numeric value 'x' is not recognized", StatementError, "100038 (22018)"),
            id="bad value",
        ),
        pytest.param(
            Case(
                1003, "42000", "SQL compilation error:\nsyntax error line 1", StatementError, "error: syntax"
            ),
            id="syntax",
        ),
        pytest.param(
            Case(2003, "42S02", "Object 'RAW.X' does not exist or not authorized.", FatalError, "migrations"),
            id="object missing",
        ),
        pytest.param(Case(3001, "42501", "Insufficient privileges", FatalError, "grant"), id="privilege"),
        pytest.param(
            Case(606, "57P03", "No active warehouse selected", FatalError, "grant"), id="no warehouse"
        ),
        pytest.param(Case(90073, "22000", "resource monitor", WarehouseUnavailable), id="spending stop"),
        pytest.param(
            Case(
                666,
                "08004",
                "Your account is suspended due to lack of payment method.",
                AccountSuspended,
                "trial",
            ),
            id="account suspended",
        ),
        pytest.param(
            Case(630, "57014", "Statement reached its timeout", StatementFailed), id="statement timeout"
        ),
        pytest.param(
            Case(
                390100, "28000", "Incorrect username or password was specified.", FatalError, "SNOWFLAKE_USER"
            ),
            id="password",
        ),
        pytest.param(Case(390144, "08001", "JWT token is invalid.", FatalError, "credential"), id="key pair"),
        pytest.param(
            Case(390186, "08001", "Role 'X' is not granted to this user.", FatalError, "SNOWFLAKE_ROLE"),
            id="role",
        ),
        pytest.param(
            Case(251008, "", "the private key cannot be used", FatalError, "SNOWFLAKE_"),
            id="private key file",
        ),
        pytest.param(
            Case(251018, "", "No AWS credentials were found.", FatalError, "SNOWFLAKE_"), id="no role on AWS"
        ),
        pytest.param(Case(390111, "08001", "Session no longer exists.", SessionExpired), id="session gone"),
        pytest.param(
            Case(390114, "08001", "Authentication token has expired.", SessionExpired),
            id="master token expired",
        ),
        pytest.param(Case(250002, "08003", "Connection is closed", SessionExpired), id="connection closed"),
        pytest.param(
            Case(250001, "08001", "Could not connect to Snowflake backend", WarehouseUnavailable),
            id="no connection",
        ),
        pytest.param(
            Case(250003, "n/a", "Failed to execute request", WarehouseUnavailable), id="request failed"
        ),
        pytest.param(Case(290503, "n/a", "HTTP 503: Service Unavailable", WarehouseUnavailable), id="server"),
        pytest.param(Case(-1, "n/a", "Unknown error", WarehouseUnavailable), id="no code"),
    ],
)
def test_errors_are_classified(case: Case) -> None:
    error = classify(case.code, case.sqlstate, case.text)
    assert type(error) is case.kind
    assert case.says in str(error)


def test_an_account_that_is_not_there_is_one_only_at_the_sign_in() -> None:
    refused = classify(290404, "08001", "404 Not Found: post login-request", SIGN_IN)
    assert isinstance(refused, FatalError)
    assert "correct SNOWFLAKE_ACCOUNT" in str(refused)
    assert isinstance(classify(290404, "08001", "404 Not Found"), WarehouseUnavailable)


@pytest.mark.parametrize(("code", "remedy"), [(390101, "DISABLED = FALSE"), (390102, "MINS_TO_UNLOCK = 0")])
def test_a_user_that_may_not_come_in_is_named_with_the_remedy(code: int, remedy: str) -> None:
    refused = classify(code, "08001", "no access", SIGN_IN, "STOCK_LOADER")
    assert isinstance(refused, FatalError)
    assert "user STOCK_LOADER is" in str(refused) and f"ALTER USER STOCK_LOADER SET {remedy}" in str(refused)

"""Snowflake's documented behaviour of queries and sessions, case by case.

Sources are pages of its SQL reference.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from rules import Case, Fails, Step, check

UTC = datetime.UTC
AT = datetime.datetime(2026, 11, 23, 14, 31, 7, 123456, tzinfo=UTC)
OK = [("Statement executed successfully.",)]
NUMBERS = Step("CREATE OR REPLACE TABLE T (A NUMBER(20,0), B VARCHAR(8))")
TICKS = Step(
    "CREATE OR REPLACE TABLE TICKS AS SELECT COLUMN1 AS SYMBOL, COLUMN2::NUMBER(18,6) AS PRICE,"
    " COLUMN3::NUMBER(20,0) AS VOLUME,"
    " COLUMN4::TIMESTAMP_LTZ AS QUOTED_AT FROM VALUES ('IBM', 10.5, 100, '2026-11-23 14:31:07.123456'),"
    " ('IBM', 11.25, 250, '2026-11-23 14:33:00'), ('IBM', 9.75, 300, '2026-11-23 14:36:00'),"
    " ('AAPL', 1.5, 5, '2026-11-23 14:30:00')"
)

CASES = [
    Case(
        "binds keep type and value",
        "python-connector-api, qmark",
        [
            Step(
                "SELECT ?, ?, ?, ?, ?, ?, ?",
                [
                    (
                        1,
                        Decimal("1.50"),
                        "x'y",
                        None,
                        datetime.date(2026, 1, 2),
                        datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
                        True,
                    )
                ],
                (
                    1,
                    Decimal("1.50"),
                    "x'y",
                    None,
                    datetime.date(2026, 1, 2),
                    datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
                    True,
                ),
            ),
            Step("SELECT ?", [(AT,)], (("TIMESTAMP_LTZ", AT),)),
            Step(
                "SELECT 1 WHERE ? < ?",
                [(1,)],
                (("TIMESTAMP_LTZ", AT), ("TIMESTAMP_LTZ", AT + datetime.timedelta(microseconds=1))),
            ),
        ],
    ),
    Case(
        "a NULL timestamp is NULL",
        "data-types-datetime",
        [
            Step("SELECT NULL::TIMESTAMP_LTZ, NULL::TIMESTAMP_NTZ, NULL::DATE", [(None, None, None)]),
        ],
    ),
    Case(
        "SUM of NUMBER is exact, whole numbers are int",
        "functions/sum",
        [
            Step(
                "SELECT SUM(X), SUM(Y), COUNT(*), COUNT_IF(X > 0)"
                " FROM (SELECT 9007199254740993::NUMBER(20,0) AS X, 0.1::NUMBER(18,6) AS Y UNION ALL"
                " SELECT 2, 0.2)",
                [(9007199254740995, Decimal("0.300000"), 2, 2)],
            ),
        ],
    ),
    Case(
        "QUALIFY keeps the newest of each symbol",
        "constructs/qualify",
        [
            TICKS,
            Step(
                "SELECT SYMBOL, PRICE FROM TICKS QUALIFY ROW_NUMBER() OVER (PARTITION BY SYMBOL"
                " ORDER BY QUOTED_AT DESC) = 1 ORDER BY SYMBOL",
                [("AAPL", Decimal("1.500000")), ("IBM", Decimal("9.750000"))],
            ),
        ],
    ),
    Case(
        "bars by TIME_SLICE, MIN_BY and MAX_BY",
        "functions/time_slice, functions/max_by",
        [
            TICKS,
            Step(
                "SELECT TIME_SLICE(QUOTED_AT, 5, 'MINUTE') AS S, MIN_BY(PRICE, QUOTED_AT) AS O,"
                " MAX(PRICE) AS H,"
                " MIN(PRICE) AS L, MAX_BY(PRICE, QUOTED_AT) AS C, COUNT(DISTINCT VOLUME) AS N"
                " FROM TICKS WHERE SYMBOL = 'IBM' GROUP BY TIME_SLICE(QUOTED_AT, 5, 'MINUTE') ORDER BY S",
                [
                    (
                        datetime.datetime(2026, 11, 23, 14, 30, tzinfo=UTC),
                        Decimal("10.500000"),
                        Decimal("11.250000"),
                        Decimal("10.500000"),
                        Decimal("11.250000"),
                        2,
                    ),
                    (datetime.datetime(2026, 11, 23, 14, 35, tzinfo=UTC), *[Decimal("9.750000")] * 4, 1),
                ],
            ),
        ],
    ),
    Case(
        "LAG gives the interval's volume, DATE_TRUNC the hour",
        "functions/lag, functions/date_trunc",
        [
            TICKS,
            Step(
                "SELECT VOLUME - LAG(VOLUME) OVER (ORDER BY QUOTED_AT) AS D, DATE_TRUNC('HOUR',"
                " QUOTED_AT) AS H"
                " FROM TICKS WHERE SYMBOL = 'IBM' ORDER BY QUOTED_AT",
                [(delta, datetime.datetime(2026, 11, 23, 14, tzinfo=UTC)) for delta in (None, 150, 50)],
            ),
        ],
    ),
    Case(
        "EPOCH_SECOND is whole, in a view too: a fraction is not rounded up",
        "functions-date-time (supported date and time parts)",
        [
            Step(
                "CREATE OR REPLACE VIEW SECONDS AS SELECT DATE_PART('EPOCH_SECOND', '2026-11-23"
                " 14:30:59.7 +0000'::TIMESTAMP_LTZ) AS S"
            ),
            Step(
                "SELECT MOD(S, 60) AS M, DATE_PART(EPOCH_SECOND, '2026-11-23 14:30:59.2"
                " +0000'::TIMESTAMP_LTZ) AS E FROM SECONDS",
                [(59, 1795444259)],
            ),
        ],
    ),
    Case(
        "CONVERT_TIMEZONE knows the exchange's day",
        "functions/convert_timezone",
        [
            Step(
                "SELECT CONVERT_TIMEZONE('UTC', 'America/New_York', '2026-11-24"
                " 03:00:00'::TIMESTAMP_NTZ) AS T,"
                " TO_DATE(CONVERT_TIMEZONE('America/New_York', '2026-11-24 03:00:00"
                " +0000'::TIMESTAMP_LTZ)) AS D",
                [(datetime.datetime(2026, 11, 23, 22, 0), datetime.date(2026, 11, 23))],
            ),
        ],
    ),
    Case(
        "a session has a role, a warehouse and a user",
        "functions-context",
        [
            Step("CREATE ROLE IF NOT EXISTS READER"),
            Step("CREATE WAREHOUSE IF NOT EXISTS WH"),
            Step("GRANT USAGE ON WAREHOUSE WH TO ROLE READER"),
            Step("USE ROLE READER", OK),
            Step("USE WAREHOUSE WH", OK),
            Step("USE SECONDARY ROLES NONE", OK),
            Step("SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_USER()", [("READER", "WH", "LOADER")]),
        ],
    ),
    Case(
        "grants, comments and retention are taken",
        "sql/grant-privilege, sql/comment",
        [
            NUMBERS,
            Step("CREATE ROLE IF NOT EXISTS READER"),
            Step("GRANT SELECT ON ALL TABLES IN SCHEMA PUBLIC TO ROLE READER", OK),
            Step("REVOKE SELECT ON TABLE T FROM ROLE READER", OK),
            Step("COMMENT ON TABLE T IS 'numbers'", OK),
            Step("ALTER TABLE T SET DATA_RETENTION_TIME_IN_DAYS = 1", OK),
        ],
    ),
    Case(
        "session parameters are set and unset",
        "sql/alter-session",
        [
            Step("ALTER SESSION SET LOCK_TIMEOUT = 60", OK),
            Step("ALTER SESSION SET TRANSACTION_ABORT_ON_ERROR = TRUE, ABORT_DETACHED_QUERY = TRUE", OK),
            Step("ALTER SESSION SET QUERY_TAG = '{\"run\": 1}' TIMEZONE = 'UTC'", OK),
            Step("ALTER SESSION UNSET QUERY_TAG, LOCK_TIMEOUT", OK),
            Step("ALTER SESSION SET NO_SUCH_PARAMETER = 1", Fails(1006)),
            Step("ALTER SESSION SET LOCK_TIMEOUT = 'soon'", Fails(1008)),
        ],
    ),
    Case(
        "TIMEZONE moves the day but not the instant",
        "parameters, TIMEZONE",
        [
            Step("ALTER SESSION SET TIMEZONE = 'America/New_York'", OK),
            Step(
                "SELECT '2026-11-24 03:00:00 +0000'::TIMESTAMP_LTZ AS T, TO_DATE('2026-11-24"
                " 03:00:00 +0000'::TIMESTAMP_LTZ) AS D",
                [(datetime.datetime(2026, 11, 24, 3, tzinfo=UTC), datetime.date(2026, 11, 23))],
            ),
        ],
    ),
    Case(
        "what does not compile says so",
        "error messages as Snowflake words them",
        [
            Step("SELEC 1", Fails(1003)),
            Step("SELECT NO_SUCH FROM (SELECT 1 AS A)", Fails(904)),
            Step("SELECT * FROM NO_SUCH_TABLE", Fails(2003)),
            Step("SELECT 1; SELECT 2", Fails(8)),
            Step("CALL NO_SUCH()", Fails(2)),
            Step("SELECT 'costs $usd'", [("costs $usd",)]),
        ],
    ),
    Case(
        "a value that cannot be converted says what kind",
        "error messages as Snowflake words them",
        [
            NUMBERS,
            Step("INSERT INTO T (A) VALUES (?)", Fails(100038), ("abc",)),
            Step("SELECT '2026-13-01'::DATE", Fails(100040)),
            Step("SELECT 'noon'::TIMESTAMP_NTZ", Fails(100035)),
        ],
    ),
    Case(
        "the information schema lists tables and columns",
        "info-schema/columns",
        [
            NUMBERS,
            Step(
                "SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION FROM INFORMATION_SCHEMA.COLUMNS"
                " WHERE TABLE_NAME = 'T' ORDER BY ORDINAL_POSITION",
                [("A", "NUMBER", 20), ("B", "TEXT", None)],
            ),
            Step("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES", [("T",)]),
        ],
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_rule(case: Case, cursor: Any) -> None:
    check(case, cursor)

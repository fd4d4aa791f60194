"""What real accounts refuse and DuckDB would take, row by row of README's *As in Snowflake*.

Each refusal has a statement beside it that differs in the fault only and is taken.
"""

from __future__ import annotations

from typing import Any

import pytest
from rules import Case, Fails, Step, check

CASES = [
    Case(
        "a default may widen its column's type, never narrow it",
        "measured by others on real accounts",
        [
            Step("CREATE TABLE A (T TIMESTAMP_LTZ(6) DEFAULT CURRENT_TIMESTAMP())", Fails(2023)),
            Step("CREATE TABLE A (T TIMESTAMP_LTZ(6) DEFAULT CURRENT_TIMESTAMP)", Fails(2023)),
            Step("CREATE TABLE A (T TIMESTAMP_LTZ(6) DEFAULT CURRENT_TIMESTAMP(6))"),
            Step("CREATE TABLE B (T TIMESTAMP_LTZ(6) DEFAULT CURRENT_TIMESTAMP(3))"),
            Step("CREATE TABLE C (T TIMESTAMP_LTZ DEFAULT CURRENT_TIMESTAMP())"),
        ],
    ),
    Case(
        "a default has its column's type",
        "sql/create-table, DEFAULT",
        [
            Step("CREATE TABLE A (N NUMBER(3, 0) DEFAULT 'x')", Fails(2023)),
            Step("CREATE TABLE A (V VARCHAR(3) DEFAULT 'eight ch')", Fails(2023)),
            Step("CREATE TABLE A (V DATE DEFAULT CURRENT_TIMESTAMP())", Fails(2023)),
            Step(
                "CREATE TABLE A (N NUMBER(3, 0) DEFAULT 7, V VARCHAR(3) DEFAULT 'x', B BOOLEAN DEFAULT TRUE)"
            ),
            Step("CREATE TABLE B (N NUMBER(3, 0) DEFAULT NULL)"),
        ],
    ),
    Case(
        "a text is no limit",
        "sql/limit",
        [
            Step("SELECT 1 AS N LIMIT ?", Fails(1003), ("5",)),
            Step("SELECT 1 AS N LIMIT 1 OFFSET ?", Fails(1003), ("0",)),
            Step("SELECT 1 AS N LIMIT ?", [(1,)], (5,)),
        ],
    ),
    Case(
        "a frame of a window takes constants",
        "functions-window-syntax",
        [
            Step(
                "SELECT SUM(1) OVER (ORDER BY 1 ROWS BETWEEN ? PRECEDING AND CURRENT ROW) AS N",
                Fails(1003),
                (1,),
            ),
            Step("SELECT SUM(1) OVER (ORDER BY 1 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS N", [(1,)]),
        ],
    ),
    Case(
        "options that Snowflake does not have are refused",
        "sql/create-stage, sql/create-file-format, sql/create-table, sql/copy-into-table",
        [
            Step("CREATE STAGE S URL = 's3://bucket/' SPEED = 3", Fails(1006)),
            Step(
                "CREATE STAGE S URL = 's3://bucket/' FILE_FORMAT = (TYPE = PARQUET FAST = TRUE)", Fails(1006)
            ),
            Step("CREATE STAGE S URL = 's3://bucket/' FILE_FORMAT = (TYPE = PARQUET) COMMENT = 'x'"),
            Step("CREATE FILE FORMAT F TYPE = PARQUET FAST = TRUE", Fails(1006)),
            Step("CREATE FILE FORMAT F TYPE = PARQUET USE_LOGICAL_TYPE = TRUE"),
            Step("CREATE TABLE T (A INT) RETENTION = 1", Fails(1006)),
            Step("CREATE TABLE T (A INT) DATA_RETENTION_TIME_IN_DAYS = 1 COMMENT = 'x'"),
            Step(
                "COPY INTO T FROM @S FILE_FORMAT = (TYPE = PARQUET)"
                " MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE FAST = 1",
                Fails(1006),
            ),
        ],
    ),
    Case(
        "Time Travel is a day at most on Standard Edition",
        "user-guide/data-time-travel",
        [
            Step("CREATE TABLE T (A INT) DATA_RETENTION_TIME_IN_DAYS = 7", Fails(1008)),
            Step("CREATE TABLE T (A INT) DATA_RETENTION_TIME_IN_DAYS = 9999", Fails(1008)),
            Step("CREATE TABLE T (A INT) DATA_RETENTION_TIME_IN_DAYS = 1"),
            Step("ALTER TABLE T SET DATA_RETENTION_TIME_IN_DAYS = 2", Fails(1008)),
            Step("ALTER TABLE T SET DATA_RETENTION_TIME_IN_DAYS = 0"),
        ],
    ),
    Case(
        "VARCHAR(n) takes no more than n characters",
        "data-types-text",
        [
            Step('CREATE TABLE T (A VARCHAR(3), B VARCHAR, "INTERVAL" VARCHAR(2))'),
            Step("INSERT INTO T VALUES ('äöü', 'eight ch', 'mi')", [(1,)]),
            Step("INSERT INTO T (A) VALUES ('eight ch')", Fails(100078)),
            Step('INSERT INTO T ("INTERVAL") VALUES (?)', Fails(100078), ("1min",)),
            Step("UPDATE T SET A = 'four'", Fails(100078)),
            Step("CREATE TABLE L LIKE T"),
            Step("INSERT INTO L (A) VALUES ('eight ch')", Fails(100078)),
            Step("SELECT A FROM T", [("äöü",)]),
        ],
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_refusal(case: Case, cursor: Any) -> None:
    check(case, cursor)

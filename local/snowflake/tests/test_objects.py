"""Snowflake's documented behaviour of databases, tables and changes to them, case by case.

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
THREE = Step("INSERT INTO T VALUES (1, 'x'), (2, 'y'), (3, NULL)", [(3,)], rowcount=3)

CASES = [
    Case(
        "a created database is the session's current one, with PUBLIC",
        "sql/create-database",
        [
            Step("CREATE DATABASE IF NOT EXISTS RULES"),
            Step("SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()", [("RULES", "PUBLIC")]),
            Step("DROP DATABASE RULES"),
        ],
    ),
    Case(
        "creating what exists, IF NOT EXISTS, succeeds and changes nothing",
        "sql/create-table",
        [
            NUMBERS,
            THREE,
            Step("CREATE TABLE IF NOT EXISTS T (OTHER INT)", [("T already exists, statement succeeded.",)]),
            Step("SELECT COUNT(*) FROM T", [(3,)]),
        ],
    ),
    Case(
        "creating what exists is an error",
        "sql/create-stage",
        [
            Step("CREATE STAGE S URL = 's3://bucket/prefix/'"),
            Step("CREATE STAGE S URL = 's3://bucket/other/'", Fails(2002)),
            Step("CREATE STAGE IF NOT EXISTS S URL = 's3://bucket/other/'"),
            Step("DROP STAGE S"),
            Step("DROP STAGE S", Fails(2003)),
        ],
    ),
    Case(
        "schema, view and column are created when missing",
        "sql/create-view, sql/alter-table",
        [
            NUMBERS,
            THREE,
            Step("CREATE SCHEMA IF NOT EXISTS ANALYTICS"),
            Step("USE SCHEMA PUBLIC"),
            Step("CREATE VIEW IF NOT EXISTS ANALYTICS.V AS SELECT A FROM PUBLIC.T"),
            Step("CREATE OR REPLACE VIEW ANALYTICS.V COPY GRANTS AS SELECT A, B FROM PUBLIC.T"),
            Step("ALTER TABLE T ADD COLUMN IF NOT EXISTS C NUMBER(18,6), IF NOT EXISTS D VARCHAR(4)"),
            Step("ALTER TABLE T ADD COLUMN IF NOT EXISTS C NUMBER(18,6)"),
            Step("SELECT A, B FROM ANALYTICS.V ORDER BY A LIMIT 1", [(1, "x")]),
            Step("SELECT C, D FROM T LIMIT 1", [(None, None)]),
        ],
    ),
    Case(
        "names that are no keywords in Snowflake need no quotes",
        "identifiers-syntax; reserved-keywords",
        [
            Step('CREATE TABLE K (AT TIMESTAMP_LTZ, OFFSET NUMBER, DESC_ VARCHAR, "INTERVAL" VARCHAR)'),
            Step("INSERT INTO K (AT, OFFSET) VALUES (?, ?)", [(1,)], (("TIMESTAMP_LTZ", AT), 5)),
            Step("SELECT AT, OFFSET FROM K WHERE AT = ?", [(AT, 5)], (("TIMESTAMP_LTZ", AT),)),
        ],
    ),
    Case(
        "keys are not enforced, NOT NULL is",
        "constraints-overview",
        [
            Step(
                "CREATE TABLE K (A INT PRIMARY KEY, B INT UNIQUE, C INT, CONSTRAINT F FOREIGN KEY"
                " (C) REFERENCES K (A))"
            ),
            Step("INSERT INTO K VALUES (1, 1, 9), (1, 1, 9)", [(2,)]),
            Step("INSERT INTO K VALUES (NULL, 1, 1)", Fails(100072)),
        ],
    ),
    Case(
        "DML answers how many rows it changed",
        "sql/update, sql/delete, sql/insert",
        [
            NUMBERS,
            THREE,
            Step("UPDATE T SET B = ? WHERE A > ?", [(2, 0)], ("z", 1), rowcount=2),
            Step("UPDATE T SET B = 'q' WHERE A > 99", [(0, 0)], rowcount=0),
            Step("DELETE FROM T WHERE A = 1", [(1,)], rowcount=1),
            Step("SELECT A, B FROM T ORDER BY A", [(2, "z"), (3, "z")]),
        ],
    ),
    Case(
        "MERGE counts each kind of action it has",
        "sql/merge",
        [
            NUMBERS,
            THREE,
            Step(
                "MERGE INTO T USING (SELECT 3 AS A UNION ALL SELECT 4) S ON T.A = S.A"
                " WHEN MATCHED THEN UPDATE SET B = 'm' WHEN NOT MATCHED THEN INSERT (A, B) VALUES (S.A, 'n')",
                [(1, 1)],
                rowcount=2,
            ),
            Step("SELECT A, B FROM T WHERE A > 2 ORDER BY A", [(3, "m"), (4, "n")]),
        ],
    ),
    Case(
        "the merge that makes the lease row does it once",
        "sql/merge",
        [
            Step(
                "CREATE TABLE LEASE (NAME VARCHAR(32) NOT NULL, HOLDER VARCHAR, FENCE NUMBER(20,0) NOT NULL)"
            ),
            *[
                Step(
                    "MERGE INTO LEASE AS L USING (SELECT 'loader' AS NAME) AS W ON L.NAME = W.NAME"
                    " WHEN NOT MATCHED THEN INSERT (NAME, HOLDER, FENCE) VALUES (W.NAME, NULL, 0)",
                    [(made,)],
                )
                for made in (1, 0)
            ],
        ],
    ),
    Case(
        "TRUNCATE and INSERT OVERWRITE",
        "sql/truncate-table, sql/insert",
        [
            NUMBERS,
            THREE,
            Step("INSERT OVERWRITE INTO T SELECT 9, 'o'", [(1,)]),
            Step("SELECT * FROM T", [(9, "o")]),
            Step("TRUNCATE TABLE T", OK),
            Step("SELECT * FROM T", []),
        ],
    ),
    Case(
        "LIKE copies columns, NOT NULL and lengths, no rows",
        "sql/create-table, LIKE",
        [
            Step("CREATE TABLE A (X VARCHAR(3) NOT NULL, Y NUMBER(18,6) DEFAULT 5)"),
            Step("INSERT INTO A (X) VALUES ('x')"),
            Step("CREATE TABLE B LIKE A"),
            Step("SELECT COUNT(*) FROM B", [(0,)]),
            Step("INSERT INTO B (X) VALUES (NULL)", Fails(100072)),
            Step("INSERT INTO B (X) VALUES ('y')"),
            Step("SELECT Y FROM B", [(Decimal("5.000000"),)]),
            Step("CREATE TABLE B LIKE A", Fails(2002)),
        ],
    ),
    Case(
        "SWAP WITH exchanges two tables, views see the new one",
        "sql/alter-table, SWAP WITH",
        [
            Step("CREATE TABLE A (X INT)"),
            Step("INSERT INTO A VALUES (1)"),
            Step("CREATE TABLE B (X INT)"),
            Step("INSERT INTO B VALUES (2)"),
            Step("CREATE VIEW V AS SELECT X FROM A"),
            Step("ALTER TABLE A SWAP WITH B", OK),
            Step("SELECT X FROM A", [(2,)]),
            Step("SELECT X FROM V", [(2,)]),
            Step("SELECT X FROM B", [(1,)]),
            Step("ALTER TABLE A SWAP WITH NOPE", Fails(2003)),
        ],
    ),
    Case(
        "RENAME TO takes a qualified name",
        "sql/alter-table, RENAME TO",
        [
            Step("CREATE TABLE A (X INT)"),
            Step("ALTER TABLE A RENAME TO PUBLIC.B", OK),
            Step("SELECT X FROM B", []),
            Step("SELECT X FROM A", Fails(2003)),
            Step("CREATE TABLE A (X INT)"),
            Step("ALTER TABLE A RENAME TO B", Fails(2002)),
        ],
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_rule(case: Case, cursor: Any) -> None:
    check(case, cursor)

"""No statement of ours has what Snowflake refuses and the local one may take. The checker has tests too."""

from __future__ import annotations

import pytest
import snowflake_rules
from every_statement import EVERY, changed


@pytest.mark.parametrize("sql", [pytest.param(sql, id=" ".join(sql.split()[:7])) for sql in EVERY])
def test_snowflake_is_known_to_take_it(sql: str) -> None:
    assert snowflake_rules.faults(sql) == []


def test_all_kinds_of_statements_are_looked_at() -> None:
    kinds = {" ".join(sql.replace("IF NOT EXISTS ", "").split()[:2]) for sql in EVERY}
    for kind in snowflake_rules.OPTIONS:
        assert " ".join(kind.split()[:2]) in kinds, kind
    assert sum("DEFAULT" in sql and sql.startswith("CREATE TABLE") for sql in EVERY) >= 1
    assert sum("LIMIT" in sql for sql in EVERY) >= 9


LEDGER = "CREATE TABLE IF NOT EXISTS RAW.LOADED_FILES"
LATEST = "SELECT symbol, price"
FAULTS = [
    pytest.param(LEDGER, "TIMESTAMP(6)\n", "TIMESTAMP()\n", "TIMESTAMPLTZ(9), its column", id="default 9"),
    pytest.param(LEDGER, "TIMESTAMP(6)\n", "TIMESTAMP\n", "TIMESTAMPLTZ(9), its column", id="default bare"),
    pytest.param(LEDGER, "TIMESTAMP(6)\n", "TIMESTAMP(3)\n", "TIMESTAMPLTZ(3), its", id="default wider"),
    pytest.param(LEDGER, "TIMESTAMP(6)\n", "DATE()\n", "is DATE", id="default of another type"),
    pytest.param(LEDGER, "CURRENT_TIMESTAMP(6)\n", "UUID_STRING()\n", "not known", id="default unknown"),
    pytest.param(LEDGER, "HOLES NUMBER", "START NUMBER", "START is a word", id="column START"),
    pytest.param(LEDGER, "RETENTION_TIME_IN_DAYS", "RETENTION_IN_DAYS", "not on the list", id="property"),
    pytest.param(LATEST, "LIMIT 5000", "LIMIT ?", "bound in LIMIT", id="bound limit"),
    pytest.param(LATEST, "LIMIT 5000", "LIMIT 5 OFFSET ?", "bound in OFFSET", id="bound offset"),
    pytest.param(LATEST, "LIMIT 5000", "FETCH FIRST ? ROWS ONLY", "bound in FETCH", id="bound fetch"),
    pytest.param(LATEST, " FROM", ", 1 AS rows FROM", "rows is a word", id="alias ROWS"),
    pytest.param("CREATE OR REPLACE VIEW ANALYTICS.TICKS", "STEPS", "CHANGES", "CHANGES is a word", id="CTE"),
    pytest.param("COPY INTO", "FORCE", "FORCED", "FORCED is not on the list", id="COPY option"),
    pytest.param("COPY INTO", "BINARY_AS_TEXT", "BINARY_TEXT", "BINARY_TEXT is not", id="format option"),
    pytest.param("COPY INTO", "METADATA$FILENAME", "METADATA$NAME", "no column of", id="metadata"),
    pytest.param("CREATE STAGE", "URL =", "URI =", "URI is not on the list", id="stage option"),
    pytest.param(
        "CREATE STORAGE", "ENABLED", "ACTIVE", "ACTIVE is not on the list", id="integration property"
    ),
    pytest.param(
        "CREATE WAREHOUSE IF NOT EXISTS STOCK_WH", "GENERATION", "GEN", "GEN is not", id="warehouse"
    ),
    pytest.param(
        "ALTER RESOURCE MONITOR STOCK_MONITOR", "NOTIFY_USERS", "NOTIFY", "NOTIFY is not", id="monitor"
    ),
]


@pytest.mark.parametrize(("starts", "old", "new", "says"), FAULTS)
def test_a_fault_that_is_put_back_is_found(starts: str, old: str, new: str, says: str) -> None:
    found = snowflake_rules.faults(changed(starts, old, new))
    assert any(says in fault for fault in found), found


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            "SELECT SUM(A) OVER (ORDER BY B ROWS BETWEEN ? PRECEDING AND CURRENT ROW) AS C FROM T",
            "WINDOWSPEC",
        ),
        ("CREATE TABLE T (A VARCHAR(3) DEFAULT 'eight ch')", "longer than its column"),
        ("CREATE FILE FORMAT F TYPE = PARQUET SPEED = 2", "CREATE FILE FORMAT is not on the list"),
        ("CREATE TABLE T (A NUMBER(3, 0) DEFAULT 'x')", "is VARCHAR"),
        ("SELECT CAST('1970-01-01' AS DATE) AS A", "depends on the session's formats"),
        ("SELECT '1970-01-01'::DATE AS A", "depends on the session's formats"),
        ("SELECT DATE '1970-01-01' AS A", "depends on the session's formats"),
        ("SELECT TO_DATE('1970-01-01') AS A", "depends on the session's formats"),
        ("SELECT TRY_CAST('09:30' AS TIME) AS A", "depends on the session's formats"),
        ("SELECT TO_TIMESTAMP_LTZ('2026-03-02') AS A", "depends on the session's formats"),
    ],
)
def test_what_we_do_not_write_yet_is_found_too(sql: str, says: str) -> None:
    assert any(says in fault for fault in snowflake_rules.faults(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE T (A TIMESTAMP_LTZ DEFAULT CURRENT_TIMESTAMP(), B NUMBER(3, 0) DEFAULT 7)",
        "CREATE TABLE T (C INT DEFAULT NULL)",
        "CREATE TABLE T (\"INTERVAL\" VARCHAR(3) DEFAULT '1m', D BOOLEAN DEFAULT TRUE)",
        "SELECT A FROM T WHERE B = ? LIMIT 3",
    ],
)
def test_what_is_right_is_left_alone(sql: str) -> None:
    assert snowflake_rules.faults(sql) == []

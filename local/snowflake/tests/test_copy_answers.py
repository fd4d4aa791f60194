"""COPY's answer, load history and size.

Sources: those of test_copy, and user-guide/data-load-considerations-load, "Load metadata".
"""

from __future__ import annotations

import time
from typing import Any

import pytest
import snowflake.connector.errors
from conftest import Load, Stage
from files import METADATA, QUOTES_DDL, copy, parquet, quotes

COLUMNS = [
    "file",
    "status",
    "rows_parsed",
    "rows_loaded",
    "error_limit",
    "errors_seen",
    "first_error",
    "first_error_line",
    "first_error_character",
    "first_error_column_name",
]


def test_answer_has_snowflakes_columns(load: Load, stage: Stage, cursor: Any) -> None:
    answer = load(copy("a.parquet", options="FORCE = TRUE"), {"a.parquet": quotes(3)})
    assert [column.name for column in cursor.description] == COLUMNS
    assert answer == [(f"s3://{stage.bucket}/a.parquet", "LOADED", 3, 3, 1, 0, None, None, None, None)]


def test_history_is_by_table_and_content(load: Load, cursor: Any) -> None:
    statement = copy("a.parquet")
    assert [row[1] for row in load(statement, {"a.parquet": quotes(1)})] == ["LOADED"]
    skipped = load(statement)
    assert [(row[1], row[3], row[6]) for row in skipped] == [("LOAD_SKIPPED", 0, "File was loaded before.")]
    assert load(copy()) == [("Copy executed with 0 files processed.",)]
    assert [row[1] for row in load(f"{statement} FORCE = FALSE")] == ["LOAD_SKIPPED"]
    assert [row[1] for row in load(f"{statement} FORCE = TRUE")] == ["LOADED"]
    assert [row[1] for row in load(statement, {"a.parquet": quotes(2)})] == ["LOADED"]
    cursor.execute("CREATE TABLE SECOND LIKE QUOTES")
    assert [row[1] for row in load(copy("a.parquet", table="SECOND"))] == ["LOADED"]
    assert cursor.execute("SELECT COUNT(*) FROM QUOTES").fetchall() == [(4,)]
    assert cursor.execute(
        "SELECT COUNT(*), SUM(ROW_COUNT) FROM INFORMATION_SCHEMA.LOAD_HISTORY WHERE TABLE_NAME = 'QUOTES'"
    ).fetchall() == [(3, 4)]


@pytest.mark.parametrize(
    ("forget", "expected"),
    [
        pytest.param("TRUNCATE TABLE QUOTES", "LOADED", id="truncated"),
        pytest.param(QUOTES_DDL, "LOADED", id="replaced"),
        pytest.param("CREATE TABLE IF NOT EXISTS QUOTES (A INT)", "LOAD_SKIPPED", id="created if not there"),
        pytest.param("DELETE FROM QUOTES", "LOAD_SKIPPED", id="rows deleted"),
    ],
)
def test_history_goes_with_the_table(forget: str, expected: str, load: Load, cursor: Any) -> None:
    load(copy("a.parquet"), {"a.parquet": quotes(1)})
    cursor.execute(forget)
    assert [row[1] for row in load(copy("a.parquet"))] == [expected]


def test_history_follows_a_swap(load: Load, cursor: Any) -> None:
    load(copy("a.parquet"), {"a.parquet": quotes(1)})
    cursor.execute("CREATE TABLE REBUILT LIKE QUOTES")
    cursor.execute("ALTER TABLE QUOTES SWAP WITH REBUILT")
    assert [row[1] for row in load(copy("a.parquet"))] == ["LOADED"]
    assert [row[1] for row in load(copy("a.parquet", table="REBUILT"))] == ["LOAD_SKIPPED"]


def test_history_and_rows_are_rolled_back_together(load: Load, cursor: Any) -> None:
    cursor.execute("BEGIN")
    load(copy("a.parquet"), {"a.parquet": quotes(1)})
    cursor.execute("ROLLBACK")
    assert cursor.execute("SELECT COUNT(*) FROM QUOTES").fetchall() == [(0,)]
    assert [row[1] for row in load(copy("a.parquet"))] == ["LOADED"]


def test_a_refused_copy_leaves_the_transaction_usable(load: Load, cursor: Any) -> None:
    """transactions: "If a statement fails within a transaction, you can still commit"."""
    cursor.execute("BEGIN")
    load(copy("a.parquet"), {"a.parquet": quotes(1), "b.parquet": b"no"})
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        load(copy("b.parquet"))
    cursor.execute("COMMIT")
    assert cursor.execute("SELECT COUNT(*) FROM QUOTES").fetchall() == [(1,)]


def test_a_thousand_files_in_one_statement(load: Load, cursor: Any) -> None:
    names = [f"raw/{number:04}.parquet" for number in range(1000)]
    files = {name: parquet(quotes(3, 3 * number)) for number, name in enumerate(names)}
    load("SELECT 1", files)
    started = time.monotonic()
    answer = load(copy(*names, options="FORCE = TRUE", metadata=METADATA))
    seconds = time.monotonic() - started
    assert [row[3] for row in answer] == [3] * 1000
    assert cursor.execute(
        "SELECT COUNT(DISTINCT KAFKA_OFFSET), COUNT(DISTINCT SOURCE_FILE) FROM QUOTES"
    ).fetchall() == [(3000, 1000)]
    assert seconds < 30, f"{seconds:.1f} s"


def test_more_than_a_thousand_files_are_refused(load: Load) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="maximum is 1000"):
        load(copy(*[f"{number}.parquet" for number in range(1001)]))


def test_a_bucket_that_does_not_exist_is_an_error_of_the_stage(load: Load, cursor: Any) -> None:
    cursor.execute("CREATE OR REPLACE STAGE LANDING URL = 's3://no-such-bucket-here/'")
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        load(copy("a.parquet"))
    assert caught.value.errno in (91003, 91016)

"""COPY INTO from a real S3 server, row by row: files, statement, answer, table.

Sources: sql-reference/sql/copy-into-table, user-guide/querying-metadata and
user-guide/data-load-considerations-load.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
import snowflake.connector.errors
from conftest import Load
from files import NOON, copy, parquet, quotes

UTC = datetime.UTC


class Refused(NamedTuple):
    """The COPY fails with this number and a text that contains this. The table stays as it was."""

    errno: int
    text: str


class Case(NamedTuple):
    """files → COPY → the answer's (status, rows_loaded) a file or Refused, then `check` → `rows`."""

    files: Mapping[str, pa.Table | bytes]
    copy: str
    answer: list[tuple[str, int]] | Refused
    check: str = "SELECT COUNT(*) FROM QUOTES"
    rows: list[Any] | None = None


def texts(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


CASES = {
    "one file, decimals and UTC microseconds kept exactly": Case(
        {"a.parquet": quotes(2)},
        copy("a.parquet"),
        [("LOADED", 2)],
        "SELECT EVENT_ID, PRICE, VOLUME, TRADING_DAY, QUOTED_AT, KAFKA_OFFSET FROM QUOTES"
        " ORDER BY KAFKA_OFFSET",
        [
            ("e0", Decimal("123.456789"), 10**15, NOON.date(), NOON, 0),
            ("e1", Decimal("123.456789"), 10**15 + 1, NOON.date(), None, 1),
        ],
    ),
    "several files in the order named": Case(
        {"a.parquet": quotes(2), "b.parquet": quotes(3, 2)},
        copy("b.parquet", "a.parquet"),
        [("LOADED", 3), ("LOADED", 2)],
        rows=[(5,)],
    ),
    "an empty file is LOADED with 0 rows": Case(
        {"a.parquet": quotes(0)}, copy("a.parquet"), [("LOADED", 0)], rows=[(0,)]
    ),
    "columns are matched whatever their case": Case(
        {"a.parquet": quotes(1, symbol=None, SyMbOl=texts("MSFT"))},
        copy("a.parquet"),
        [("LOADED", 1)],
        "SELECT SYMBOL FROM QUOTES",
        [("MSFT",)],
    ),
    "a column that only the file has is dropped": Case(
        {"a.parquet": quotes(1, extra=texts("x"))}, copy("a.parquet"), [("LOADED", 1)], rows=[(1,)]
    ),
    "a column that only the table has is NULL, its default does not fire": Case(
        {"a.parquet": quotes(1, price=None)},
        copy("a.parquet", metadata=""),
        [("LOADED", 1)],
        "SELECT PRICE, LOADED_AT, SOURCE_FILE FROM QUOTES",
        [(None, None, None)],
    ),
    "a NOT NULL column that the file lacks": Case(
        {"a.parquet": quotes(1, symbol=None)},
        copy("a.parquet"),
        Refused(100072, "File 'a.parquet'"),
        rows=[(0,)],
    ),
    "NULL in a NOT NULL column": Case(
        {"a.parquet": quotes(2), "b.parquet": quotes(2, symbol=texts("IBM", None))},
        copy("a.parquet", "b.parquet"),
        Refused(100072, "File 'b.parquet', line 2"),
        rows=[(0,)],
    ),
    "an empty string is an error with MATCH_BY_COLUMN_NAME": Case(
        {"a.parquet": quotes(2, symbol=texts("IBM", ""))},
        copy("a.parquet"),
        Refused(100038, "File 'a.parquet'"),
        rows=[(0,)],
    ),
    "an empty string in a column that is dropped is none": Case(
        {"a.parquet": quotes(1, extra=texts(""))}, copy("a.parquet"), [("LOADED", 1)], rows=[(1,)]
    ),
    "a string that is no number": Case(
        {"a.parquet": quotes(2), "b.parquet": quotes(2, price=texts("1.5", "dear"))},
        copy("a.parquet", "b.parquet"),
        Refused(100038, "Numeric value 'dear' is not recognized\n  File 'b.parquet', line 2"),
        rows=[(0,)],
    ),
    "strings that are numbers are converted": Case(
        {"a.parquet": quotes(1, price=texts("1.25"))},
        copy("a.parquet"),
        [("LOADED", 1)],
        "SELECT PRICE FROM QUOTES",
        [(Decimal("1.250000"),)],
    ),
    "a number beyond the column's range": Case(
        {"a.parquet": quotes(1, price=pa.array([Decimal(10) ** 13], pa.decimal128(20, 0)))},
        copy("a.parquet"),
        Refused(100039, "File 'a.parquet'"),
        rows=[(0,)],
    ),
    "a string beyond the column's length": Case(
        {"a.parquet": quotes(1, symbol=texts("MUCHTOOLONG"))},
        copy("a.parquet"),
        Refused(100078, "String 'MUCHTOOLONG' is too long"),
        rows=[(0,)],
    ),
    "TRUNCATECOLUMNS cuts it": Case(
        {"a.parquet": quotes(1, symbol=texts("MUCHTOOLONG"))},
        copy("a.parquet", options="TRUNCATECOLUMNS = TRUE"),
        [("LOADED", 1)],
        "SELECT SYMBOL FROM QUOTES",
        [("MUCHTOOL",)],
    ),
    "files of different schemas in one COPY": Case(
        {"a.parquet": quotes(1), "b.parquet": quotes(1, 1, volume=pa.array([7], pa.int32()), price=None)},
        copy("a.parquet", "b.parquet"),
        [("LOADED", 1), ("LOADED", 1)],
        "SELECT VOLUME, PRICE FROM QUOTES ORDER BY KAFKA_OFFSET",
        [(10**15, Decimal("123.456789")), (7, None)],
    ),
    "a file that is missing though FILES names it": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet", "gone.parquet"),
        Refused(91016, "gone.parquet' was not found"),
        rows=[(0,)],
    ),
    "a file that is no Parquet": Case(
        {"a.parquet": quotes(1), "b.parquet": b"PAR1 but not really"},
        copy("a.parquet", "b.parquet"),
        Refused(100152, "File 'b.parquet'"),
        rows=[(0,)],
    ),
    "a truncated file": Case(
        {"a.parquet": parquet(quotes(50))[:-20]},
        copy("a.parquet"),
        Refused(100152, "Error parsing the parquet file"),
        rows=[(0,)],
    ),
    "metadata: path in the bucket, row number, checksum, times": Case(
        {"raw/stock-data/p=0/a.parquet": quotes(2)},
        copy("p=0/a.parquet", path="raw/stock-data/"),
        [("LOADED", 2)],
        "SELECT SOURCE_FILE, FILE_ROW, LENGTH(CONTENT_KEY), DATEDIFF(SECOND, MODIFIED, LOADED_AT) < 60,"
        " DATEDIFF(SECOND, LOADED_AT, CURRENT_TIMESTAMP()) < 60"
        " FROM QUOTES ORDER BY FILE_ROW",
        [
            ("raw/stock-data/p=0/a.parquet", 1, 32, True, True),
            ("raw/stock-data/p=0/a.parquet", 2, 32, True, True),
        ],
    ),
    "metadata into a column that does not exist": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet", metadata="INCLUDE_METADATA = (NO_SUCH = METADATA$FILENAME)"),
        Refused(904, "NO_SUCH"),
        rows=[(0,)],
    ),
    "everything under a path, nested": Case(
        {"raw/a.parquet": quotes(1), "raw/x/y/b.parquet": quotes(2, 1), "other/c.parquet": quotes(4, 3)},
        copy(path="raw/"),
        [("LOADED", 1), ("LOADED", 2)],
        rows=[(3,)],
    ),
    "nothing under a path": Case(
        {}, copy(path="nothing/"), [("Copy executed with 0 files processed.", -1)], rows=[(0,)]
    ),
    "a named file format": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet").replace("TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE", "FORMAT_NAME = 'PQ'"),
        [("LOADED", 1)],
        rows=[(1,)],
    ),
    "a file format that does not exist": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet").replace(
            "TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE", "FORMAT_NAME = PUBLIC.NOPE"
        ),
        Refused(2003, "NOPE"),
        rows=[(0,)],
    ),
    "a stage that does not exist": Case(
        {}, copy("a.parquet").replace("@LANDING", "@NOPE"), Refused(2003, "Stage"), rows=[(0,)]
    ),
    "a table that does not exist": Case(
        {"a.parquet": quotes(1)}, copy("a.parquet", table="NOPE"), Refused(2003, "NOPE"), rows=[(0,)]
    ),
    "without MATCH_BY_COLUMN_NAME": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet", metadata="").replace("CASE_INSENSITIVE", "NONE"),
        Refused(2019, "VARIANT".lower()),
        rows=[(0,)],
    ),
    "an option that is not supported here": Case(
        {"a.parquet": quotes(1)},
        copy("a.parquet", options="SIZE_LIMIT = 5"),
        Refused(2, "SIZE_LIMIT"),
        rows=[(0,)],
    ),
    "two columns of the file for one of the table": Case(
        {"a.parquet": quotes(1, SYMBOL=texts("X"))},
        copy("a.parquet"),
        Refused(100152, "both match 'SYMBOL'"),
        rows=[(0,)],
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_copy(case: Case, load: Load, cursor: Any) -> None:
    if isinstance(case.answer, Refused):
        with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
            load(case.copy, case.files)
        assert (caught.value.errno, case.answer.text in str(caught.value)) == (case.answer.errno, True), str(
            caught.value
        )
    else:
        answer = load(case.copy, case.files)
        assert [(row[1], row[3]) if len(row) == 10 else (row[0], -1) for row in answer] == case.answer
    if case.rows is not None:
        assert cursor.execute(case.check).fetchall() == case.rows

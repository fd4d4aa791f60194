from __future__ import annotations

from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from world import ID

from stock_sf_loader.load.copy_into import BatchRefused, FileRefused, check, refusal, statement
from stock_warehouse.errors import StatementError

A = f"raw/stock-data/{ID}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
B = f"raw/stock-data/{ID}/partition=00001/dt=2026-03-02/hour=14/o{5:020d}.parquet"


def row(file: str, status: str = "LOADED", rows: int = 3) -> dict[str, Any]:
    return {"file": file, "status": status, "rows_loaded": rows, "first_error": None}


def test_copy_says_everything_that_the_guarantee_needs() -> None:
    sql = statement("stock-data", "STOCK_STAGE", [A, B])
    copy = sqlglot.parse_one(sql, dialect="snowflake")
    assert type(copy).__name__ == "Copy"
    for part in (
        "COPY INTO RAW.STOCK_QUOTES",
        "FROM @RAW.STOCK_STAGE",
        f"FILES = ('{A.removeprefix('raw/')}', '{B.removeprefix('raw/')}')",
        "MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE",
        "INCLUDE_METADATA = (SOURCE_FILE = METADATA$FILENAME, LOADED_AT = METADATA$START_SCAN_TIME)",
        "FORCE = TRUE",
        "ON_ERROR = ABORT_STATEMENT",
    ):
        assert part in sql


@pytest.mark.parametrize(
    "names",
    [[], [A] * 1001, ["raw/x'); DROP TABLE y; --"], [A + "'"]],
    ids=["none", "too many", "no key", "quote"],
)
def test_only_keys_of_links_get_into_the_text(names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"COPY takes|not the key"):
        statement("stock-data", "STOCK_STAGE", names)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([row(A), row(B, rows=0)], id="keys"),
        pytest.param([row(f"s3://bucket/{B}", rows=0), row(f"s3://bucket/{A}")], id="addresses, any order"),
        pytest.param(
            [row(A.removeprefix("raw/")), row(B.removeprefix("raw/"), rows=0)], id="relative to the stage"
        ),
    ],
)
def test_a_good_answer(answer: list[dict[str, Any]]) -> None:
    check(answer, {A: 3, B: 0})


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(
            [row(A), row(B, rows=4)],
            FileRefused,
            "holds 4 rows, its metadata say 3",
            id="other rows than the metadata",
        ),
        pytest.param([row(A, "PARTIALLY_LOADED"), row(B)], FileRefused, "PARTIALLY_LOADED", id="partly"),
        pytest.param([row(A), row(B, "LOAD_SKIPPED", 0)], FileRefused, "LOAD_SKIPPED", id="skipped"),
        pytest.param([row(A)], BatchRefused, "given 2 files and answered for 1", id="a file is missing"),
        pytest.param(
            [row(A), row(B), row("raw/other")], BatchRefused, "answered for 3", id="a file too many"
        ),
        pytest.param([row(A), row(A), row(B)], BatchRefused, "answered for 2", id="a file twice"),
        pytest.param(
            [{"status": "Copy executed with 0 files processed."}],
            BatchRefused,
            "answered for 0",
            id="no files",
        ),
        pytest.param([], BatchRefused, "answered for 0", id="no answer"),
        pytest.param([row(A), row(B) | {"rows_loaded": None}], FileRefused, "holds None rows", id="no count"),
        pytest.param([row(A), row(B) | {"rows_loaded": "x"}], FileRefused, "holds None rows", id="no number"),
        pytest.param([row(A), row(B) | {"rows_loaded": 3.5}], FileRefused, "holds None rows", id="a part"),
        pytest.param([row(A), {"file": B}], FileRefused, "COPY says NONE", id="no other column"),
        pytest.param([row(A), row(B) | {"status": None}], FileRefused, "COPY says NONE", id="no status"),
        pytest.param(
            [row(A), row(B, "MAYBE\x1b[2J" * 99)], FileRefused, "COPY says MAYBE", id="unknown status"
        ),
        pytest.param([row(A), row(B) | {"file": None}], BatchRefused, "answered for 2", id="no name"),
        pytest.param(
            [row(A), row(f"s3://bucket/other/{B}")], BatchRefused, "answered for 2", id="another prefix"
        ),
        pytest.param([row(A), row(f"azure://bucket/{B}")], BatchRefused, "answered for 2", id="elsewhere"),
    ],
)
def test_a_bad_answer(answer: list[dict[str, Any]], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        check(answer, {A: 3, B: 3})


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["file", "status", "rows_loaded", "first_error"]),
            st.none() | st.text() | st.integers() | st.floats() | st.sampled_from([A, B, "LOADED"]),
        )
    )
)
def test_whatever_the_answer_is_it_is_good_or_refused(answer: list[dict[str, Any]]) -> None:
    try:
        check(answer, {A: 3, B: 3})
    except (FileRefused, BatchRefused) as refused:
        assert str(refused).isprintable() and len(str(refused)) < 1000


@pytest.mark.parametrize(
    ("code", "text", "names", "kind"),
    [
        pytest.param(
            100152, f"Error parsing the parquet file File '{B}', line 1", [A, B], FileRefused, id="named"
        ),
        pytest.param(
            100038,
            f"Numeric value 'x' is not recognized\n File 's3://bucket/{B}', line 3",
            [A, B],
            FileRefused,
            id="named by address",
        ),
        pytest.param(
            100038,
            f"Numeric value 'x' File '{B.removeprefix('raw/')}'",
            [A, B],
            FileRefused,
            id="named relative to the stage",
        ),
        pytest.param(100038, "Numeric value 'x' is not recognized", [A, B], BatchRefused, id="not named"),
        pytest.param(100038, "Numeric value 'x' is not recognized", [A], FileRefused, id="there is only one"),
        pytest.param(
            100038,
            f"Numeric value 'x' File 'https://bucket.s3.eu-west-1.amazonaws.com/{B}'",
            [A, B],
            FileRefused,
            id="named by another address",
        ),
        pytest.param(91016, f"Remote file '{A}' was not found", [A], BatchRefused, id="it has vanished"),
        pytest.param(100038, "File 'raw/other'", [A, B], BatchRefused, id="another file is named"),
        pytest.param(91003, f"Failure using stage area File '{A}'", [A], BatchRefused, id="the stage"),
        pytest.param(1003, "syntax error", [A], BatchRefused, id="the statement"),
    ],
)
def test_who_is_to_blame(code: int, text: str, names: list[str], kind: type[Exception]) -> None:
    error = refusal(StatementError(code, "22000", text), names)
    assert type(error) is kind
    if isinstance(error, FileRefused):
        assert error.key == (B if "o00000000000000000005" in text else names[0])

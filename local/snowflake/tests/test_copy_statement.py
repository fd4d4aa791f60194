"""COPY INTO read from text, without a server."""

from __future__ import annotations

import pytest

from stock_snowflake.errors import SnowflakeError
from stock_snowflake.sql.copy_statement import CopyStatement, parse_copy
from stock_snowflake.sql.statements import parse

TAIL = "FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"


def read(text: str) -> CopyStatement:
    return parse_copy(parse(text))


def test_the_products_statement() -> None:
    copy = read(
        """
        -- a load
        COPY INTO stocks.raw."Stock Quotes"
        FROM @STOCKS.RAW.STOCK_STAGE/raw/stock-data/partition=00000/
        FILES = ('o1.parquet', 'it''s.parquet', 'o1.parquet')
        FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE, USE_VECTORIZED_SCANNER = TRUE
          BINARY_AS_TEXT = FALSE)
        MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
        INCLUDE_METADATA = (SOURCE_FILE = METADATA$FILENAME, loaded_at = METADATA$START_SCAN_TIME)
        FORCE = TRUE
        ON_ERROR = 'ABORT_STATEMENT';
        """
    )
    assert copy.table == ["STOCKS", "RAW", "Stock Quotes"]
    assert (copy.stage, copy.path) == (["STOCKS", "RAW", "STOCK_STAGE"], "raw/stock-data/partition=00000/")
    assert copy.files == ["o1.parquet", "it's.parquet"]
    assert copy.format_options == {
        "TYPE": "PARQUET",
        "USE_LOGICAL_TYPE": True,
        "USE_VECTORIZED_SCANNER": True,
        "BINARY_AS_TEXT": False,
    }
    assert copy.metadata == {"SOURCE_FILE": "METADATA$FILENAME", "LOADED_AT": "METADATA$START_SCAN_TIME"}
    assert (copy.force, copy.case_sensitive, copy.truncate_strings, copy.format_name) == (
        True,
        False,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("source", "stage", "path"),
    [
        ("@S", ["S"], ""),
        ("@s/", ["S"], ""),
        ("'@s/a path/'", ["S"], "a path/"),
        ('@"my stage"/p', ["my stage"], "p"),
        ('@d."Sch".s/x', ["D", "Sch", "S"], "x"),
        ("@S/dt=2026-11-23/hour=14/", ["S"], "dt=2026-11-23/hour=14/"),
    ],
)
def test_locations(source: str, stage: list[str], path: str) -> None:
    copy = read(f"COPY INTO T FROM {source} {TAIL}")
    assert (copy.stage, copy.path, copy.files) == (stage, path, None)


@pytest.mark.parametrize(
    ("text", "force"), [("", False), ("FORCE = FALSE", False), ("FORCE = TRUE", True), ("force=true", True)]
)
def test_force_means_what_it_says(text: str, force: bool) -> None:
    assert read(f"COPY INTO T FROM @S {TAIL} {text}").force is force


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("PQ", ["PQ"]),
        ("'PQ'", ["PQ"]),
        ("RAW.PQ", ["RAW", "PQ"]),
        ("'STOCKS.RAW.PQ'", ["STOCKS", "RAW", "PQ"]),
    ],
)
def test_format_names(name: str, parts: list[str]) -> None:
    assert (
        read(
            f"COPY INTO T FROM @S FILE_FORMAT = (FORMAT_NAME = {name}) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE"
        ).format_name
        == parts
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(f"COPY INTO T FROM @S {TAIL} FORCE = MAYBE", "001003", id="no boolean"),
        pytest.param(f"COPY INTO T FROM @S {TAIL} FORCE = TRUE FORCE = TRUE", "001003", id="twice"),
        pytest.param(f"COPY INTO T FROM @S {TAIL} FILES = 'a'", "001003", id="FILES is no list"),
        pytest.param(f"COPY INTO T FROM @S {TAIL} FILES = ('a'", "001003", id="not closed"),
        pytest.param(f"COPY INTO T FROM @S {TAIL} ON_ERROR = CONTINUE", "000002", id="ON_ERROR"),
        pytest.param(f"COPY INTO T FROM @S {TAIL} PURGE = TRUE", "000002", id="PURGE"),
        pytest.param(
            f"COPY INTO T FROM @S {TAIL} VALIDATION_MODE = RETURN_ERRORS", "000002", id="VALIDATION_MODE"
        ),
        pytest.param(
            f"COPY INTO T FROM @S {TAIL} INCLUDE_METADATA = (A = METADATA$NOPE)",
            "001003",
            id="unknown metadata",
        ),
        pytest.param(
            "COPY INTO T FROM @S FILE_FORMAT = (TYPE = PARQUET) INCLUDE_METADATA = (A = METADATA$FILENAME)",
            "001003",
            id="metadata without match",
        ),
        pytest.param("COPY INTO T FROM @S FILE_FORMAT = (TYPE = PARQUET)", "002019", id="without match"),
        pytest.param(
            "COPY INTO T FROM @S FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = SOMEHOW",
            "001008",
            id="bad match",
        ),
        pytest.param(f"COPY INTO T (A) FROM @S {TAIL}", "000002", id="column list"),
        pytest.param(f"COPY INTO T FROM (SELECT $1:a FROM @S) {TAIL}", "000002", id="SELECT"),
        pytest.param(f"COPY INTO T FROM 's3://bucket/' {TAIL}", "000002", id="address"),
        pytest.param(f"COPY INTO T FROM S {TAIL}", "001003", id="no stage"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    with pytest.raises(SnowflakeError) as caught:
        read(text)
    assert caught.value.code == code

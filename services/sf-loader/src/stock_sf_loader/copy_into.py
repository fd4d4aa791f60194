"""COPY INTO as text, and its answer judged file by file. Pure.

Source: Snowflake, "COPY INTO <table>"; FILES takes 1,000 names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stock_common import keys
from stock_common.topics import ALERTS, BARS, QUOTES
from stock_warehouse.errors import StatementError

FILES_LIMIT = 1000
TABLES = {QUOTES.name: "RAW.STOCK_QUOTES", ALERTS.name: "RAW.STOCK_ALERTS", BARS.name: "RAW.STOCK_BARS"}
_DATA_ERRORS = range(100_000, 101_000)
"""Snowflake's numbers for values and files that cannot be read."""
_FILE = re.compile(r"[Ff]ile '([^']+)'")
_BUCKET = re.compile(r"^s3[a-z]*://[^/]+/")


class FileRefused(Exception):
    """Snowflake will not load this file as it is, or loaded other than its metadata says."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


class BatchRefused(Exception):
    """One of the files cannot be loaded, and Snowflake does not say which."""


def statement(topic: str, stage: str, names: Sequence[str]) -> str:
    """COPY of the objects `names` (keys of links) of `topic` from the stage, which is over the bucket's raw/ and no more.

    FORCE: what is loaded is the ledger's to say, not COPY's memory. Raises ValueError for what is no link's key, or too many of them.
    """
    if not 0 < len(names) <= FILES_LIMIT:
        raise ValueError(f"{len(names)} files: COPY takes 1 to {FILES_LIMIT}")
    # A key that parses has no quote in it. FILES are relative to the stage's address; METADATA$FILENAME is the whole key.
    files = ", ".join(f"'{str(keys.parse(name)).removeprefix(keys.ROOT)}'" for name in names)
    return f"""\
COPY INTO {TABLES[topic]}
FROM @RAW.{stage}
FILES = ({files})
FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE)
MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
INCLUDE_METADATA = (SOURCE_FILE = METADATA$FILENAME, LOADED_AT = METADATA$START_SCAN_TIME)
FORCE = TRUE
ON_ERROR = ABORT_STATEMENT"""


def check(answer: Sequence[Mapping[str, Any]], rows: Mapping[str, int]) -> None:
    """Raises unless COPY's answer says of every file in `rows` (key → rows by its metadata), and of no other, that so many rows were loaded.

    FileRefused where it says other of one file; BatchRefused where the answer is not about these files.
    """
    said = {_key(str(row["file"])): row for row in answer if "file" in row}
    if said.keys() != rows.keys() or len(said) != len(answer):
        raise BatchRefused(f"COPY was given {len(rows)} files and answered for {len(said)}: {[dict(row) for row in answer][:3]}")
    for key, expected in rows.items():
        status, loaded = str(said[key]["status"]).upper(), said[key]["rows_loaded"]
        if status != "LOADED":
            raise FileRefused(key, f"COPY says {status}: {said[key].get('first_error')}")
        if int(loaded) != expected:
            raise FileRefused(key, f"it holds {loaded} rows, its metadata say {expected}")


def refusal(error: StatementError, names: Sequence[str]) -> Exception:
    """What a failed COPY of `names` means: FileRefused, BatchRefused, or the error itself where it is not about a file's content

    (the stage cannot be read, the statement is wrong): then no file is to blame.
    """
    if error.code not in _DATA_ERRORS:
        return error
    named = {_key(name) for name in _FILE.findall(error.text)} & set(names)
    if len(named) == 1 or len(names) == 1:
        return FileRefused(named.pop() if named else names[0], str(error))
    return BatchRefused(str(error))


def _key(name: str) -> str:
    """The key of a file as Snowflake names it: by its address, by its key, or relative to the stage."""
    return keys.ROOT + _BUCKET.sub("", name).removeprefix(keys.ROOT)

"""COPY INTO as text, and the check of its answer file by file. Pure.

Source: Snowflake, "COPY INTO <table>". FILES takes 1,000 names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stock_common import keys
from stock_common.ledger import TABLES
from stock_common.printable import printable
from stock_warehouse.errors import StatementError

FILES_LIMIT = 1000
_DATA_ERRORS = range(100_000, 101_000)
"""Snowflake's numbers for values and files that cannot be read."""
_SHOWN = 300
_BUCKET = re.compile(r"^s3[a-z]*://[^/]+/")


class FileRefused(Exception):
    """Snowflake refused this file, or loaded another number of rows than the file's metadata."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


class BatchRefused(Exception):
    """COPY failed for these files, or answered for others. Which is at fault, if any, is not known."""


def statement(topic: str, stage: str, names: Sequence[str]) -> str:
    """COPY of the topic's objects `names` (keys of links) from the stage, which is over the bucket's raw/.

    FORCE is set, because the ledger decides what is loaded, not COPY's memory of files.
    Raises ValueError for a name that is no link's key, and for too many names.
    """
    if not 0 < len(names) <= FILES_LIMIT:
        raise ValueError(f"{len(names)} files: COPY takes 1 to {FILES_LIMIT}")
    # A key that parses has no quote in it. FILES are relative to the stage, and METADATA$FILENAME is the key.
    files = ", ".join(f"'{str(keys.parse(name)).removeprefix(keys.ROOT)}'" for name in names)
    return f"""\
COPY INTO {TABLES[topic].name}
FROM @RAW.{stage}
FILES = ({files})
FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE)
MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
INCLUDE_METADATA = (SOURCE_FILE = METADATA$FILENAME, LOADED_AT = METADATA$START_SCAN_TIME)
FORCE = TRUE
ON_ERROR = ABORT_STATEMENT"""


def check(answer: Sequence[Mapping[str, Any]], rows: Mapping[str, int]) -> None:
    """Raises unless COPY reports the rows in `rows` (key → rows by its metadata), for these files only.

    FileRefused names the file with another report. BatchRefused: the answer is about other files.
    """
    answered = {_key(str(row["file"])): row for row in answer if "file" in row}
    if answered.keys() != rows.keys() or len(answered) != len(answer):
        shown = printable([dict(row) for row in answer[:2]], _SHOWN)
        raise BatchRefused(f"COPY was given {len(rows)} files and answered for {len(answered)}: {shown}")
    for key, expected in rows.items():
        row = answered[key]
        status, loaded = str(row.get("status")).upper(), _number(row.get("rows_loaded"))
        if status != "LOADED":
            raise FileRefused(key, f"COPY says {printable(status)}: {printable(row.get('first_error'))}")
        if loaded != expected:
            raise FileRefused(key, f"it holds {loaded} rows, its metadata say {expected}")


def refusal(error: StatementError, names: Sequence[str]) -> Exception:
    """The exception for a failed COPY of `names`: FileRefused where Snowflake says that a file is at fault.

    Otherwise (the stage cannot be read, a file has vanished) it is BatchRefused: a smaller batch may go.
    """
    if error.code not in _DATA_ERRORS:
        return BatchRefused(str(error))
    # Snowflake names a file by its address, by its key, or relative to the stage.
    named = [name for name in names if name.removeprefix(keys.ROOT) in error.text]
    if len(named) == 1 or len(names) == 1:
        return FileRefused(named[0] if named else names[0], str(error))
    return BatchRefused(str(error))


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def _key(name: str) -> str:
    """The key of a file that Snowflake names by its address, by its key, or relative to the stage."""
    return keys.ROOT + _BUCKET.sub("", name).removeprefix(keys.ROOT)

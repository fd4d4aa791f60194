"""COPY INTO, executed in the session's transaction: choose files, read, convert, insert. All or none."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from stock_snowflake.copy import parquet
from stock_snowflake.copy.stage_files import StagedFile, StageFiles
from stock_snowflake.database import catalog, load_history
from stock_snowflake.errors import SnowflakeError, unsupported
from stock_snowflake.sql.copy_statement import CopyStatement
from stock_snowflake.sql.names import QualifiedName, quote

# sql-reference/sql/copy-into-table, "Output".
RESULT_COLUMNS = (
    ("file", "VARCHAR"),
    ("status", "VARCHAR"),
    ("rows_parsed", "BIGINT"),
    ("rows_loaded", "BIGINT"),
    ("error_limit", "BIGINT"),
    ("errors_seen", "BIGINT"),
    ("first_error", "VARCHAR"),
    ("first_error_line", "BIGINT"),
    ("first_error_character", "BIGINT"),
    ("first_error_column_name", "VARCHAR"),
)
NOTHING_TO_DO = "Copy executed with 0 files processed."
_SKIPPED = "File was loaded before."
# Options of a Parquet format of which any other value would change what is loaded.
_FORMAT_DEFAULTS: dict[str, Any] = {"TRIM_SPACE": False, "REPLACE_INVALID_CHARACTERS": False, "NULL_IF": []}
_FORMAT_WITHOUT_EFFECT = {
    "COMPRESSION",
    "SNAPPY_COMPRESSION",
    "BINARY_AS_TEXT",
    "USE_LOGICAL_TYPE",
    "USE_VECTORIZED_SCANNER",
    "COMMENT",
}


@dataclass(frozen=True)
class Target:
    """A COPY resolved against the catalog: the table with its columns, the bucket and the key prefix."""

    copy: CopyStatement
    table: QualifiedName
    columns: Sequence[catalog.Column]
    bucket: str
    prefix: str


@dataclass(frozen=True)
class Load:
    """Files to load, converted. `skipped` are named files that were loaded before."""

    files: Sequence[StagedFile]
    rows: Sequence[int]
    tables: Sequence[pa.Table]
    skipped: Sequence[str]


def resolve(
    copy: CopyStatement, connection: duckdb.DuckDBPyConnection, qualify: Callable[[list[str]], QualifiedName]
) -> Target:
    """Look up all that the statement names. Raises SnowflakeError for what is missing or not supported."""
    table = qualify(copy.table)
    columns = catalog.columns(connection, table)
    names = {column.name for column in columns}
    for column in copy.metadata:
        if column not in names:
            raise SnowflakeError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{column}'")
    _check_format(copy, connection, qualify)
    url = catalog.stage_url(connection, qualify(copy.stage))
    address = urlsplit(url)
    if address.scheme != "s3":
        raise unsupported(f"loading from the address '{url}'. Create the stage with URL = 's3://...'")
    root = address.path.lstrip("/")
    if root and copy.path and not root.endswith("/"):
        root += "/"
    # sql-reference/sql/copy-into-table, FILES: "Snowflake doesn't insert a separator implicitly between the
    # path and file names".
    return Target(copy, table, columns, address.netloc, f"{root}{copy.path}")


def read(
    target: Target,
    connection: duckdb.DuckDBPyConnection,
    scratch: duckdb.DuckDBPyConnection,
    store: StageFiles,
    now: Callable[[], datetime.datetime],
) -> Load:
    """Choose the files, read them from the store and convert them. Writes nothing. Blocks on S3.

    `connection` answers with the load history as the transaction sees it. `scratch` converts outside it.
    """
    named = target.copy.files is not None
    keys = (
        [f"{target.prefix}{name}" for name in target.copy.files or ()]
        if named
        else list(store.etags(target.bucket, target.prefix))
    )
    before = {} if target.copy.force else _loaded_before(target, connection, store, keys)
    scanned = now()
    files = store.read(target.bucket, [key for key in keys if key not in before])
    tables, rows = parquet.convert(scratch, target.copy, target.columns, [(file, scanned) for file in files])
    # Without FILES a loaded file is left out of the answer. A named one gets its row.
    return Load(files, rows, tables, sorted(before) if named else ())


def insert(
    target: Target, load: Load, connection: duckdb.DuckDBPyConnection, loaded_at: datetime.datetime
) -> list[tuple[Any, ...]]:
    """Insert the rows and mark the files as loaded, in the connection's transaction. Returns a row a file."""
    names = ", ".join(quote(column.name) for column in target.columns)
    for table in load.tables:
        connection.register("_copy_rows", table)
        try:
            connection.execute(f"INSERT INTO {target.table.sql} ({names}) SELECT {names} FROM _copy_rows")
        finally:
            connection.unregister("_copy_rows")
    marks = [(file.address, file.etag, rows) for file, rows in zip(load.files, load.rows, strict=True)]
    load_history.record(connection, target.table, marks, loaded_at)
    answer: list[tuple[Any, ...]] = [
        (file, "LOADED", rows, rows, 1, 0, None, None, None, None) for file, _, rows in marks
    ]
    answer += [
        (f"s3://{target.bucket}/{key}", "LOAD_SKIPPED", 0, 0, None, 1, _SKIPPED, None, None, None)
        for key in load.skipped
    ]
    return answer


def _loaded_before(
    target: Target, connection: duckdb.DuckDBPyConnection, store: StageFiles, keys: Sequence[str]
) -> set[str]:
    """Keys whose content is already in the table. A changed object (another ETag) loads again."""
    addresses = {f"s3://{target.bucket}/{key}": key for key in keys}
    marks = load_history.loaded(connection, target.table, addresses)
    return {
        addresses[address]
        for address, etag in marks.items()
        if store.etag(target.bucket, addresses[address]) == etag
    }


def _check_format(
    copy: CopyStatement, connection: duckdb.DuckDBPyConnection, qualify: Callable[[list[str]], QualifiedName]
) -> None:
    options: dict[str, Any] = dict(copy.format_options)
    if copy.format_name is not None:
        options = catalog.file_format(connection, qualify(copy.format_name)) | options
    kind = str(options.pop("TYPE", "CSV")).upper()
    if kind != "PARQUET":
        raise unsupported(
            f"COPY INTO with files of TYPE = {kind}. A stage's own format is not read, so give FILE_FORMAT"
        )
    for name, value in options.items():
        if name in _FORMAT_WITHOUT_EFFECT or (
            name in _FORMAT_DEFAULTS and value in (_FORMAT_DEFAULTS[name], {})
        ):
            continue
        raise unsupported(f"the Parquet format option {name} = {value}")

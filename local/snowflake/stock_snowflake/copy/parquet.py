"""Parquet into a table's columns: match by name, add metadata, convert, refuse what Snowflake refuses.

Nothing here writes to the table. Rows are converted and checked first: an INSERT never fails half way.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import groupby

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stock_snowflake.copy.stage_files import StagedFile
from stock_snowflake.database.catalog import Column
from stock_snowflake.errors import SnowflakeError, conversion_error
from stock_snowflake.sql.copy_statement import CopyStatement
from stock_snowflake.sql.names import quote

Member = tuple[StagedFile, pa.Table]
"""A file with its rows in the target's columns, not yet converted."""

_HINT = (
    "\n  If you would like to continue loading when an error is encountered, use other values such as"
    " 'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option."
)


def convert(
    connection: duckdb.DuckDBPyConnection,
    copy: CopyStatement,
    columns: Sequence[Column],
    files: Sequence[tuple[StagedFile, datetime.datetime]],
) -> tuple[list[pa.Table], list[int]]:
    """Read and convert the files, each given with the time (aware, UTC) at which its scan began.

    Returns Arrow tables with exactly the target's columns and types, in file order, and rows of each file.
    Raises SnowflakeError: a corrupt file 100152, a bad value 1000xx, an empty string 100038, a NULL in a
    NOT NULL column 100072, a string longer than its column 100078. `connection` must not be in a transaction.
    """
    sources = [_source(file, scanned, copy, columns) for file, scanned in files]
    converted: list[pa.Table] = []
    # Files of one writer have one schema, so there is nearly always one group and one conversion.
    for _, group in groupby(zip(files, sources, strict=True), key=lambda pair: pair[1].schema):
        members = [(file, table) for (file, _), table in group]
        source = pa.concat_tables([table for _, table in members])
        try:
            rows = _cast(connection, source, columns)
        except duckdb.Error as error:
            raise _located(connection, columns, members, error) from error
        converted.append(_checked(rows, copy, columns, members))
    return converted, [source.num_rows for source in sources]


def _source(
    file: StagedFile, scanned: datetime.datetime, copy: CopyStatement, columns: Sequence[Column]
) -> pa.Table:
    """The file's rows in the target's columns: extra ones dropped, missing ones NULL, metadata added."""
    content = _read(file)
    names: dict[str, str] = {}
    for name in content.column_names:
        key = name if copy.case_sensitive else name.upper()
        if key in names:
            raise _file_error(
                "100152", "22000", f"Columns '{names[key]}' and '{name}' both match '{key}'.", file
            )
        names[key] = name
    metadata = _metadata(file, scanned, content.num_rows)
    arrays: list[pa.Array | pa.ChunkedArray] = []
    for column in columns:
        if column.name in copy.metadata:
            arrays.append(metadata[copy.metadata[column.name]])
        elif column.name in names:
            arrays.append(_plain(content.column(names[column.name]), column, file))
        else:
            arrays.append(pa.nulls(content.num_rows))
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _read(file: StagedFile) -> pa.Table:
    try:
        return pq.ParquetFile(pa.BufferReader(file.body)).read()
    except (pa.ArrowException, OSError) as error:
        raise _file_error(
            "100152", "22000", f"Error parsing the parquet file: Invalid: {error}", file
        ) from error


def _plain(array: pa.ChunkedArray, column: Column, file: StagedFile) -> pa.ChunkedArray:
    """The column without dictionary encoding. Raises SnowflakeError 100038 for an empty string.

    Source: sql-reference/sql/copy-into-table, MATCH_BY_COLUMN_NAME.
    """
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        position = pc.index(array, pa.scalar("", array.type)).as_py()
        if position >= 0:
            raise _file_error(
                "100038",
                "22018",
                f"Empty string in column '{column.name}', row {position + 1}. Write NULL instead.",
                file,
            )
    return array


def _metadata(file: StagedFile, scanned: datetime.datetime, rows: int) -> dict[str, pa.Array]:
    """Columns of user-guide/querying-metadata: full path in the bucket, checksum, row number, two times."""
    modified = file.last_modified.astimezone(datetime.UTC).replace(tzinfo=None)
    return {
        "METADATA$FILENAME": pa.repeat(pa.scalar(file.key), rows),
        "METADATA$FILE_ROW_NUMBER": pa.array(range(1, rows + 1), pa.int64()),
        "METADATA$FILE_CONTENT_KEY": pa.repeat(pa.scalar(file.etag), rows),
        "METADATA$FILE_LAST_MODIFIED": pa.repeat(pa.scalar(modified, pa.timestamp("us")), rows),
        "METADATA$START_SCAN_TIME": pa.repeat(pa.scalar(scanned, pa.timestamp("us", "UTC")), rows),
    }


def _cast(connection: duckdb.DuckDBPyConnection, source: pa.Table, columns: Sequence[Column]) -> pa.Table:
    casts = ", ".join(
        f"CAST({quote(column.name)} AS {column.type}) AS {quote(column.name)}" for column in columns
    )
    connection.register("_copy_source", source)
    try:
        return connection.execute(f"SELECT {casts} FROM _copy_source").to_arrow_table()
    finally:
        connection.unregister("_copy_source")


def _checked(
    rows: pa.Table, copy: CopyStatement, columns: Sequence[Column], members: Sequence[Member]
) -> pa.Table:
    for position, column in enumerate(columns):
        values = rows.column(position)
        if not column.nullable and values.null_count:
            row = pc.index(values.is_null(), True).as_py()
            raise _value_error(
                "100072", "22000", "NULL result in a non-nullable column", members, row, column
            )
        if column.max_length is None or not pa.types.is_string(values.type):
            continue
        too_long = pc.call_function(
            "greater", [pc.call_function("utf8_length", [values]), pa.scalar(column.max_length)]
        )
        row = pc.index(too_long, True).as_py()
        if row < 0:
            continue
        if not copy.truncate_strings:
            text = f"String '{values[row].as_py()}' is too long and would be truncated"
            raise _value_error("100078", "22000", text, members, row, column)
        rows = rows.set_column(position, column.name, _truncated(values, column.max_length))
    return rows


def _truncated(values: pa.ChunkedArray, length: int) -> pa.ChunkedArray:
    return pc.call_function("utf8_slice_codeunits", [values], pc.SliceOptions(0, length))


def _located(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    members: Sequence[Member],
    error: duckdb.Error,
) -> SnowflakeError:
    """The error that names value, row, column and file, with Snowflake's text."""
    source = pa.concat_tables([table for _, table in members])
    for column in columns:
        try:
            _cast(connection, source.select([column.name]), [column])
        except duckdb.Error as found:
            values = source.column(column.name)
            row = _first_bad_row(connection, values, column)
            code = conversion_error(str(found).split("\n")[0])
            kind = "Numeric value" if code.code in ("100038", "100039") else "Value"
            return _value_error(
                code.code,
                code.sqlstate,
                f"{kind} '{values[row].as_py()}' is not recognized",
                members,
                row,
                column,
            )
    return conversion_error(str(error).split("\n")[0])


def _first_bad_row(connection: duckdb.DuckDBPyConnection, values: pa.ChunkedArray, column: Column) -> int:
    connection.register("_copy_values", pa.table({"v": values}))
    try:
        tried: pa.Table = connection.execute(
            f"SELECT v IS NOT NULL AND TRY_CAST(v AS {column.type}) IS NULL FROM _copy_values"
        ).to_arrow_table()
    finally:
        connection.unregister("_copy_values")
    return max(0, pc.index(tried.column(0), True).as_py())


def _value_error(
    code: str, sqlstate: str, message: str, members: Sequence[Member], row: int, column: Column
) -> SnowflakeError:
    """An error of one value. `row` counts all members' rows together, the text counts within the file."""
    for file, table in members:
        if row < table.num_rows:
            place = f"\n  File '{file.key}', line {row + 1}, character 0"
            where = f'{place}\n  Row {row + 1}, column "{column.name}"'
            return SnowflakeError(code, sqlstate, f"{message}{where}{_HINT}")
        row -= table.num_rows
    return SnowflakeError(code, sqlstate, message)


def _file_error(code: str, sqlstate: str, message: str, file: StagedFile) -> SnowflakeError:
    return SnowflakeError(code, sqlstate, f"{message}\n  File '{file.key}', line 1, character 0{_HINT}")

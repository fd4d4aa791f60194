"""COPY INTO <table> as text. Forms that this server does not support are refused with their name.

Source: sql-reference/sql/copy-into-table. Only loads of Parquet from an external stage are supported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot.tokens import TokenType

from stock_snowflake.errors import SnowflakeError, syntax_error, unsupported
from stock_snowflake.sql.options import Cursor, Value, read_options, unexpected
from stock_snowflake.sql.refusals import FORMAT_OPTIONS, known
from stock_snowflake.sql.statements import Statement

MAX_FILES = 1000
"""user-guide/data-load-considerations-load, "Lists of files"."""
METADATA_COLUMNS = (
    "METADATA$FILENAME",
    "METADATA$FILE_ROW_NUMBER",
    "METADATA$FILE_CONTENT_KEY",
    "METADATA$FILE_LAST_MODIFIED",
    "METADATA$START_SCAN_TIME",
)
_STAGE = re.compile(r"""@(?:"[^"]+"|[^\s;()'"])+""")
# Accepted only with this value, which is what happens anyway. None: any value.
_WITHOUT_EFFECT: dict[str, Value | None] = {
    "PURGE": False,
    "RETURN_FAILED_ONLY": False,
    "LOAD_UNCERTAIN_FILES": None,
    "LOAD_MODE": "FULL_INGEST",
}


# Options that Snowflake has and this server has not.
_NOT_HERE = {"PATTERN", "SIZE_LIMIT", "VALIDATION_MODE", "CLUSTER_AT_INGEST_TIME"}


@dataclass(frozen=True)
class CopyStatement:
    """table, stage and format_name are stored name parts. path follows the stage's URL and may be empty.

    files is None for the whole prefix. metadata maps a target column to a METADATA$ column.
    """

    table: list[str]
    stage: list[str]
    path: str
    files: list[str] | None
    format_name: list[str] | None
    format_options: dict[str, Value]
    case_sensitive: bool
    metadata: dict[str, str]
    force: bool
    truncate_strings: bool


def parse_copy(statement: Statement) -> CopyStatement:
    """Read the statement. Raises SnowflakeError 001003 for bad syntax or values, 000002 for other options."""
    cursor = Cursor(statement.tokens, start=2)
    table = cursor.name()
    if cursor.accept(TokenType.L_PAREN):
        raise unsupported("a column list in COPY INTO (use MATCH_BY_COLUMN_NAME)")
    cursor.expect(TokenType.FROM)
    stage, path = _location(statement, cursor)
    options = read_options(cursor)
    if not cursor.at_end:
        raise unexpected(cursor.next())
    return _checked(table, stage, path, options)


def _location(statement: Statement, cursor: Cursor) -> tuple[list[str], str]:
    """The stage's name parts and the path below it, from `@name/path` or `'@name/path'`."""
    token = cursor.next()
    if token.token_type is TokenType.L_PAREN:
        raise unsupported("a SELECT in COPY INTO (use MATCH_BY_COLUMN_NAME)")
    if token.token_type is TokenType.STRING:
        text = token.text
    elif match := _STAGE.match(statement.text, token.start):
        text = match.group()
        cursor.skip_to(match.end())
    else:
        raise unexpected(token)
    if not text.startswith("@"):
        raise unsupported("COPY INTO from an address (create a stage)")
    name, _, path = text[1:].partition("/")
    parts = re.findall(r'"([^"]+)"|([^."]+)', name)
    if not parts:
        raise syntax_error(f"invalid stage name '{text}'.")
    return [quoted or plain.upper() for quoted, plain in parts], path


def _checked(table: list[str], stage: list[str], path: str, options: dict[str, Value]) -> CopyStatement:
    for name, only in _WITHOUT_EFFECT.items():
        if name in options and options.pop(name) != only and only is not None:
            raise unsupported(f"{name} in COPY INTO with another value than {only}")
    on_error = options.pop("ON_ERROR", "ABORT_STATEMENT")
    if not isinstance(on_error, str) or on_error.upper() != "ABORT_STATEMENT":
        raise unsupported(f"ON_ERROR = {on_error} (only ABORT_STATEMENT)")
    case = _match_mode(options.pop("MATCH_BY_COLUMN_NAME", "NONE"))
    format_name, format_options = _file_format(options.pop("FILE_FORMAT", {}))
    enforce_length = _boolean(options, "ENFORCE_LENGTH", True)
    copy = CopyStatement(
        table=table,
        stage=stage,
        path=path,
        files=_files(options.pop("FILES", None)),
        format_name=format_name,
        format_options=format_options,
        case_sensitive=case == "CASE_SENSITIVE",
        metadata=_metadata(options.pop("INCLUDE_METADATA", {}), case),
        force=_boolean(options, "FORCE", False),
        truncate_strings=_boolean(options, "TRUNCATECOLUMNS", not enforce_length),
    )
    known(options, _NOT_HERE, "COPY")
    if options:
        raise unsupported(f"the COPY INTO option {', '.join(options)}")
    if case == "NONE":
        raise SnowflakeError(
            "002019",
            "0A000",
            "SQL compilation error:\nPARQUET file format can produce one and only one column of type variant,"
            " object, or array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or"
            " copy with transformation.",
        )
    return copy


def _match_mode(value: Value) -> str:
    if isinstance(value, str) and value.upper() in ("CASE_SENSITIVE", "CASE_INSENSITIVE", "NONE"):
        return value.upper()
    raise SnowflakeError(
        "001008",
        "22023",
        f"SQL compilation error:\nInvalid value '{value}' for parameter MATCH_BY_COLUMN_NAME",
    )


def _files(value: Value | None) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise syntax_error("FILES must be a list of names: FILES = ('a.parquet', 'b.parquet').")
    if len(value) > MAX_FILES:
        raise syntax_error(f"FILES names {len(value)} files. The maximum is {MAX_FILES}.")
    return list(dict.fromkeys(value))


def _file_format(value: Value) -> tuple[list[str] | None, dict[str, Value]]:
    if not isinstance(value, dict):
        raise syntax_error("FILE_FORMAT must be ( TYPE = ... ) or ( FORMAT_NAME = ... ).")
    options = dict(value)
    name = options.pop("FORMAT_NAME", None)
    if name is not None or str(options.get("TYPE", "")).upper() == "PARQUET":
        known(options, FORMAT_OPTIONS, "FILE_FORMAT")
    if name is None:
        return None, options
    parts = re.findall(r'"([^"]+)"|([^."]+)', str(name))
    return [quoted or plain.upper() for quoted, plain in parts], options


def _metadata(value: Value, case: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise syntax_error("INCLUDE_METADATA must be ( column = METADATA$..., ... ).")
    if value and case == "NONE":
        raise syntax_error("INCLUDE_METADATA can only be used with MATCH_BY_COLUMN_NAME.")
    for column, source in value.items():
        if source not in METADATA_COLUMNS:
            raise syntax_error(f"invalid metadata column '{source}' for {column}.")
    return {column: str(source) for column, source in value.items()}


def _boolean(options: dict[str, Value], name: str, default: bool) -> bool:
    value = options.pop(name, default)
    if isinstance(value, str) and value.upper() in ("TRUE", "FALSE"):
        return value.upper() == "TRUE"
    if not isinstance(value, bool):
        raise syntax_error(f"invalid value '{value}' for {name}, not TRUE or FALSE.")
    return value

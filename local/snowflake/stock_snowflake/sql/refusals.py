"""What Snowflake refuses in a statement and DuckDB below fakesnow would take. Pure.

The README says of each rule whether it is documented, was measured by others, or is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from stock_snowflake.errors import SnowflakeError, syntax_error
from stock_snowflake.sql.options import Cursor, Value, read_options
from stock_snowflake.sql.statements import Kind, Statement

RETENTION_DAYS = {"standard": 1, "enterprise": 90}
"""Edition → the most days of Time Travel. Source: user-guide/data-time-travel, "Data retention period"."""
STAGE_OPTIONS = {
    "URL",
    "STORAGE_INTEGRATION",
    "CREDENTIALS",
    "ENCRYPTION",
    "ENDPOINT",
    "FILE_FORMAT",
    "DIRECTORY",
    "COMMENT",
}
FORMAT_OPTIONS = {
    "TYPE",
    "COMPRESSION",
    "SNAPPY_COMPRESSION",
    "BINARY_AS_TEXT",
    "USE_LOGICAL_TYPE",
    "USE_VECTORIZED_SCANNER",
    "TRIM_SPACE",
    "REPLACE_INVALID_CHARACTERS",
    "NULL_IF",
    "COMMENT",
}
"""Of TYPE = PARQUET (sql-reference/sql/create-file-format)."""
TABLE_OPTIONS = {
    "DATA_RETENTION_TIME_IN_DAYS",
    "MAX_DATA_EXTENSION_TIME_IN_DAYS",
    "ENABLE_SCHEMA_EVOLUTION",
    "CHANGE_TRACKING",
    "DEFAULT_DDL_COLLATION",
    "COMMENT",
}
_RETENTION = "DATA_RETENTION_TIME_IN_DAYS"
_TIMES = {exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMP}
_PRECISION = 9
"""Of a TIMESTAMP column and of CURRENT_TIMESTAMP() without a number (sql-reference/data-types-datetime)."""
_FAMILIES = {"VARCHAR": "text", "TEXT": "text", "CHAR": "text", "BOOLEAN": "boolean", "DATE": "date"}
_TOO_MANY_DAYS = "SQL compilation error:\nExceeds maximum allowable retention time ({} day(s))."


def check(statement: Statement, rows: Sequence[Sequence[Any]], edition: str) -> None:
    """Raise SnowflakeError for what the statement must not have. `rows` are its bound values."""
    tokens = statement.tokens
    _check_binds(tokens, rows)
    _check_retention(tokens, RETENTION_DAYS[edition])
    expression = statement.expression
    if statement.kind is Kind.DDL and expression is not None:
        kind = str(expression.args.get("kind") or "").upper()
        if isinstance(expression, exp.Create):
            _check_options(kind, tokens)
        if kind == "TABLE":
            for column in expression.find_all(exp.ColumnDef):
                _check_default(column)


def known(options: Mapping[str, Value], allowed: set[str], kind: str) -> None:
    """Raise SnowflakeError for an option that is not on the list."""
    for name in options:
        if name not in allowed:
            raise SnowflakeError(
                "001006", "42601", f"SQL compilation error:\ninvalid property '{name}' for '{kind}'"
            )


def stage_options(tokens: Sequence[Token]) -> dict[str, Value]:
    """The options of a CREATE STAGE, none for another statement."""
    words = [token.text.upper() for token in tokens[:5]]
    if words[0] != "CREATE" or "STAGE" not in words:
        return {}
    return read_options(_after_name(tokens, "STAGE"))


def _check_binds(tokens: Sequence[Token], rows: Sequence[Sequence[Any]]) -> None:
    values = rows[0] if rows else ()
    position = -1
    for index, token in enumerate(tokens):
        if token.token_type is not TokenType.PLACEHOLDER:
            continue
        position += 1
        before = tokens[index - 1].text.upper() if index else ""
        after = tokens[index + 1].text.upper() if index + 1 < len(tokens) else ""
        if after in ("PRECEDING", "FOLLOWING"):
            raise syntax_error("a frame of a window takes constants, not bind variables.")
        if before in ("LIMIT", "OFFSET") and position < len(values) and isinstance(values[position], str):
            raise syntax_error(f"Invalid row count '{values[position]}' in limit clause")


def _check_retention(tokens: Sequence[Token], most: int) -> None:
    for name, token in zip(tokens, tokens[2:], strict=False):
        if name.text.upper() == _RETENTION and not (token.text.isdecimal() and int(token.text) <= most):
            raise SnowflakeError("001008", "22023", _TOO_MANY_DAYS.format(most))


def _check_options(kind: str, tokens: Sequence[Token]) -> None:
    if kind == "STAGE":
        options = stage_options(tokens)
        known(options, STAGE_OPTIONS, kind)
        if isinstance(inner := options.get("FILE_FORMAT"), dict):
            known(inner, {*FORMAT_OPTIONS, "FORMAT_NAME"}, "FILE_FORMAT")
    elif kind == "FILE FORMAT":
        known(read_options(_after_name(tokens, "FORMAT")), FORMAT_OPTIONS, kind)
    elif kind == "TABLE":
        for name in _table_options(tokens):
            known({name: ""}, TABLE_OPTIONS, kind)


def _after_name(tokens: Sequence[Token], kind: str) -> Cursor:
    """A cursor after CREATE … <kind> [IF NOT EXISTS] <name>."""
    # sqlglot reads FILE FORMAT as one token.
    words = [token.text.upper().split()[-1:] for token in tokens]
    start = words.index([kind]) + 1
    if tokens[start].text.upper() == "IF":
        start += 3
    cursor = Cursor(tokens, start)
    cursor.name()
    return cursor


def _table_options(tokens: Sequence[Token]) -> Iterator[str]:
    """The names of NAME = value after the columns. A query (AS SELECT) ends them."""
    depth = 0
    for name, token in pairwise(tokens):
        depth += (name.token_type is TokenType.L_PAREN) - (name.token_type is TokenType.R_PAREN)
        if depth == 0 and name.text.upper() == "AS":
            return
        if depth == 0 and token.token_type is TokenType.EQ:
            yield name.text.upper()


def _check_default(column: exp.ColumnDef) -> None:
    """A default may widen its column's type, never narrow it, and has the type's family."""
    kind = column.args.get("kind")
    for constraint in column.args.get("constraints") or ():
        if not isinstance(constraint.kind, exp.DefaultColumnConstraint) or not isinstance(kind, exp.DataType):
            continue
        found, wanted = _static_type(constraint.kind.this), _described(kind)
        if found is None or wanted is None:
            continue
        if found[0] != wanted[0] or found[1] > wanted[1]:
            raise SnowflakeError(
                "002023",
                "22000",
                "SQL compilation error:\nDefault value data type does not match data type for column"
                f" {column.name.upper()}",
            )


def _static_type(default: exp.Expr) -> tuple[str, int] | None:
    """Family, and precision or length. None where it is NULL or not known."""
    if isinstance(default, exp.CurrentTimestamp):
        return "time", int(default.this.name) if default.this else _PRECISION
    if isinstance(default, exp.CurrentDate):
        return "date", 0
    if isinstance(default, exp.Boolean):
        return "boolean", 0
    if isinstance(default, exp.Literal):
        return ("text", len(default.name)) if default.is_string else ("number", 0)
    return _described(default.to) if isinstance(default, exp.Cast) else None


def _described(kind: exp.DataType) -> tuple[str, int] | None:
    given = [int(part.name) for part in kind.expressions if part.name.isdecimal()]
    if kind.this in _TIMES:
        return "time", given[0] if given else _PRECISION
    name = str(kind.this.value)
    if (family := _FAMILIES.get(name)) is not None:
        return family, (given[0] if given else 16_777_216) if family == "text" else 0
    return ("number", 0) if kind.this in exp.DataType.NUMERIC_TYPES else None

"""Rules of Snowflake that no stand-in shows, checked in a statement's text. Pure.

Sources: Snowflake, "Reserved & limited keywords", and the pages of the statements in OPTIONS. That a default
may not be more precise than its column, and the words of FROM, were measured by others on real accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

FILE_FORMAT = {"TYPE", "USE_LOGICAL_TYPE", "USE_VECTORIZED_SCANNER", "BINARY_AS_TEXT"}
METADATA = {
    "METADATA$FILENAME",
    "METADATA$FILE_ROW_NUMBER",
    "METADATA$FILE_CONTENT_KEY",
    "METADATA$FILE_LAST_MODIFIED",
    "METADATA$START_SCAN_TIME",
}
_WAREHOUSE = {
    "WAREHOUSE_SIZE",
    "AUTO_SUSPEND",
    "AUTO_RESUME",
    "GENERATION",
    "ENABLE_QUERY_ACCELERATION",
    "STATEMENT_TIMEOUT_IN_SECONDS",
    "RESOURCE_MONITOR",
}
_INTEGRATION = {
    "ENABLED",
    "STORAGE_AWS_ROLE_ARN",
    "STORAGE_AWS_EXTERNAL_ID",
    "STORAGE_ALLOWED_LOCATIONS",
}
_USER = {
    "DEFAULT_WAREHOUSE",
    "DEFAULT_SECONDARY_ROLES",
    "RSA_PUBLIC_KEY",
    "NETWORK_POLICY",
    "WORKLOAD_IDENTITY",
    "TYPE",
    "ARN",
}
OPTIONS = {
    "CREATE TABLE": {"DATA_RETENTION_TIME_IN_DAYS"},
    "CREATE STAGE": {"URL", "STORAGE_INTEGRATION"},
    "COPY INTO": {
        *("FILES", "FILE_FORMAT", "MATCH_BY_COLUMN_NAME", "INCLUDE_METADATA", "FORCE", "ON_ERROR"),
        *FILE_FORMAT,
    },
    "CREATE WAREHOUSE": {*_WAREHOUSE, "INITIALLY_SUSPENDED"},
    "ALTER WAREHOUSE": _WAREHOUSE,
    "CREATE RESOURCE MONITOR": {"CREDIT_QUOTA", "FREQUENCY", "START_TIMESTAMP"},
    "ALTER RESOURCE MONITOR": {"CREDIT_QUOTA", "NOTIFY_USERS"},
    "CREATE STORAGE INTEGRATION": {*_INTEGRATION, "TYPE", "STORAGE_PROVIDER"},
    "ALTER STORAGE INTEGRATION": _INTEGRATION,
    "CREATE USER": {"TYPE", "DEFAULT_ROLE", "DEFAULT_NAMESPACE", "COMMENT"},
    "ALTER USER": _USER,
    "CREATE NETWORK POLICY": {"ALLOWED_IP_LIST"},
    "ALTER NETWORK POLICY": {"ALLOWED_IP_LIST"},
}
"""Statement → the options and properties that we use and that its page names. Others are refused."""
_RESERVED = """
ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE
CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM FULL
GRANT GROUP HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LOCALTIME
LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER QUALIFY REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SELECT
SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES WHEN WHENEVER
WHERE WITH
"""
RESERVED = frozenset(_RESERVED.split())
FROM_WORDS = {"ASOF", "AT", "BEFORE", "CHANGES", "MATCH_CONDITION", "MATCH_RECOGNIZE", "PIVOT", "UNPIVOT"}
"""Words that FROM gives a meaning to: no name of a table, a CTE or an alias of one."""
DEFAULT_PRECISION = 9
"""Of CURRENT_TIMESTAMP without an argument, and of a timestamp column without a precision."""
_TIMES = (exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMP)


def faults(sql: str) -> list[str]:
    """What Snowflake refuses, or may refuse, in one statement. Empty when nothing is known against it."""
    parsed = sqlglot.parse_one(sql, dialect="snowflake")
    return [*_options(sql), *_defaults(parsed), *_binds(parsed), *_casts(parsed), *_names(parsed)]


def _options(sql: str) -> Iterator[str]:
    words = re.sub(r"\b(IF NOT EXISTS|OR REPLACE|TRANSIENT|TEMPORARY)\b ?", "", " ".join(sql.split()).upper())
    kind = next((kind for kind in OPTIONS if words.startswith(f"{kind} ")), None)
    opens = re.match(r"(CREATE|ALTER) (FILE FORMAT|PIPE|TASK|STREAM|\w+ INTEGRATION)\b", words)
    if kind is None:
        yield from [f"{opens[0]} is not on the list of statements"] if opens else []
        return
    tokens = sqlglot.tokenize(sql, read="snowflake")
    for name, value in _pairs(tokens):
        if value in METADATA:
            continue
        if value.startswith("METADATA$"):
            yield f"{value} is no column of a file's metadata"
        elif name not in OPTIONS[kind]:
            yield f"{name} is not on the list of options of {kind}"


def _pairs(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Each NAME = value outside of strings."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.token_type is TokenType.EQ:
            yield before.text.upper(), after.text.upper()


def _defaults(parsed: exp.Expr) -> Iterator[str]:
    for column in parsed.find_all(exp.ColumnDef):
        for constraint in column.args.get("constraints") or ():
            if isinstance(constraint.kind, exp.DefaultColumnConstraint):
                yield from _default(column.name, column.args["kind"], constraint.kind.this)


def _default(name: str, kind: exp.DataType, default: exp.Expr) -> Iterator[str]:
    found, wanted = _static_type(default), _described(kind)
    if isinstance(default, exp.Null):
        return
    if found is None:
        yield f"the type of {name}'s default {default.sql('snowflake')} is not known"
    elif found[0] in ("VARCHAR", "NUMBER") and found[0] == wanted[0]:
        if found[1] > wanted[1]:
            yield f"the default of {name} is longer than its column"
    elif found != wanted:
        yield f"the default of {name} is {found[0]}({found[1]}), its column {wanted[0]}({wanted[1]})"


def _static_type(default: exp.Expr) -> tuple[str, int] | None:
    """Kind and precision or length of the expression, None where it is not known."""
    if isinstance(default, exp.CurrentTimestamp):
        return "TIMESTAMPLTZ", int(default.this.name) if default.this else DEFAULT_PRECISION
    if isinstance(default, exp.CurrentDate):
        return "DATE", 0
    if isinstance(default, exp.Boolean):
        return "BOOLEAN", 0
    if isinstance(default, exp.Literal):
        return "VARCHAR" if default.is_string else "NUMBER", len(default.name)
    return _described(default.to) if isinstance(default, exp.Cast) else None


def _described(kind: exp.DataType) -> tuple[str, int]:
    name = str(kind.this.value)
    given = [int(part.name) for part in kind.expressions]
    if kind.this in _TIMES:
        return name, given[0] if given else DEFAULT_PRECISION
    return {"DECIMAL": "NUMBER"}.get(name, name), given[0] if given else 0


def _binds(parsed: exp.Expr) -> Iterator[str]:
    for kind in (exp.Limit, exp.Offset, exp.Fetch, exp.WindowSpec):
        for node in parsed.find_all(kind):
            if node.find(exp.Placeholder):
                yield f"a value is bound in {kind.__name__.upper()}: write it into the text"


def _casts(parsed: exp.Expr) -> Iterator[str]:
    """A text becomes a day or a time by the session's DATE_INPUT_FORMAT and its like."""
    for node in parsed.find_all(exp.Cast):
        if node.to.this in (*_TIMES, exp.DType.DATE, exp.DType.TIME) and node.this.is_string:
            yield f"{node.sql('snowflake')} depends on the session's formats: build it of numbers"


def _names(parsed: exp.Expr) -> Iterator[str]:
    for node in parsed.walk():
        if isinstance(node, exp.ColumnDef | exp.Alias):
            yield from _reserved(node.args.get("alias") or node.this, RESERVED)
        elif isinstance(node, exp.TableAlias | exp.Table):
            yield from _reserved(node.this, RESERVED | FROM_WORDS)


def _reserved(name: object, words: frozenset[str]) -> Iterator[str]:
    if isinstance(name, exp.Identifier) and not name.args.get("quoted") and name.name.upper() in words:
        yield f"{name.name} is a word of Snowflake's grammar: take another name, or quote it"

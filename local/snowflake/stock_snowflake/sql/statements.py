"""The kind of a statement, which decides its transaction, its locks and its executor."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from stock_snowflake.errors import SnowflakeError, classify, syntax_error, unsupported


class Kind(enum.Enum):
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SESSION = "session"
    ACCEPTED = "accepted"
    ACCOUNT = "account"
    COPY = "copy"
    DML = "dml"
    DDL = "ddl"
    QUERY = "query"


@dataclass(frozen=True)
class Statement:
    """One statement. expression is None where this package reads the tokens instead."""

    kind: Kind
    text: str
    tokens: tuple[Token, ...]
    expression: exp.Expr | None = None

    @property
    def parsed(self) -> exp.Expr:
        if self.expression is None:
            raise unsupported("this form of the statement")
        return self.expression


_TRANSACTIONS = (
    (re.compile(r"(BEGIN|START TRANSACTION|BEGIN (WORK|TRANSACTION))( NAME \S+)?"), Kind.BEGIN),
    (re.compile(r"COMMIT( WORK)?"), Kind.COMMIT),
    (re.compile(r"ROLLBACK( WORK)?"), Kind.ROLLBACK),
)
# Access control and properties without effect here. The answer is "Statement executed successfully."
_ACCEPTED = tuple(
    re.compile(pattern)
    for pattern in (
        r"USE (ROLE|WAREHOUSE|SECONDARY ROLES) ",
        r"COMMENT (IF EXISTS )?ON ",
        r"ALTER (TABLE|SCHEMA|DATABASE|VIEW|STAGE) .* (SET|UNSET) (COMMENT|DATA_RETENTION_TIME_IN_DAYS"
        r"|ENABLE_SCHEMA_EVOLUTION|CHANGE_TRACKING|STORAGE_INTEGRATION|FILE_FORMAT)\b",
    )
)
_ACCOUNT = re.compile(
    r"(GRANT|REVOKE) |SHOW (WAREHOUSES|RESOURCE MONITORS|GRANTS)\b"
    r"|(CREATE|ALTER|DROP|DESC|DESCRIBE) "
    r"(WAREHOUSE|ROLE|USER|RESOURCE MONITOR|(STORAGE )?INTEGRATION|NETWORK POLICY) "
)
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
_DDL = (exp.Create, exp.Drop, exp.Alter)
_QUERY = (exp.Query, exp.Show, exp.Describe, exp.Use, exp.Values)


def parse(text: str) -> Statement:
    """Read one statement.

    Raises SnowflakeError 001003 for bad syntax, 000008 for several statements, 000002 for unsupported ones.
    """
    tokens = _tokens(text)
    words = " ".join(token.text.upper() for token in tokens)
    for pattern, kind in _TRANSACTIONS:
        if pattern.fullmatch(words):
            return Statement(kind, text, tokens)
    if words.startswith("ALTER SESSION "):
        return Statement(Kind.SESSION, text, tokens)
    if any(pattern.match(words) for pattern in _ACCEPTED):
        return Statement(Kind.ACCEPTED, text, tokens)
    if _ACCOUNT.match(words):
        return Statement(Kind.ACCOUNT, text, tokens)
    if words.startswith("COPY INTO "):
        return Statement(Kind.COPY, text, tokens)
    return _parsed(text, tokens)


def _tokens(text: str) -> tuple[Token, ...]:
    try:
        tokens = sqlglot.tokenize(text, read="snowflake")
    except SqlglotError as error:
        raise classify(error) from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SnowflakeError("000900", "42601", "SQL compilation error:\nEmpty SQL statement.")
    count = 1 + sum(token.token_type is TokenType.SEMICOLON for token in tokens)
    if count > 1:
        raise SnowflakeError(
            "000008", "0A000", f"Actual statement count {count} did not match the desired statement count 1."
        )
    return tuple(tokens)


def _with_castable_binds(text: str, tokens: tuple[Token, ...]) -> str:
    """`?::NUMBER` as `(?)::NUMBER`. sqlglot's tokenizer reads `?::` as an operator of another dialect."""
    for token in reversed(tokens):
        if token.token_type is TokenType.QDCOLON:
            text = f"{text[: token.start]}(?)::{text[token.end + 1 :]}"
    return text


def _forget_places(expression: exp.Expr) -> None:
    """Takes away where each name stood in the text: nine tenths of the time for a copy of the tree.

    fakesnow 0.12.1 reads STDDEV's alone.
    """
    for node in expression.walk():
        if not isinstance(node, exp.Stddev):
            node._meta = None  # noqa: SLF001


def _parsed(text: str, tokens: tuple[Token, ...]) -> Statement:
    try:
        expression = sqlglot.parse_one(_with_castable_binds(text, tokens), read="snowflake")
    except SqlglotError as error:
        raise classify(error) from error
    _forget_places(expression)
    for types, kind in ((_DML, Kind.DML), (_DDL, Kind.DDL), (_QUERY, Kind.QUERY)):
        if isinstance(expression, types):
            return Statement(kind, text, tokens, expression)
    if isinstance(expression, (exp.Column, exp.Alias)):
        raise syntax_error(f"syntax error line 1 at position 0 unexpected '{tokens[0].text}'.")
    raise unsupported(f"{tokens[0].text.upper()} statements of this form")

"""Session parameters, set by ALTER SESSION or at login. Only a few have an effect here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from stock_snowflake.errors import SnowflakeError, syntax_error
from stock_snowflake.sql.options import Cursor, Value, read_options, unexpected
from stock_snowflake.sql.statements import Statement

# sql-reference/parameters, LOCK_TIMEOUT: 43,200 seconds (12 hours).
DEFAULT_LOCK_TIMEOUT = 43_200
# AUTOCOMMIT, LOCK_TIMEOUT, TIMEZONE and TRANSACTION_ABORT_ON_ERROR have an effect. Others are only stored.
_DEFAULTS: dict[str, Value] = {
    "ABORT_DETACHED_QUERY": False,
    "AUTOCOMMIT": True,
    "BINARY_OUTPUT_FORMAT": "HEX",
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "LOCK_TIMEOUT": DEFAULT_LOCK_TIMEOUT,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172_800,
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMEZONE": "UTC",
    "TRANSACTION_ABORT_ON_ERROR": False,
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "READ COMMITTED",
    "USE_CACHED_RESULT": True,
    "WEEK_START": 0,
}


class Parameters:
    """One session's parameters. `set` raises SnowflakeError for a bad name or value."""

    def __init__(self, at_connect: Mapping[str, Any], timezones: Collection[str]) -> None:
        self._timezones = timezones
        self._values = dict(_DEFAULTS)
        for name, value in at_connect.items():
            # A login with an unknown parameter succeeds: the connector sends many of its own.
            if name.upper() in _DEFAULTS and value is not None:
                self.set(name.upper(), value)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def set(self, name: str, value: Any) -> None:
        if name not in _DEFAULTS:
            raise SnowflakeError(
                "001006", "42601", f"SQL compilation error:\ninvalid property '{name}' for 'SESSION'"
            )
        typed = _typed(name, value)
        if name == "TIMEZONE" and typed not in self._timezones:
            raise _invalid(name, value)
        self._values[name] = typed

    def unset(self, name: str) -> None:
        self.set(name, _DEFAULTS.get(name))

    @property
    def autocommit(self) -> bool:
        return bool(self._values["AUTOCOMMIT"])

    @property
    def lock_timeout(self) -> float:
        return float(str(self._values["LOCK_TIMEOUT"]))

    @property
    def timezone(self) -> str:
        return str(self._values["TIMEZONE"])

    @property
    def transaction_abort_on_error(self) -> bool:
        return bool(self._values["TRANSACTION_ABORT_ON_ERROR"])


def alter_session(statement: Statement, parameters: Parameters) -> None:
    """ALTER SESSION SET name = value [name = value ...] or UNSET name [, name ...]."""
    cursor = Cursor(statement.tokens, start=2)
    action = cursor.word()
    if action == "SET":
        for name, value in read_options(cursor).items():
            parameters.set(name, value)
        return
    if action != "UNSET":
        raise syntax_error(f"unexpected '{action}' after ALTER SESSION, not SET or UNSET.")
    while not cursor.at_end:
        parameters.unset(cursor.word())
        if (token := cursor.peek()) is not None:
            if token.text != ",":
                raise unexpected(token)
            cursor.next()


def _typed(name: str, value: Any) -> Value:
    """The value in the type of the parameter's default. The connector sends some as text."""
    default = _DEFAULTS[name]
    if isinstance(default, bool):
        return _one_of({"true": True, "false": False, "on": True, "off": False}, name, value)
    if isinstance(default, int):
        if str(value).isdecimal():
            return int(str(value))
        raise _invalid(name, value)
    return str(value)


def _one_of(choices: Mapping[str, bool], name: str, value: Any) -> bool:
    text = str(value).lower()
    if text not in choices:
        raise _invalid(name, value)
    return choices[text]


def _invalid(name: str, value: Any) -> SnowflakeError:
    return SnowflakeError(
        "001008", "22023", f"SQL compilation error:\nInvalid value '{value}' for parameter '{name}'"
    )

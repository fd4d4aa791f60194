"""Snowflake's errors: code, SQLSTATE and text, and which of them a DuckDB, fakesnow or parser error stands for."""

from __future__ import annotations

import re

import duckdb
import snowflake.connector.errors
from sqlglot.errors import SqlglotError


class SnowflakeError(Exception):
    """An error as Snowflake answers it.

    code: six digits as text; the connector raises IntegrityError for 100072 and ProgrammingError for all others.
    sqlstate: five characters. message: Snowflake's words where they are known.
    """

    def __init__(self, code: str, sqlstate: str, message: str) -> None:
        super().__init__(f"{code} ({sqlstate}): {message}")
        self.code = code
        self.sqlstate = sqlstate
        self.message = message


def syntax_error(message: str) -> SnowflakeError:
    return SnowflakeError("001003", "42000", f"SQL compilation error:\n{message}")


def unsupported(what: str) -> SnowflakeError:
    return SnowflakeError("000002", "0A000", f"The local Snowflake does not support {what}.")


def not_found(kind: str, name: str) -> SnowflakeError:
    sqlstate = "42S02" if kind in ("Table", "Object") else "02000"
    return SnowflakeError("002003", sqlstate, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def lock_timeout(table: str, seconds: float) -> SnowflakeError:
    return SnowflakeError(
        "000625",
        "57014",
        f"Another transaction has locked table '{table}' and this lock has not yet been released."
        f" Your statement was aborted after waiting {seconds:g} seconds (LOCK_TIMEOUT).",
    )


def transaction_aborted(reason: str) -> SnowflakeError:
    return SnowflakeError("000615", "57014", f"Transaction was aborted: {reason} Execute ROLLBACK and start again.")


def canceled() -> SnowflakeError:
    return SnowflakeError("000604", "57014", "SQL execution canceled")


def session_gone() -> SnowflakeError:
    return SnowflakeError("390111", "08001", "Session no longer exists. New login required to access the service.")


_COLUMN = re.compile(r'(?:Referenced column|column named|does not have a column named) "([^"]+)"')
_MISSING_TABLE = re.compile(r"(?:Table|View|Table or View|Schema) with name (\S+) does not exist")
_DUCKDB_CODES: tuple[tuple[type[BaseException], str, str], ...] = (
    (duckdb.OutOfRangeException, "100039", "22003"),
    (duckdb.InterruptException, "000604", "57014"),
    (duckdb.ParserException, "001003", "42000"),
    (duckdb.BinderException, "002043", "02000"),
    (duckdb.CatalogException, "002003", "42S02"),
    (duckdb.TransactionException, "000625", "57014"),
    (duckdb.InvalidInputException, "100035", "22007"),
)


def classify(error: BaseException) -> SnowflakeError:
    """Say which Snowflake error an exception stands for. What has no counterpart is 000603, an internal error."""
    if isinstance(error, SnowflakeError):
        return error
    if isinstance(error, snowflake.connector.errors.Error):
        return _from_connector(error)
    if isinstance(error, duckdb.Error):
        return _from_duckdb(error)
    if isinstance(error, SqlglotError):
        return syntax_error(re.sub(r"\x1b\[\d+m", "", str(error)))
    if isinstance(error, NotImplementedError):
        return unsupported(str(error) or "this statement")
    return SnowflakeError("000603", "XX000", f"SQL execution internal error: {type(error).__name__}: {error}")


def is_internal(error: SnowflakeError) -> bool:
    return error.code == "000603"


def _from_connector(error: snowflake.connector.errors.Error) -> SnowflakeError:
    # fakesnow wraps DuckDB's errors in the connector's; the original tells more.
    if isinstance(error.__cause__, duckdb.Error) and not isinstance(error.__cause__, duckdb.ResourceInUseException):
        return _from_duckdb(error.__cause__)
    code = f"{error.errno:06d}" if error.errno and error.errno > 0 else "000002"
    sqlstate = error.sqlstate if error.sqlstate and error.sqlstate != "n/a" else "XX000"
    return SnowflakeError(code, sqlstate, error.raw_msg or str(error))


def _from_duckdb(error: duckdb.Error) -> SnowflakeError:
    text = str(error).strip()
    first_line = text.split("\n")[0]
    if isinstance(error, duckdb.ConstraintException):
        if "NOT NULL" in text:
            return SnowflakeError("100072", "22000", f"NULL result in a non-nullable column ({first_line})")
        return SnowflakeError("100072", "22000", first_line)
    if isinstance(error, duckdb.ConversionException):
        return conversion_error(first_line)
    if isinstance(error, duckdb.BinderException) and (match := _COLUMN.search(text)):
        return SnowflakeError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{match[1].upper()}'")
    if isinstance(error, duckdb.CatalogException) and (match := _MISSING_TABLE.search(text)):
        return not_found("Object", match[1].strip('"').upper())
    for kind, code, sqlstate in _DUCKDB_CODES:
        if isinstance(error, kind):
            return SnowflakeError(code, sqlstate, first_line)
    return SnowflakeError("000603", "XX000", f"SQL execution internal error: {type(error).__name__}: {first_line}")


def conversion_error(text: str) -> SnowflakeError:
    """Snowflake has one code a type family: 100040 dates, 100035 timestamps, 100038 numbers and the rest."""
    lowered = text.lower()
    if "timestamp" in lowered or "time zone" in lowered:
        return SnowflakeError("100035", "22007", text)
    if "date" in lowered:
        return SnowflakeError("100040", "22007", text)
    if "out of range" in lowered:
        return SnowflakeError("100039", "22003", text)
    return SnowflakeError("100038", "22018", text)

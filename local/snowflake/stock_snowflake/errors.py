"""Snowflake's errors: code, SQLSTATE, text, and how errors of DuckDB, fakesnow and the parser map to them."""

from __future__ import annotations

import re

import duckdb
import snowflake.connector.errors
from sqlglot.errors import SqlglotError

UNKNOWN = "399999"
"""A number that no page of Snowflake's has."""


class SnowflakeError(Exception):
    """An error as Snowflake answers it.

    code: six digits as text. The connector raises IntegrityError for 100072 and ProgrammingError for all
    others. sqlstate: five characters. message: Snowflake's own text where it is known.
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
    return SnowflakeError(
        "002003", sqlstate, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized."
    )


def insufficient(kind: str, name: str) -> SnowflakeError:
    text = f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'"
    return SnowflakeError("003001", "42501", text)


def no_warehouse() -> SnowflakeError:
    return SnowflakeError(
        "000606",
        "57P03",
        "No active warehouse selected in the current session."
        "  Select an active warehouse with the 'use warehouse' command.",
    )


def already_exists(name: str) -> SnowflakeError:
    return SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def lock_timeout(table: str, seconds: float) -> SnowflakeError:
    return SnowflakeError(
        "000625",
        "57014",
        f"Another transaction has locked table '{table}' and this lock has not yet been released."
        f" Your statement was aborted after waiting {seconds:g} seconds (LOCK_TIMEOUT).",
    )


def transaction_aborted(reason: str) -> SnowflakeError:
    return SnowflakeError(
        "000615", "57014", f"Transaction was aborted: {reason} Execute ROLLBACK and start again."
    )


def canceled() -> SnowflakeError:
    return SnowflakeError("000604", "57014", "SQL execution canceled")


def without_place(error: SnowflakeError) -> SnowflakeError:
    """The error of a COPY without the lines that name file, row and column."""
    return SnowflakeError(error.code, error.sqlstate, error.message.split("\n  File '")[0])


def of_no_known_number(error: SnowflakeError) -> SnowflakeError:
    """The same of a COPY under a number that no client can know."""
    return SnowflakeError(UNKNOWN, "XX000", without_place(error).message)


def sign_in_refused() -> SnowflakeError:
    return SnowflakeError("390100", "08001", "Incorrect username or password was specified.")


def session_gone() -> SnowflakeError:
    return SnowflakeError(
        "390111", "08001", "Session no longer exists. New login required to access the service."
    )


_COLUMN = re.compile(r'(?:Referenced column|column named|does not have a column named) "([^"]+)"')
_LENGTH = re.compile(r'CHECK constraint failed.*length\(["(]*(\w+)[")]* *\) *<= *(\d+)', re.IGNORECASE)
_MISSING_TABLE = re.compile(r"(?:Table|View|Table or View|Schema) with name (\S+) does not exist")
_DUCKDB_CODES: tuple[tuple[type[BaseException], str, str], ...] = (
    (duckdb.OutOfRangeException, "100039", "22003"),
    (duckdb.InterruptException, "000604", "57014"),
    (duckdb.PermissionException, "003001", "42501"),
    (duckdb.ParserException, "001003", "42000"),
    (duckdb.BinderException, "002043", "02000"),
    (duckdb.CatalogException, "002003", "42S02"),
    (duckdb.TransactionException, "000625", "57014"),
    (duckdb.InvalidInputException, "100035", "22007"),
)


def classify(error: BaseException) -> SnowflakeError:
    """The Snowflake error for an exception. One without a counterpart is 000603, an internal error."""
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
    # fakesnow wraps DuckDB's errors in the connector's. The original has more detail.
    if isinstance(error.__cause__, duckdb.Error) and not isinstance(
        error.__cause__, duckdb.ResourceInUseException
    ):
        return _from_duckdb(error.__cause__)
    code = f"{error.errno:06d}" if error.errno and error.errno > 0 else "000002"
    sqlstate = error.sqlstate if error.sqlstate and error.sqlstate != "n/a" else "XX000"
    return SnowflakeError(code, sqlstate, error.raw_msg or str(error))


def _from_duckdb(error: duckdb.Error) -> SnowflakeError:
    text = str(error).strip()
    first_line = text.split("\n")[0]
    if isinstance(error, duckdb.ConstraintException):
        return _broken_constraint(text)
    if isinstance(error, duckdb.ConversionException):
        return conversion_error(first_line)
    if isinstance(error, duckdb.BinderException) and (match := _COLUMN.search(text)):
        return SnowflakeError(
            "000904", "42000", f"SQL compilation error:\ninvalid identifier '{match[1].upper()}'"
        )
    if isinstance(error, duckdb.CatalogException) and (match := _MISSING_TABLE.search(text)):
        return not_found("Object", match[1].strip('"').upper())
    for kind, code, sqlstate in _DUCKDB_CODES:
        if isinstance(error, kind):
            return SnowflakeError(code, sqlstate, first_line)
    return SnowflakeError(
        "000603", "XX000", f"SQL execution internal error: {type(error).__name__}: {first_line}"
    )


def _broken_constraint(text: str) -> SnowflakeError:
    first_line = text.split("\n")[0]
    if "NOT NULL" in text:
        return SnowflakeError("100072", "22000", f"NULL result in a non-nullable column ({first_line})")
    if (match := _LENGTH.search(text)) is not None:
        text = f"String is too long for {match[1].upper()} and would be truncated ({match[2]} at most)"
        return SnowflakeError("100078", "22000", text)
    return SnowflakeError("100072", "22000", first_line)


def conversion_error(text: str) -> SnowflakeError:
    """The code goes by the family of types: 100040 dates, 100035 timestamps, 100038 numbers and the rest."""
    lowered = text.lower()
    if "timestamp" in lowered or "time zone" in lowered:
        return SnowflakeError("100035", "22007", text)
    if "date" in lowered:
        return SnowflakeError("100040", "22007", text)
    if "out of range" in lowered:
        return SnowflakeError("100039", "22003", text)
    return SnowflakeError("100038", "22018", text)

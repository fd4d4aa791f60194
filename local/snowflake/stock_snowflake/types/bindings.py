"""Values bound to `?`: the connector sends them as text, DuckDB takes Python values."""

from __future__ import annotations

import binascii
import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

EPOCH = datetime.datetime(1970, 1, 1)
_MAX_MILLISECONDS = 31_536_000_000_000
"""snowflake.connector.converter, bulk insertion: larger numbers of a date are nanoseconds."""


def rows_of(bindings: Mapping[str, Any]) -> tuple[list[list[Any]], bool]:
    """Turn the request's bindings into rows of positional values.

    Returns (rows, batch). batch is true for an array binding (executemany of an INSERT), one statement of
    many rows. Otherwise there is exactly one row. Raises ValueError for a value that its type cannot hold.
    """
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if any(isinstance(binding["value"], list) for binding in ordered):
        columns = [[value_of(binding["type"], value) for value in binding["value"]] for binding in ordered]
        return [list(row) for row in zip(*columns, strict=True)], True
    return [[value_of(binding["type"], binding["value"]) for binding in ordered]], False


def value_of(kind: str, text: str | None) -> Any:
    """One bound value.

    FIXED is for integers and decimals. Times count nanoseconds since 1970, dates milliseconds.
    """
    convert = _CONVERTERS.get(kind.upper())
    return text if text is None or convert is None else convert(text)


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if "." not in text and "E" not in text.upper() else number


def _naive(nanoseconds: str) -> datetime.datetime:
    return EPOCH + datetime.timedelta(microseconds=int(nanoseconds) // 1000)


def _date(number: int) -> datetime.date:
    milliseconds = number if abs(number) < _MAX_MILLISECONDS else number // 1_000_000
    return (EPOCH + datetime.timedelta(milliseconds=milliseconds)).date()


def _time(nanoseconds: str) -> datetime.time:
    return _naive(nanoseconds).time()


def _instant(nanoseconds: str) -> datetime.datetime:
    """TIMESTAMP_TZ is "<nanoseconds> <offset in minutes + 1440>". A comparison needs only the instant."""
    return _naive(nanoseconds.split(" ")[0]).replace(tzinfo=datetime.UTC)


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "FIXED": _number,
    "REAL": float,
    "BOOLEAN": lambda text: text.lower() == "true",
    "BINARY": binascii.unhexlify,
    "DATE": lambda text: _date(int(text)),
    "TIME": _time,
    "TIMESTAMP_NTZ": _naive,
    "TIMESTAMP_LTZ": _instant,
    "TIMESTAMP_TZ": _instant,
}

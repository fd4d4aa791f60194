"""Values bound to `?` on the wire: what the connector sends as text, as Python values for DuckDB."""

from __future__ import annotations

import binascii
import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

EPOCH = datetime.datetime(1970, 1, 1)
# snowflake.connector.converter, bulk insertion: dates beyond this many milliseconds are sent in nanoseconds.
_MAX_MILLISECONDS = 31_536_000_000_000


def rows_of(bindings: Mapping[str, Any]) -> tuple[list[list[Any]], bool]:
    """Turn the request's bindings into rows of positional values.

    Returns (rows, batch): batch is true for an array binding (executemany of an INSERT), which is one statement of many
    rows; otherwise there is exactly one row. Raises ValueError for a value that its type cannot hold.
    """
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if any(isinstance(binding["value"], list) for binding in ordered):
        columns = [[value_of(binding["type"], value) for value in binding["value"]] for binding in ordered]
        return [list(row) for row in zip(*columns, strict=True)], True
    return [[value_of(binding["type"], binding["value"]) for binding in ordered]], False


def value_of(kind: str, text: str | None) -> Any:
    """One bound value. FIXED carries integers and decimals; times count nanoseconds, dates milliseconds, since 1970."""
    if text is None:
        return None
    match kind.upper():
        case "FIXED":
            return _number(text)
        case "REAL":
            return float(text)
        case "BOOLEAN":
            return text.lower() == "true"
        case "BINARY":
            return binascii.unhexlify(text)
        case "DATE":
            return _date(int(text))
        case "TIME":
            return (EPOCH + datetime.timedelta(microseconds=int(text) // 1000)).time()
        case "TIMESTAMP_NTZ":
            return _naive(text)
        case "TIMESTAMP_LTZ":
            return _naive(text).replace(tzinfo=datetime.UTC)
        case "TIMESTAMP_TZ":
            # "<nanoseconds> <offset in minutes + 1440>"; the instant is what a comparison needs.
            return _naive(text.split(" ")[0]).replace(tzinfo=datetime.UTC)
        case _:
            return text


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if "." not in text and "E" not in text.upper() else number


def _naive(nanoseconds: str) -> datetime.datetime:
    return EPOCH + datetime.timedelta(microseconds=int(nanoseconds) // 1000)


def _date(number: int) -> datetime.date:
    milliseconds = number if abs(number) < _MAX_MILLISECONDS else number // 1_000_000
    return (EPOCH + datetime.timedelta(milliseconds=milliseconds)).date()

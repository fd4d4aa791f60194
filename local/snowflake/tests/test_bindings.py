"""Bound values from the wire, without a server."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from stock_snowflake.types.bindings import rows_of, value_of

NANOSECONDS = "1795435200123456789"
AT = datetime.datetime(2026, 11, 23, 12, 0, 0, 123456)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("FIXED", "9007199254740993", 9007199254740993),
        ("FIXED", "1.50", Decimal("1.50")),
        ("FIXED", "1E+3", Decimal("1E+3")),
        ("REAL", "1.5", 1.5),
        ("TEXT", "x", "x"),
        ("ANY", None, None),
        ("FIXED", None, None),
        ("BOOLEAN", "true", True),
        ("BINARY", "00ff", b"\x00\xff"),
        ("DATE", "1795392000000", datetime.date(2026, 11, 23)),
        ("DATE", "-86400000", datetime.date(1969, 12, 31)),
        ("TIME", "45296000001000", datetime.time(12, 34, 56, 1)),
        ("TIMESTAMP_NTZ", NANOSECONDS, AT),
        ("TIMESTAMP_LTZ", NANOSECONDS, AT.replace(tzinfo=datetime.UTC)),
        ("TIMESTAMP_TZ", f"{NANOSECONDS} 1140", AT.replace(tzinfo=datetime.UTC)),
    ],
)
def test_values(kind: str, text: str | None, expected: Any) -> None:
    value = value_of(kind, text)
    assert value == expected
    assert type(value) is type(expected)


def test_array_binding_is_turned_into_rows() -> None:
    bindings = {"2": {"type": "TEXT", "value": ["a", None]}, "1": {"type": "FIXED", "value": ["1", "2"]}}
    assert rows_of(bindings) == ([[1, "a"], [2, None]], True)
    assert rows_of({"1": {"type": "FIXED", "value": "1"}}) == ([[1]], False)
    assert rows_of({}) == ([[]], False)

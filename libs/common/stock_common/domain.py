"""The values that every stage can carry, and the one strict way from a message's bytes to a struct.

Whatever `decode` accepts fits Parquet, Snowflake's columns and Python's arithmetic. Records, status messages
and decisions are all decoded here.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

PRICE_LIMIT = Decimal(10) ** 12
"""Prices are below this: NUMBER(18,6) holds 12 digits before the point."""
PRICE_STEP = Decimal("0.000001")
INTEGER_LIMIT = 2**63
FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
END_INSTANT = datetime(2200, 1, 1, tzinfo=UTC)
"""Instants are before this. Nanoseconds since 1970 fit 64 bits until 2262."""
FIRST_DAY, END_DAY = FIRST_INSTANT.date(), END_INSTANT.date()

PRINTABLE = "^[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+\\Z"
"""A pattern for text for people: no control characters, and nothing that reorders or hides text."""
NAME = "^[ -~]+\\Z"
"""A pattern for names of things: ASCII that can be seen, and spaces."""
SHOWN_CHARACTERS = 200

T = TypeVar("T")


class BadMessage(ValueError):
    """Bytes that the contract refuses. `reason` is a short constant for counting, the text the details."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def decode(decoder: msgspec.json.Decoder[T], value: bytes) -> T:
    """The struct in a message's value. Raises BadMessage alone (`empty`, `json`, `schema` or `range`)."""
    if not value:
        raise BadMessage("empty", "the message has no value")
    try:
        decoded = decoder.decode(value)
    except msgspec.ValidationError as error:
        raise BadMessage("schema", _short(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage("json", _short(error)) from None
    except (ValueError, ArithmeticError) as error:
        # A number or a date that Python cannot hold.
        raise BadMessage("range", _short(error)) from None
    check(decoded)
    return decoded


def check(value: Any, name: str = "value") -> None:
    """Raises BadMessage when a number, a day or an instant in the struct is out of range."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            check(getattr(value, field), field)
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            check(part, name)
    elif fault := _fault(value):
        raise BadMessage("range", f"{name} {fault}")


def _fault(value: Any) -> str | None:
    """What is wrong with a single value."""
    match value:
        case int() if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            return "has more than 64 bits"
        case Decimal() if not is_price(value):
            return "must be finite and below 1e12 after rounding to six decimals"
        case float() if not math.isfinite(value):
            return "must be finite"
        case datetime() if not FIRST_INSTANT <= value < END_INSTANT:
            return "must be from 1970 to 2199"
        case date() if not isinstance(value, datetime) and not FIRST_DAY <= value < END_DAY:
            return "must be from 1970 to 2199"
    return None


def is_price(number: Decimal) -> bool:
    """Whether the number fits NUMBER(18,6) once it is rounded."""
    # `abs` would apply the context, which overflows for huge exponents.
    if not number.is_finite() or number.copy_abs() >= PRICE_LIMIT:
        return False
    return rounded(number)[0].copy_abs() < PRICE_LIMIT


def rounded(number: Decimal) -> tuple[Decimal, bool]:
    """The number with six decimals, and whether that changed it. Half goes to even.

    The number is finite and below PRICE_LIMIT.
    """
    cut = number.quantize(PRICE_STEP)
    return cut, cut != number


def _short(error: Exception) -> str:
    return str(error)[:SHOWN_CHARACTERS]

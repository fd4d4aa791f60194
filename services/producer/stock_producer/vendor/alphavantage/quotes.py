"""Alpha Vantage's answers as observations. Pure: bytes in, observations or a Refusal out.

All values are strings, with percent signs, blanks, and words where a number is missing. GLOBAL_QUOTE has no
time of day. The timestamps of REALTIME_BULK_QUOTES are New York's and do not name their zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from stock_common.domain import is_price, rounded
from stock_common.records import VOLUME_LIMIT
from stock_producer.vendor.alphavantage.endpoints import NEW_YORK, Endpoint
from stock_producer.vendor.alphavantage.plans import DELAY
from stock_producer.vendor.alphavantage.refusals import classify, refusal
from stock_producer.vendor.base import Freshness, Observation, Request, ignore
from stock_producer.vendor.kinds import Kind, Refusal

_MESSAGES = ("Information", "Note", "Error Message")
Note = Callable[[str], None]
T = TypeVar("T")
_NOT_PLAIN = re.compile(r"[^A-Z0-9]")
MOST_DIGITS = 64
_NO_NUMBER = frozenset({"", "-", "none", "null", "n/a", "nan", "."})


def observations(
    request: Request, body: bytes, promised: Freshness, note: Note = ignore
) -> list[Observation]:
    """The observations in the answer to `request`. Of a bulk answer, those that can be read.

    promised: the freshness of the plan. An answer that reports another one is believed.
    note: takes what cannot be read, in words. A field that a quote may lack costs no quote.
    Raises Refusal: SYMBOL for a symbol that GLOBAL_QUOTE does not know, UNREADABLE for a body of another
        shape, and the kind of the body's message where it has one instead of data.
    """
    found = document(body)
    if request.endpoint == Endpoint.BULK:
        return _bulk(found, request.symbols, promised, note)
    return [_global_quote(found, request.symbols[0], promised, note)]


def document(body: bytes) -> dict[str, Any]:
    """The body's JSON object. Raises Refusal for any other body, and for a message instead of data."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        shown = "empty" if not body.strip() else "HTML" if body.lstrip()[:1] == b"<" else "cut off or no JSON"
        raise Refusal(Kind.UNREADABLE, f"the body is {shown} ({len(body)} bytes)") from None
    if not isinstance(found, dict):
        raise Refusal(Kind.UNREADABLE, f"the body is a JSON {type(found).__name__}")
    for name in _MESSAGES:
        if isinstance(found.get(name), str):
            raise refusal(found[name])
    return found


def _global_quote(answer: Mapping[str, Any], symbol: str, promised: Freshness, note: Note) -> Observation:
    # The top key changes with the entitlement: "Global Quote - DATA DELAYED BY 15 MINUTES".
    top = next((key for key in answer if key.startswith("Global Quote")), None)
    fields = answer.get(top) if top else None
    if top is None or not isinstance(fields, dict):
        raise Refusal(Kind.UNREADABLE, f"no quote among the keys {sorted(answer)[:5]}")
    if not any(fields.values()):
        raise Refusal(Kind.SYMBOL, f"the quote of {symbol} is empty")
    if not is_same(str(fields.get("01. symbol", "")), symbol):
        raise Refusal(Kind.UNREADABLE, f"asked for {symbol}, the answer is about another symbol")
    delayed = "DELAYED" in top.upper()
    try:
        return Observation(
            symbol=symbol,
            price=price(fields["05. price"]),
            open=maybe(optional_price, fields, "02. open", note),
            high=maybe(optional_price, fields, "03. high", note),
            low=maybe(optional_price, fields, "04. low", note),
            previous_close=maybe(optional_price, fields, "08. previous close", note),
            volume=maybe(volume, fields, "06. volume", note),
            trading_day=date.fromisoformat(str(fields["07. latest trading day"]).strip()),
            quoted_at=None,
            freshness=_freshness(promised, delayed=delayed),
            delay=DELAY * delayed,
        )
    except (KeyError, ValueError, ArithmeticError) as error:
        raise Refusal(Kind.UNREADABLE, f"the quote of {symbol} cannot be read: {error!r}") from None


def _freshness(promised: Freshness, *, delayed: bool) -> Freshness:
    """The freshness of a GLOBAL_QUOTE. `delayed`: the answer itself says that its data are 15 minutes old."""
    if delayed:
        return Freshness.DELAYED
    # Delayed data say so in the answer. Without that the key was not entitled, and got the last close.
    return Freshness.END_OF_DAY if promised is Freshness.DELAYED else promised


def _bulk(
    answer: Mapping[str, Any], symbols: Sequence[str], promised: Freshness, note: Note
) -> list[Observation]:
    rows = answer.get("data")
    message = answer.get("message")
    if isinstance(message, str) and message.lower() != "success":
        # Sample data come with another message. They must never pass for quotes.
        raise Refusal(classify(message), message)
    if not isinstance(rows, list):
        raise Refusal(Kind.UNREADABLE, f"no data among the keys {sorted(answer)[:5]}")
    wanted = {_plain(symbol): symbol for symbol in symbols}
    found: dict[str, Observation] = {}
    for row in rows:
        symbol = wanted.get(_plain(str(row.get("symbol", "")))) if isinstance(row, dict) else None
        if symbol is None:
            note("a row of no symbol that was asked for")
        elif seen := _bulk_row(row, symbol, promised, note):
            found.setdefault(symbol, seen)
    return list(found.values())


def _bulk_row(row: Mapping[str, Any], symbol: str, promised: Freshness, note: Note) -> Observation | None:
    try:
        return _seen(row, symbol, promised, note)
    except (KeyError, ValueError, ArithmeticError) as error:
        # A date near the year 10000 overflows in another zone. The row costs no other.
        note(f"the row of {symbol}: {error!r}")
        return None


def _seen(row: Mapping[str, Any], symbol: str, promised: Freshness, note: Note) -> Observation:
    stamp = datetime.fromisoformat(str(row["timestamp"]).strip())
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=NEW_YORK)
    return Observation(
        symbol=symbol,
        price=price(row["close"]),
        open=maybe(optional_price, row, "open", note),
        high=maybe(optional_price, row, "high", note),
        low=maybe(optional_price, row, "low", note),
        previous_close=maybe(optional_price, row, "previous_close", note),
        volume=maybe(volume, row, "volume", note),
        trading_day=stamp.astimezone(NEW_YORK).date(),
        quoted_at=stamp.astimezone(UTC),
        freshness=promised,
    )


def number(text: object) -> Decimal | None:
    """The number in a value, without a percent sign. None where there is none ("", "None", "-").

    Raises ValueError for other text.
    """
    cleaned = str(text if text is not None else "").strip().removesuffix("%").strip()
    if len(cleaned) > MOST_DIGITS:
        raise ValueError(f"{cleaned[:20]}... has {len(cleaned)} characters")
    if cleaned.lower() in _NO_NUMBER:
        return None
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"{cleaned[:20]!r} is no number") from None
    if not value.is_finite():
        raise ValueError(f"{cleaned[:20]} is no number")
    return value


def price(text: object) -> Decimal:
    """A price in a value. Raises ValueError where there is none."""
    value = number(text)
    # A price of 0 is how a missing one has been seen.
    if value is None or not _is_positive(value):
        raise ValueError(f"{str(text)[:20]!r} is no price")
    return value


def optional_price(text: object) -> Decimal | None:
    """A price in a value, None where there is none. Raises ValueError for anything else."""
    # A price of 0 is how a missing one has been seen.
    return price(text) if number(text) else None


def maybe(read: Callable[[object], T | None], row: Mapping[str, Any], name: str, note: Note) -> T | None:
    """A field that the record may lack. None where it cannot be read, too, which is noted."""
    try:
        return read(row.get(name))
    except (ValueError, ArithmeticError) as error:
        note(f"the field {name}: {error}")
        return None


def _is_positive(value: Decimal) -> bool:
    """Whether it is a price above 0 with the six decimals that every stage has."""
    return is_price(value) and rounded(value)[0] > 0


def volume(text: object) -> int | None:
    """A volume in a value, None where there is none. Raises ValueError for anything else."""
    value = number(text)
    if value is None:
        return None
    if not 0 <= value <= VOLUME_LIMIT:
        raise ValueError(f"{str(text)[:20]!r} is no volume")
    return int(value)


def is_same(one: str, other: str) -> bool:
    """Whether two symbols are the same but for their punctuation."""
    return _plain(one) == _plain(other)


def _plain(symbol: str) -> str:
    """A symbol without punctuation: share classes are written as BRK.B and as BRK-B."""
    return _NOT_PLAIN.sub("", symbol.upper())

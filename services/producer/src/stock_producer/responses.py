"""Alpha Vantage's answers as observations. Pure: bytes in, observations or a Refusal out.

All values are strings, with percent signs, blanks and words where a number is missing. GLOBAL_QUOTE has no time of day; the
timestamps of REALTIME_BULK_QUOTES are New York's without saying so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from stock_common.records import PRICE_LIMIT, VOLUME_LIMIT
from stock_producer.refusals import Kind, Refusal, classify

NEW_YORK = ZoneInfo("America/New_York")
BULK_SIZE = 100
"""Symbols a bulk call; the vendor passes over any beyond."""
_MESSAGES = ("Information", "Note", "Error Message")
_NOT_PLAIN = re.compile(r"[^A-Z0-9]")


class Endpoint(StrEnum):
    """The API's functions that give quotes, bars and matches; also the quote's `endpoint`."""

    GLOBAL_QUOTE = "GLOBAL_QUOTE"
    BULK = "REALTIME_BULK_QUOTES"
    DAILY = "TIME_SERIES_DAILY"
    DAILY_ADJUSTED = "TIME_SERIES_DAILY_ADJUSTED"
    INTRADAY = "TIME_SERIES_INTRADAY"
    SEARCH = "SYMBOL_SEARCH"


class Request(NamedTuple):
    """One call: up to 100 symbols in bulk, else one. `parameters`: the series' own."""

    endpoint: Endpoint
    symbols: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()


class Observed(NamedTuple):
    """What an answer says of one symbol. `delayed`: the answer itself says that its data are 15 minutes old."""

    symbol: str
    price: Decimal
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    previous_close: Decimal | None
    volume: int | None
    trading_day: date
    quoted_at: datetime | None
    delayed: bool


def observations(request: Request, body: bytes) -> list[Observed]:
    """The observations in the answer to `request`; of a bulk answer those that can be read, the others are simply not there.

    Raises Refusal: SYMBOL for a symbol that GLOBAL_QUOTE does not know, UNREADABLE for a body of another shape, and what the body says.
    """
    found = document(body)
    if request.endpoint is Endpoint.BULK:
        return _bulk(found, request.symbols)
    return [_global_quote(found, request.symbols[0])]


def document(body: bytes) -> dict[str, Any]:
    """The body's JSON object. Raises Refusal for what is none, and for a message instead of data."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        shown = "empty" if not body.strip() else "HTML" if body.lstrip()[:1] == b"<" else "cut off or no JSON"
        raise Refusal(Kind.UNREADABLE, f"the body is {shown} ({len(body)} bytes)") from None
    if not isinstance(found, dict):
        raise Refusal(Kind.UNREADABLE, f"the body is a JSON {type(found).__name__}")
    for name in _MESSAGES:
        if isinstance(found.get(name), str):
            raise Refusal(classify(found[name]), found[name])
    return found


def _global_quote(answer: Mapping[str, Any], symbol: str) -> Observed:
    # The top key changes with the entitlement: "Global Quote - DATA DELAYED BY 15 MINUTES".
    top = next((key for key in answer if key.startswith("Global Quote")), None)
    fields = answer.get(top) if top else None
    if top is None or not isinstance(fields, dict):
        raise Refusal(Kind.UNREADABLE, f"no quote among the keys {sorted(answer)[:5]}")
    if not any(fields.values()):
        raise Refusal(Kind.SYMBOL, f"the quote of {symbol} is empty")
    if not _same(str(fields.get("01. symbol", "")), symbol):
        raise Refusal(Kind.UNREADABLE, f"asked for {symbol}, the answer is about another symbol")
    try:
        return Observed(
            symbol,
            price(fields["05. price"]),
            _optional_price(fields.get("02. open")),
            _optional_price(fields.get("03. high")),
            _optional_price(fields.get("04. low")),
            _optional_price(fields.get("08. previous close")),
            volume(fields.get("06. volume")),
            date.fromisoformat(str(fields["07. latest trading day"]).strip()),
            None,
            "DELAYED" in top.upper(),
        )
    except (KeyError, ValueError) as error:
        raise Refusal(Kind.UNREADABLE, f"the quote of {symbol} cannot be read: {error!r}") from None


def _bulk(answer: Mapping[str, Any], symbols: Sequence[str]) -> list[Observed]:
    rows = answer.get("data")
    message = answer.get("message")
    if isinstance(message, str) and message.lower() != "success":
        # Sample data come with a message of their own: never take them for quotes.
        raise Refusal(classify(message), message)
    if not isinstance(rows, list):
        raise Refusal(Kind.UNREADABLE, f"no data among the keys {sorted(answer)[:5]}")
    wanted = {_plain(symbol): symbol for symbol in symbols}
    found: dict[str, Observed] = {}
    for row in rows:
        symbol = wanted.get(_plain(str(row.get("symbol", "")))) if isinstance(row, dict) else None
        if symbol is None or symbol in found:
            continue
        try:
            found[symbol] = _bulk_row(row, symbol)
        except (KeyError, ValueError):
            continue
    return list(found.values())


def _bulk_row(row: Mapping[str, Any], symbol: str) -> Observed:
    stamp = datetime.fromisoformat(str(row["timestamp"]).strip())
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=NEW_YORK)
    return Observed(
        symbol,
        price(row["close"]),
        _optional_price(row.get("open")),
        _optional_price(row.get("high")),
        _optional_price(row.get("low")),
        _optional_price(row.get("previous_close")),
        volume(row.get("volume")),
        stamp.astimezone(NEW_YORK).date(),
        stamp.astimezone(UTC),
        False,
    )


def number(text: object) -> Decimal | None:
    """The number in a value: None where there is none ("", "None", "-"); a percent sign is dropped. Raises ValueError for other text."""
    cleaned = str(text if text is not None else "").strip().removesuffix("%").strip()
    if cleaned.lower() in ("", "-", "none", "null", "n/a", "nan", "."):
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
    if value is None or not 0 < value < PRICE_LIMIT:
        raise ValueError(f"{str(text)[:20]!r} is no price")
    return value


def _optional_price(text: object) -> Decimal | None:
    value = number(text)
    return value if value is not None and 0 < value < PRICE_LIMIT else None


def volume(text: object) -> int | None:
    """A volume in a value. Raises ValueError for text that is no number."""
    value = number(text)
    return int(value) if value is not None and 0 <= value <= VOLUME_LIMIT else None


def _plain(symbol: str) -> str:
    return _NOT_PLAIN.sub("", symbol.upper())


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)

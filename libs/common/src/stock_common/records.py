"""The records on the topics, as JSON: quote, alert and bar. The contract of design.md, in one place.

Fields are only ever added. Unknown fields are ignored (`unknown_fields` names them, so that they can be counted).
Decimal fields are JSON numbers; times are RFC 3339 with an offset; an absent value is null, never an empty string.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

PRICE_LIMIT = Decimal(10) ** 12
"""Prices are below this: NUMBER(18,6) holds 12 digits before the point."""
PRICE_STEP = Decimal("0.000001")
VOLUME_LIMIT = 2**63 - 1

Text = Annotated[str, Meta(min_length=1, max_length=32)]
Symbol = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Z0-9][A-Z0-9.\-]*$")]
EventId = Annotated[str, Meta(min_length=36, max_length=36)]
Instant = Annotated[datetime, Meta(tz=True)]
Volume = Annotated[int, Meta(ge=0, le=VOLUME_LIMIT)]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """One observation of one symbol. `volume` is cumulative over the trading day: an interval's volume is a difference.

    `event_id` is the UUIDv5 of what was observed (source, endpoint, symbol, fetched_at), the same on a resend.
    `quoted_at` is the provider's time, None where it gives none; `fetched_at` is when the response arrived.
    """

    event_id: EventId
    symbol: Symbol
    price: Decimal
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    previous_close: Decimal | None = None
    volume: Volume | None = None
    trading_day: date
    quoted_at: Instant | None = None
    fetched_at: Instant
    source: Text
    endpoint: Text
    entitlement: Text | None = None
    session: Text | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's crossing. `event_id` is the quote's that caused it; `reference` and `threshold` are in the rule's own unit."""

    alert_id: EventId
    rule: Text
    symbol: Symbol
    price: Decimal
    reference: Decimal | None = None
    threshold: Decimal | None = None
    direction: Text | None = None
    severity: Text
    session: Text | None = None
    triggered_at: Instant
    event_id: EventId
    message: Annotated[str, Meta(min_length=1, max_length=512)]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's own bar; `volume` is the bar's own.

    `starts_at` is UTC; a daily bar starts at 00:00 UTC of its trading day. (Not `start`: that is a reserved word in Snowflake.)
    """

    event_id: EventId
    symbol: Symbol
    interval: Text
    starts_at: Instant
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Volume | None = None
    adjusted: bool = False
    source: Text
    fetched_at: Instant


Record = Quote | Alert | Bar
R = TypeVar("R", Quote, Alert, Bar)

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoders: dict[type, msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in (Quote, Alert, Bar)}
_fields = {kind: frozenset(field.encode_name for field in msgspec.structs.fields(kind)) for kind in _decoders}
_decimals = {kind: tuple(f.name for f in msgspec.structs.fields(kind) if f.type in (Decimal, Decimal | None)) for kind in _decoders}


class BadRecord(ValueError):
    """A value that the contract refuses. `reason` is a short constant for counting, the text says what is wrong."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def encode(record: Record) -> bytes:
    """The record as UTF-8 JSON."""
    return _encoder.encode(record)


def decode(value: bytes, kind: type[R]) -> R:
    """The record in a message's value. Raises BadRecord (reasons `empty`, `json`, `schema`, `range`)."""
    if not value:
        raise BadRecord("empty", "the message has no value")
    try:
        record = _decoders[kind].decode(value)
    except msgspec.ValidationError as error:
        raise BadRecord("schema", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecord("json", str(error)) from None
    for name in _decimals[kind]:
        number = getattr(record, name)
        if number is not None and not (number.is_finite() and abs(number) < PRICE_LIMIT):
            raise BadRecord("range", f"{name} is {number}: it must be finite and below 1e12")
    return record


def rounded(number: Decimal) -> tuple[Decimal, bool]:
    """The number with six decimals, and whether that changed it. Shape: NUMBER(18,6)."""
    cut = number.quantize(PRICE_STEP)
    return cut, cut != number


def unknown_fields(value: bytes, kind: type[Record]) -> frozenset[str]:
    """Names of top-level fields in the JSON object `value` that `kind` does not know. Empty for anything that is no object."""
    try:
        names = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return frozenset()
    return frozenset(names) - _fields[kind]

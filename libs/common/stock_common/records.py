"""The records on the topics, as JSON: quote, alert and bar. This is the contract, in one place.

Fields are only ever added. Unknown fields are ignored, and `unknown_fields` names them for counting.
Decimal fields are JSON numbers. Times are RFC 3339 with an offset. An absent value is null, never "".
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from stock_common import domain, symbols

VOLUME_LIMIT = domain.INTEGER_LIMIT - 1

Text = Annotated[str, Meta(min_length=1, max_length=32, pattern=domain.NAME)]
Symbol = Annotated[
    str, Meta(min_length=1, max_length=symbols.MOST_CHARACTERS, pattern=rf"^{symbols.PATTERN}\Z")
]
EventId = Annotated[str, Meta(min_length=36, max_length=36)]
Instant = Annotated[datetime, Meta(tz=True)]
Volume = Annotated[int, Meta(ge=0, le=VOLUME_LIMIT)]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """One observation of one symbol.

    event_id: the UUIDv5 of the source, endpoint, symbol and fetched_at, so it is the same on a resend.
    volume: cumulative over the trading day, so an interval's volume is a difference.
    quoted_at: the provider's time, None where it gives none.
    fetched_at: when the response arrived.
    currency: of the prices, GBX for pence. None in records from before the field, and where it is not known.
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
    currency: Text | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's crossing. `event_id` is the quote's. `reference` and `threshold` are in the rule's unit."""

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
    message: Annotated[str, Meta(min_length=1, max_length=512, pattern=domain.PRINTABLE)]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's bar. `volume` is the volume in this bar alone.

    `starts_at` is UTC. A daily bar starts at 00:00 UTC of its trading day. (Snowflake reserves `start`.)
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
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Quote, Alert, Bar)
}
_fields = {kind: frozenset(field.encode_name for field in msgspec.structs.fields(kind)) for kind in _decoders}


def encode(record: Record) -> bytes:
    """The record as UTF-8 JSON."""
    return _encoder.encode(record)


def decode(value: bytes, kind: type[R]) -> R:
    """The record in a message's value. Raises domain.BadMessage."""
    return domain.decode(_decoders[kind], value)


def unknown_fields(value: bytes, kind: type[Record]) -> frozenset[str]:
    """Top-level fields of the JSON object `value` that `kind` does not know, none for any other value."""
    try:
        names = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return frozenset()
    return frozenset(names) - _fields[kind]

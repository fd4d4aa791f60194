"""Ids of quotes, bars and alerts: UUIDv5 of what was observed, so that the same event has the same id however often it is sent. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

_QUOTE = uuid.UUID("6f1a3c1e-8a0e-5b5d-9c55-0d8a5a6a2f10")
_BAR = uuid.UUID("0b4c9d4e-6f4b-5a3a-9a53-7be1f7f3b9d2")
_ALERT = uuid.UUID("1d0a6c52-5b5b-5f0e-8f0c-9f2f0d3a7b61")


def quote_id(source: str, endpoint: str, symbol: str, fetched_at: datetime) -> str:
    """One answer's quote of a symbol."""
    return _id(_QUOTE, source, endpoint, symbol, fetched_at.isoformat())


def bar_id(source: str, symbol: str, interval: str, starts_at: datetime, prices: Iterable[Decimal], volume: int | None, *, adjusted: bool) -> str:
    """A bar's place and its values: the same bar fetched again, by whichever of the vendor's functions, is the same event and hidden as
    resent; a corrected one is a new event, so that it reaches the views, which take the last fetched."""
    values = (f"{price.normalize():f}" for price in prices)
    return _id(_BAR, source, symbol, interval, starts_at.isoformat(), "adjusted" if adjusted else "raw", *values, volume)


def alert_id(rule: str, event_id: str) -> str:
    """A rule's crossing by the quote `event_id`."""
    return _id(_ALERT, rule, event_id)


def _id(namespace: uuid.UUID, *parts: object) -> str:
    return str(uuid.uuid5(namespace, "|".join(map(str, parts))))

"""Ids of quotes, bars and alerts: UUIDv5 of what was observed.

The same event always has the same id. Pure.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from stock_producer.vendor.base import PriceBar

_QUOTE = uuid.UUID("6f1a3c1e-8a0e-5b5d-9c55-0d8a5a6a2f10")
_BAR = uuid.UUID("0b4c9d4e-6f4b-5a3a-9a53-7be1f7f3b9d2")
_ALERT = uuid.UUID("1d0a6c52-5b5b-5f0e-8f0c-9f2f0d3a7b61")


def quote_id(source: str, endpoint: str, symbol: str, fetched_at: datetime) -> str:
    """One answer's quote of a symbol."""
    return _id(_QUOTE, source, endpoint, symbol, fetched_at.isoformat())


def bar_id(bar: PriceBar, source: str, *, adjusted: bool) -> str:
    """A bar's place and its values.

    The same bar fetched again, from whichever endpoint, is the same event, and the views hide it as sent
    twice. A corrected bar is a new event, so that it reaches the views, which take the last fetched.
    """
    values = (f"{price.normalize():f}" for price in (bar.open, bar.high, bar.low, bar.close))
    label = "adjusted" if adjusted else "raw"
    place = (source, bar.symbol, bar.interval, bar.starts_at.isoformat(), label)
    return _id(_BAR, *place, *values, bar.volume)


def alert_id(rule: str, event_id: str) -> str:
    """A rule's crossing by the quote `event_id`."""
    return _id(_ALERT, rule, event_id)


def _id(namespace: uuid.UUID, *parts: object) -> str:
    return str(uuid.uuid5(namespace, "|".join(map(str, parts))))

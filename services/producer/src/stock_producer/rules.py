"""Alert rules. Each is a pure function of its own state of a symbol and a quote; the engine (`alerting`) keeps the states."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Protocol

import msgspec

from stock_common.records import Alert, Quote

_NAMESPACE = uuid.UUID("1d0a6c52-5b5b-5f0e-8f0c-9f2f0d3a7b61")
CENT = Decimal("0.01")
HYSTERESIS = Decimal("0.1")
"""A rule is armed again once the move is a tenth of the threshold below it: a price at the threshold does not raise alert after alert."""


class Rule(Protocol):
    """A rule that watches one symbol at a time."""

    @property
    def name(self) -> str:
        """At most 32 characters; the alert's `rule` and the key of its states."""
        ...

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The state after `quote`, in the rule's own encoding, and the alert of a crossing. `state` None: the symbol is new."""
        ...


def alert_id(rule: str, quote: Quote) -> str:
    """UUIDv5 of the rule and the quote that caused it."""
    return str(uuid.uuid5(_NAMESPACE, f"{rule}|{quote.event_id}"))


class MoveState(msgspec.Struct, frozen=True):
    """`side`: beyond the threshold on that day, `up` or `down`; empty: armed."""

    trading_day: date
    side: str = ""


class MoveAgainstClose:
    """The price has moved by `percent` or more against the previous close: one alert a crossing, a side and a trading day."""

    name = "move"

    def __init__(self, percent: Decimal) -> None:
        self._percent = percent
        self._rearm = percent * (1 - HYSTERESIS)
        self._decoder = msgspec.json.Decoder(MoveState)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The rule, see the class. Quotes without a previous close, and of an older trading day than the last, change nothing."""
        if not quote.previous_close or quote.previous_close <= 0:
            return state, None
        before = self._decoder.decode(state) if state else MoveState(quote.trading_day)
        if quote.trading_day < before.trading_day:
            return state, None
        move = (quote.price / quote.previous_close - 1) * 100
        side = before.side if before.trading_day == quote.trading_day else ""
        crossed = ""
        if abs(move) >= self._percent:
            crossed = "up" if move > 0 else "down"
        elif (side == "up" and move >= self._rearm) or (side == "down" and move <= -self._rearm):
            crossed = side
        after = msgspec.json.encode(MoveState(quote.trading_day, crossed))
        return after, self._alert(quote, move, crossed) if crossed and crossed != side else None

    def _alert(self, quote: Quote, move: Decimal, direction: str) -> Alert:
        moved = f"{'risen' if direction == 'up' else 'fallen'} by {abs(move).quantize(CENT)} %"
        return Alert(
            alert_id=alert_id(self.name, quote),
            rule=self.name,
            symbol=quote.symbol,
            price=quote.price,
            reference=quote.previous_close,
            threshold=self._percent,
            direction=direction,
            severity="warning",
            session=quote.session,
            triggered_at=quote.quoted_at or quote.fetched_at,
            event_id=quote.event_id,
            message=f"{quote.symbol} has {moved} against the previous close, from {quote.previous_close} to {quote.price}.",
        )

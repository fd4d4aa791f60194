"""Alert rules. Each is a pure function of its own state of a symbol and a quote; the engine (`alerting`) keeps the states."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from stock_common.records import Alert, Quote
from stock_producer.ids import alert_id

CENT = Decimal("0.01")
HYSTERESIS = Decimal(10)
"""Percent of the threshold: a price at the threshold does not raise alert after alert."""
PRICE_HYSTERESIS = Decimal("0.5")
WARNING = "warning"


class Rule(Protocol):
    """A rule that watches one symbol at a time."""

    @property
    def name(self) -> str:
        """At most 32 characters; the alert's `rule` and the key of its states."""
        ...

    @property
    def end_of_day(self) -> bool:
        """Whether it also judges end-of-day data."""
        ...

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The state after `quote`, in the rule's own encoding, and the alert of a crossing. `state` None: the symbol is new."""
        ...


def observed_at(quote: Quote) -> datetime:
    return quote.quoted_at or quote.fetched_at


def alert(rule: str, severity: str, quote: Quote, reference: Decimal | None, threshold: Decimal, direction: str, message: str) -> Alert:
    """The alert that `quote` causes."""
    return Alert(
        alert_id=alert_id(rule, quote.event_id),
        rule=rule,
        symbol=quote.symbol,
        price=quote.price,
        reference=reference,
        threshold=threshold,
        direction=direction,
        severity=severity,
        session=quote.session,
        triggered_at=observed_at(quote),
        event_id=quote.event_id,
        message=message,
    )


def side_of(value: Decimal, threshold: Decimal, rearm: Decimal, before: str) -> str:
    """`up` or `down` beyond ±`threshold`, and still so until back within ±`rearm`; empty between."""
    if abs(value) >= threshold:
        return "up" if value > 0 else "down"
    still = (before == "up" and value >= rearm) or (before == "down" and value <= -rearm)
    return before if still else ""


class MoveState(msgspec.Struct, frozen=True):
    """`side`: beyond the threshold on that day, `up` or `down`; empty: armed."""

    trading_day: date
    side: str = ""


class MoveAgainstClose:
    """The price has moved by `percent` or more against the previous close: one alert a crossing, a side and a trading day."""

    end_of_day = True

    def __init__(self, percent: Decimal, name: str = "move", severity: str = WARNING, hysteresis: Decimal = HYSTERESIS) -> None:
        self.name = name
        self._severity = severity
        self._percent = percent
        self._rearm = percent * (1 - hysteresis / 100)
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
        crossed = side_of(move, self._percent, self._rearm, side)
        after = msgspec.json.encode(MoveState(quote.trading_day, crossed))
        if not crossed or crossed == side:
            return after, None
        moved = f"{'risen' if crossed == 'up' else 'fallen'} by {abs(move).quantize(CENT)} %"
        text = f"{quote.symbol} has {moved} against the previous close, from {quote.previous_close} to {quote.price}."
        return after, alert(self.name, self._severity, quote, quote.previous_close, self._percent, crossed, text)


class PriceCrossing:
    """The price has crossed `price`. The first quote only says on which side it is."""

    end_of_day = True

    def __init__(self, price: Decimal, name: str = "price", severity: str = WARNING, hysteresis: Decimal = PRICE_HYSTERESIS) -> None:
        self.name = name
        self._severity = severity
        self._price = price
        self._margin = price * hysteresis / 100

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """State: the side, `up` or `down`, that was last alerted about. One alert a crossing; the way back counts once it is beyond the margin."""
        side = state.decode() if state else ""
        above = quote.price >= self._price
        if not side:
            return (b"up" if above else b"down"), None
        # The way down counts below the margin only: a price that hovers at the threshold crosses it once.
        crossed = quote.price < self._price - self._margin if side == "up" else above
        if not crossed:
            return state, None
        now = "down" if side == "up" else "up"
        text = f"{quote.symbol} has {'risen' if now == 'up' else 'fallen'} through {self._price}, to {quote.price}."
        return now.encode(), alert(self.name, self._severity, quote, None, self._price, now, text)

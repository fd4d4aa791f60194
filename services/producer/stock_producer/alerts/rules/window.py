"""The rule move_within."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import (
    HYSTERESIS,
    Crossing,
    Hysteresis,
    Minutes,
    Name,
    Percent,
    Rule,
    moved,
    observed_at,
    rearm_at,
    side_of,
    spoken,
)

BUCKETS = 30
"""A window's prices are kept as so many ranges. States stay small, and the window is exact to a thirtieth."""
Ranges = list[tuple[float, Decimal, Decimal]]
"""(start of the bucket in seconds since 1970, lowest price, highest price), oldest first."""


class WindowState(msgspec.Struct, frozen=True):
    trading_day: date
    side: str
    ranges: list[tuple[float, Decimal, Decimal]]


_DECODER = msgspec.json.Decoder(WindowState)


class MoveWithin(Rule):
    """The price has moved by `percent` or more from a price of the last `minutes` of the same trading day."""

    type: Literal["move_within"] = "move_within"
    name: Name = "move-within"
    percent: Percent
    minutes: Minutes
    hysteresis_percent: Hysteresis = HYSTERESIS

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates. A quote older than the last, or without a price above 0, changes nothing."""
        if quote.price <= 0:
            return state, None
        before = _before(state, quote)
        at, seconds = observed_at(quote).timestamp(), self.minutes * 60
        if quote.trading_day < before.trading_day or (before.ranges and at < before.ranges[-1][0]):
            return state, None
        ranges = [item for item in before.ranges if item[0] > at - seconds]
        move, reference = _largest_move(ranges, quote.price)
        side = side_of(move, self.percent, rearm_at(self.percent, self.hysteresis_percent), before.side)
        held = _extended(ranges, at, quote.price, seconds / BUCKETS)
        after = msgspec.json.encode(WindowState(quote.trading_day, side, held))
        if not side or side == before.side:
            return after, None
        text = (
            f"{quote.symbol} has {moved(side, move)} within {self.minutes} minutes, "
            f"from {spoken(reference)} to {spoken(quote.price)}."
        )
        return after, self.alert(quote, Crossing(reference, self.percent, side, text))


def _before(state: bytes | None, quote: Quote) -> WindowState:
    """The state before the quote. Each trading day begins with an empty one."""
    empty = WindowState(quote.trading_day, "", [])
    before = _DECODER.decode(state) if state else empty
    return empty if before.trading_day < quote.trading_day else before


def _largest_move(ranges: Ranges, price: Decimal) -> tuple[Decimal, Decimal]:
    """The larger of the rise from the lowest and the fall from the highest price, in percent.

    The second value is that lowest or highest price.
    """
    low = min((item[1] for item in ranges), default=price)
    high = max((item[2] for item in ranges), default=price)
    rise, fall = (price / low - 1) * 100, (price / high - 1) * 100
    return (rise, low) if rise >= -fall else (fall, high)


def _extended(ranges: Ranges, at: float, price: Decimal, width: float) -> Ranges:
    """The ranges with the price, in the last bucket while that is younger than `width` seconds."""
    if not ranges or at >= ranges[-1][0] + width:
        return [*ranges, (at, price, price)]
    start, lowest, highest = ranges[-1]
    return [*ranges[:-1], (start, min(lowest, price), max(highest, price))]

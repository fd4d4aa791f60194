"""The rule move_against_close."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from stock_common.domain import rounded
from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import (
    HYSTERESIS,
    Crossing,
    Hysteresis,
    Name,
    Percent,
    Rule,
    moved,
    rearm_at,
    side_of,
    spoken,
)


class MoveState(msgspec.Struct, frozen=True):
    """`side`: beyond the threshold on that day, `up` or `down`. Empty: armed."""

    trading_day: date
    side: str = ""


SPLITS = tuple(map(Decimal, (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100)))
"""New shares for an old one, as splits usually are."""
SPLIT_MARGIN = Decimal("0.04")
"""How far the price may have moved besides, as a part of it."""
_DECODER = msgspec.json.Decoder(MoveState)


class MoveAgainstClose(Rule):
    """The price has moved by `percent` or more against the previous close.

    One alert a crossing, a side and a trading day.
    """

    type: Literal["move_against_close"] = "move_against_close"
    name: Name = "move"
    percent: Percent
    hysteresis_percent: Hysteresis = HYSTERESIS

    @property
    def end_of_day(self) -> bool:
        """Moves and crossings are those of closing prices, too."""
        return True

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates.

        A quote without a previous close changes nothing, and neither does one of an older day.
        """
        if not quote.previous_close or rounded(quote.previous_close)[0] <= 0:
            return state, None
        before = _DECODER.decode(state) if state else MoveState(quote.trading_day)
        if quote.trading_day < before.trading_day:
            return state, None
        move = (quote.price / quote.previous_close - 1) * 100
        side = before.side if before.trading_day == quote.trading_day else ""
        crossed = side_of(move, self.percent, rearm_at(self.percent, self.hysteresis_percent), side)
        after = msgspec.json.encode(MoveState(quote.trading_day, crossed))
        if not crossed or crossed == side:
            return after, None
        text = (
            f"{quote.symbol} has {moved(crossed, move)} against the previous close, "
            f"from {spoken(quote.previous_close)} to {spoken(quote.price)}."
        )
        split = looks_like_split(quote.previous_close, quote.price)
        if split:
            text = f"{text} This looks like a split of {split}."
        alert = self.alert(quote, Crossing(quote.previous_close, self.percent, crossed, text))
        return after, msgspec.structs.replace(alert, severity="info") if split else alert


def looks_like_split(before: Decimal, after: Decimal) -> str:
    """New shares for old ones (`10:1`) when the two prices are about that far apart. Empty: they are not."""
    before, after = rounded(before)[0], rounded(after)[0]
    if min(before, after) <= 0:
        return ""
    ratio = before / after if after < before else after / before
    nearest = min(SPLITS, key=lambda split: abs(ratio / split - 1))
    if abs(ratio / nearest - 1) > SPLIT_MARGIN:
        return ""
    return f"{nearest}:1" if after < before else f"1:{nearest}"

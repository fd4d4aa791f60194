"""The rule price_crossing."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import Crossing, Hysteresis, Name, Rule, spoken

PRICE_HYSTERESIS = Decimal("0.5")


class PriceCrossing(Rule):
    """The price has crossed `price`. The first quote only shows on which side it is."""

    type: Literal["price_crossing"] = "price_crossing"
    name: Name = "price"
    price: Decimal = Field(gt=0, lt=10**12)
    # A model that is frozen may narrow a field.
    symbols: list[str] = Field(min_length=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    hysteresis_percent: Hysteresis = PRICE_HYSTERESIS

    @property
    def end_of_day(self) -> bool:
        """Moves and crossings are those of closing prices, too."""
        return True

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates. The state is the side, `up` or `down`, that was last alerted about."""
        side = state.decode() if state else ""
        above = quote.price >= self.price
        if not side:
            return (b"up" if above else b"down"), None
        # The way down counts below the margin only: a price that hovers at the threshold crosses it once.
        margin = self.price * self.hysteresis_percent / 100
        crossed = quote.price < self.price - margin if side == "up" else above
        if not crossed:
            return state, None
        now = "down" if side == "up" else "up"
        verb = "risen" if now == "up" else "fallen"
        text = f"{quote.symbol} has {verb} through {spoken(self.price)}, to {spoken(quote.price)}."
        return now.encode(), self.alert(quote, Crossing(None, self.price, now, text))

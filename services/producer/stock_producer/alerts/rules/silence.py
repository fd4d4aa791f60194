"""The rule silence."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import Crossing, Minutes, Name, Rule


class SilenceState(msgspec.Struct, frozen=True):
    """The last quote, and whether its silence was alerted about."""

    quote: Quote
    alerted: bool = False


_DECODER = msgspec.json.Decoder(SilenceState)


class Silence(Rule):
    """No quote for `minutes` while the market trades. One alert a silence."""

    type: Literal["silence"] = "silence"
    name: Name = "silence"
    minutes: Minutes
    # A silence has one alert anyway. A model that is frozen may narrow a field.
    cooldown_minutes: Literal[0] = 0  # pyright: ignore[reportIncompatibleVariableOverride]

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """Remembers the quote. It never alerts."""
        return msgspec.json.encode(SilenceState(quote)), None

    def overdue(self, state: bytes, now: datetime, since: datetime) -> tuple[bytes, Alert | None]:
        """The alert when nothing has come since the last quote, or since the market's opening at `since`."""
        held = _DECODER.decode(state)
        # A clock that was set back must not leave the last quote in the future.
        silent = now - max(min(held.quote.fetched_at, now), min(since, now))
        if held.alerted or silent < timedelta(minutes=self.minutes):
            return state, None
        minutes = int(silent.total_seconds() // 60)
        text = f"{held.quote.symbol} has had no quote for {minutes} minutes while its market trades."
        raised = self.alert(held.quote, Crossing(None, Decimal(self.minutes), "none", text))
        alert = msgspec.structs.replace(raised, triggered_at=now, session="regular")
        return msgspec.json.encode(SilenceState(held.quote, True)), alert

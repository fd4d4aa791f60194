"""The field cooldown_minutes, which any rule may have."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import Evaluates, observed_at


class CooldownState(msgspec.Struct, frozen=True):
    inner: str
    alerted_at: datetime | None


_DECODER = msgspec.json.Decoder(CooldownState)


class Cooldown:
    """A rule that is silent about a symbol for `minutes` after an alert about it.

    Crossings in that time raise no alert, then or later.
    """

    def __init__(self, rule: Evaluates, minutes: int) -> None:
        self.name = rule.name
        self.end_of_day = rule.end_of_day
        self._rule = rule
        self._minutes = minutes

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates."""
        before = _DECODER.decode(state) if state else CooldownState("", None)
        inner, raised = self._rule.evaluate(before.inner.encode() or None, quote)
        at = observed_at(quote)
        if raised and before.alerted_at and at < before.alerted_at + timedelta(minutes=self._minutes):
            raised = None
        after = CooldownState(inner.decode() if inner else "", at if raised else before.alerted_at)
        return msgspec.json.encode(after), raised

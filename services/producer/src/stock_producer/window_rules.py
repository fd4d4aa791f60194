"""Alert rules over time: a move within minutes, a volume spike, silence; and the cooldown, which any rule can have."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from stock_common.records import Alert, Quote
from stock_producer.responses import NEW_YORK
from stock_producer.rules import CENT, HYSTERESIS, WARNING, Rule, alert, observed_at, side_of

BUCKETS = 30
"""A window's prices are kept as so many ranges: states stay small, the window is exact to a thirtieth."""
SLOT_MINUTES = 15
LEAST_DAYS = 3
"""Days with volume in a slot before its average says anything."""


class WindowState(msgspec.Struct, frozen=True):
    """`ranges`: (start of the bucket in seconds since 1970, lowest, highest price), oldest first."""

    trading_day: date
    side: str
    ranges: list[tuple[float, Decimal, Decimal]]


class MoveWithin:
    """The price has moved by `percent` or more from a price of the last `minutes` of the same trading day."""

    end_of_day = False

    def __init__(self, percent: Decimal, minutes: int, name: str = "move-within", severity: str = WARNING, hysteresis: Decimal = HYSTERESIS) -> None:
        self.name = name
        self._severity = severity
        self._percent = percent
        self._minutes = minutes
        self._rearm = percent * (1 - hysteresis / 100)
        self._decoder = msgspec.json.Decoder(WindowState)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The rule, see the class. A quote older than the last changes nothing."""
        before = self._decoder.decode(state) if state else WindowState(quote.trading_day, "", [])
        if before.trading_day < quote.trading_day:
            before = WindowState(quote.trading_day, "", [])
        at, width = observed_at(quote).timestamp(), self._minutes * 60 / BUCKETS
        if quote.trading_day < before.trading_day or (before.ranges and at < before.ranges[-1][0]):
            return state, None
        ranges = [item for item in before.ranges if item[0] > at - self._minutes * 60]
        low = min((item[1] for item in ranges), default=quote.price)
        high = max((item[2] for item in ranges), default=quote.price)
        rise, fall = (quote.price / low - 1) * 100, (quote.price / high - 1) * 100
        move, reference = (rise, low) if rise >= -fall else (fall, high)
        side = side_of(move, self._percent, self._rearm, before.side)
        if ranges and at < ranges[-1][0] + width:
            start, lowest, highest = ranges.pop()
            ranges.append((start, min(lowest, quote.price), max(highest, quote.price)))
        else:
            ranges.append((at, quote.price, quote.price))
        after = msgspec.json.encode(WindowState(quote.trading_day, side, ranges))
        if not side or side == before.side:
            return after, None
        moved = f"{'risen' if side == 'up' else 'fallen'} by {abs(move).quantize(CENT)} % within {self._minutes} minutes"
        text = f"{quote.symbol} has {moved}, from {reference} to {quote.price}."
        return after, alert(self.name, self._severity, quote, reference, self._percent, side, text)


class VolumeState(msgspec.Struct, frozen=True):
    """`start`: the day's volume at the begin of `slot`; `averages`: slot → (days, average volume of the slot)."""

    trading_day: date
    slot: int
    start: int
    last: int
    alerted: bool
    averages: dict[int, tuple[int, float]]


class VolumeSpike:
    """A quarter of an hour has had `factor` times the volume that it has on average at that time of day, New York's, over `days` days."""

    end_of_day = False

    def __init__(self, factor: Decimal, days: int, name: str = "volume-spike", severity: str = WARNING) -> None:
        self.name = name
        self._severity = severity
        self._factor = factor
        self._days = days
        self._decoder = msgspec.json.Decoder(VolumeState)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The rule, see the class: one alert a quarter. Volumes of quotes are cumulative over the day; regular hours only."""
        if quote.volume is None or quote.session != "regular":
            return state, None
        local = observed_at(quote).astimezone(NEW_YORK)
        slot = (local.hour * 60 + local.minute) // SLOT_MINUTES
        before = self._decoder.decode(state) if state else VolumeState(quote.trading_day, slot, quote.volume, quote.volume, False, {})
        if quote.trading_day < before.trading_day:
            return state, None
        now = before
        if (quote.trading_day, slot) != (before.trading_day, before.slot):
            # The volume up to the slot's first quote is the slot's before: the quotes of a slot are all there is to know.
            start = before.last if quote.trading_day == before.trading_day else 0
            now = VolumeState(quote.trading_day, slot, start, quote.volume, False, self._learned(before))
        traded = max(0, quote.volume - now.start)
        days, average = now.averages.get(slot, (0, 0.0))
        spike = days >= LEAST_DAYS and average > 0 and traded >= float(self._factor) * average
        after = VolumeState(quote.trading_day, slot, now.start, max(now.last, quote.volume), now.alerted or spike, now.averages)
        if not spike or now.alerted:
            return msgspec.json.encode(after), None
        reference = Decimal(round(average))
        since = f"{slot // 4:02}:{slot % 4 * SLOT_MINUTES:02}"
        text = f"{quote.symbol} has traded {traded} since {since} in New York; {reference} is usual for that quarter of an hour."
        return msgspec.json.encode(after), alert(self.name, self._severity, quote, reference, self._factor, "up", text)

    def _learned(self, state: VolumeState) -> dict[int, tuple[int, float]]:
        days, average = state.averages.get(state.slot, (0, 0.0))
        days = min(days + 1, self._days)
        return state.averages | {state.slot: (days, average + (state.last - state.start - average) / days)}


class SilenceState(msgspec.Struct, frozen=True):
    """The last quote, and whether its silence was alerted about."""

    quote: Quote
    alerted: bool = False


class Silence:
    """No quote for `minutes` while the market trades. One alert a silence."""

    end_of_day = False

    def __init__(self, minutes: int, name: str = "silence", severity: str = WARNING) -> None:
        self.name = name
        self._severity = severity
        self._minutes = minutes
        self._decoder = msgspec.json.Decoder(SilenceState)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """Remembers the quote; never alerts."""
        return msgspec.json.encode(SilenceState(quote)), None

    def overdue(self, state: bytes, now: datetime, since: datetime) -> tuple[bytes, Alert | None]:
        """The alert when nothing has come since the last quote or `since`, the market's opening, whichever is later."""
        held = self._decoder.decode(state)
        silent = now - max(held.quote.fetched_at, since)
        if held.alerted or silent < timedelta(minutes=self._minutes):
            return state, None
        text = f"{held.quote.symbol} has had no quote for {int(silent.total_seconds() // 60)} minutes while its market trades."
        raised = alert(self.name, self._severity, held.quote, None, Decimal(self._minutes), "none", text)
        return msgspec.json.encode(SilenceState(held.quote, True)), msgspec.structs.replace(raised, triggered_at=now, session="regular")


class CooldownState(msgspec.Struct, frozen=True):
    inner: str
    alerted_at: datetime | None


class Cooldown:
    """`rule`, silent about a symbol for `minutes` after an alert about it. Crossings in that time are not made up for."""

    def __init__(self, rule: Rule, minutes: int) -> None:
        self.name = rule.name
        self.end_of_day = rule.end_of_day
        self._rule = rule
        self._minutes = minutes
        self._decoder = msgspec.json.Decoder(CooldownState)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The rule's own, see the class."""
        before = self._decoder.decode(state) if state else CooldownState("", None)
        inner, raised = self._rule.evaluate(before.inner.encode() or None, quote)
        at = observed_at(quote)
        if raised and before.alerted_at and at < before.alerted_at + timedelta(minutes=self._minutes):
            raised = None
        after = CooldownState(inner.decode() if inner else "", at if raised else before.alerted_at)
        return msgspec.json.encode(after), raised

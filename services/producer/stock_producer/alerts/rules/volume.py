"""The rule volume_spike."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec
from pydantic import Field

from stock_common import exchanges
from stock_common.exchanges import US
from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import Crossing, Name, Rule, observed_at

SLOT_MINUTES = 15
SLOTS_AN_HOUR = 60 // SLOT_MINUTES
LONGEST_GAP = 10
"""Minutes between the last quote of a quarter of an hour and the first one of the next, to know both."""
LATE_MINUTE = 10
"""A day's last quarter of an hour is known when its last quote is so late in it."""
LEAST_DAYS = 3
"""Days with volume in a slot before its average counts."""


class VolumeState(msgspec.Struct, frozen=True):
    """`start`: the day's volume at the begin of `slot`, which counts quarters of an hour from midnight.

    averages: slot → (days, average volume of the slot).
    whole: `start` is the volume at the slot's begin, and not that of an earlier time.
    minute: the last quote's, within the slot.
    zone: the slots' time zone. Slots of another one mean nothing.
    """

    trading_day: date
    slot: int
    start: int
    last: int
    alerted: bool
    averages: dict[int, tuple[int, float]]
    whole: bool = True
    minute: int = SLOT_MINUTES - 1
    zone: str = str(US.zone)

    def usual(self, slot: int) -> float:
        """The average volume of a slot. 0: too few days are known."""
        days, average = self.averages.get(slot, (0, 0.0))
        return average if days >= LEAST_DAYS else 0.0


class _Moment(NamedTuple):
    """When a quote is of, in its exchange's time zone. `opening`: the exchange opens with its slot."""

    day: date
    slot: int
    minute: int
    opening: bool

    @classmethod
    def of(cls, at: datetime, day: date, exchange: exchanges.Exchange) -> _Moment:
        local = at.astimezone(exchange.zone)
        slot, minute = divmod(local.hour * 60 + local.minute, SLOT_MINUTES)
        opens = (exchange.opens.hour * 60 + exchange.opens.minute) // SLOT_MINUTES
        return cls(day, slot, minute, slot == opens)


_DECODER = msgspec.json.Decoder(VolumeState)


class VolumeSpike(Rule):
    """A quarter of an hour has had `factor` times its average volume at that time of day over `days` days.

    The time of day is the exchange's. One alert a quarter of an hour. It is judged only when a quote of the
    minutes before it is known, or when the exchange opens with it.
    """

    type: Literal["volume_spike"] = "volume_spike"
    name: Name = "volume-spike"
    factor: Decimal = Field(gt=1, le=1_000)
    days: int = Field(default=10, ge=3, le=250)

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates. Volumes of quotes are cumulative over the day. Only regular hours count."""
        if quote.volume is None or quote.session != "regular":
            return state, None
        exchange = exchanges.of(quote.symbol)
        at = _Moment.of(observed_at(quote), quote.trading_day, exchange)
        before = _held(state, at, quote.volume, str(exchange.zone))
        if at.day < before.trading_day:
            return state, None
        now, slot = self._in_slot(before, at, quote.volume), at.slot
        traded = max(0, quote.volume - now.start)
        average = now.usual(slot)
        spike = now.whole and average > 0 and traded >= float(self.factor) * average
        after = msgspec.structs.replace(
            now, last=max(now.last, quote.volume), alerted=now.alerted or spike, minute=at.minute
        )
        if not spike or now.alerted:
            return msgspec.json.encode(after), None
        usual = Decimal(round(average))
        since = f"{slot // SLOTS_AN_HOUR:02}:{slot % SLOTS_AN_HOUR * SLOT_MINUTES:02}"
        text = (
            f"{quote.symbol} has traded {traded} since {since} in {exchange.name}; "
            f"{usual} is usual for that quarter of an hour."
        )
        return msgspec.json.encode(after), self.alert(quote, Crossing(usual, self.factor, "up", text))

    def _in_slot(self, before: VolumeState, at: _Moment, volume: int) -> VolumeState:
        """The state as the quote's slot begins, or as it is within the slot."""
        if (at.day, at.slot) == (before.trading_day, before.slot):
            return before
        # The volume up to the slot's first quote counts for the slot before: only the quotes are known.
        same_day = at.day == before.trading_day
        gap = (at.slot - before.slot) * SLOT_MINUTES + at.minute - before.minute
        follows = same_day and gap <= LONGEST_GAP
        ended = follows if same_day else before.minute >= LATE_MINUTE
        return msgspec.structs.replace(
            before,
            trading_day=at.day,
            slot=at.slot,
            start=before.last if same_day else 0,
            last=volume,
            alerted=False,
            averages=self._learned(before) if ended and before.whole else before.averages,
            whole=follows or (at.opening and not same_day),
        )

    def _learned(self, state: VolumeState) -> dict[int, tuple[int, float]]:
        """The averages with the slot that has ended."""
        days, average = state.averages.get(state.slot, (0, 0.0))
        days = min(days + 1, self.days)
        return state.averages | {state.slot: (days, average + (state.last - state.start - average) / days)}


def _held(state: bytes | None, at: _Moment, volume: int, zone: str) -> VolumeState:
    """The state before the quote, a first one where there is none in the exchange's time zone."""
    before = _DECODER.decode(state) if state else None
    if before is not None and before.zone == zone:
        return before
    start = 0 if at.opening else volume
    return VolumeState(at.day, at.slot, start, volume, False, {}, whole=at.opening, zone=zone)

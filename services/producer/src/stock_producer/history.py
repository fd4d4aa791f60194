"""What a backfill asks for: one call a symbol for daily bars, one a symbol and month for intraday bars. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from stock_common.records import Bar
from stock_producer.alphavantage import Answer
from stock_producer.plans import Freshness, Plan
from stock_producer.responses import NEW_YORK, Endpoint, Request
from stock_producer.series import COMPACT_BARS, DAILY, SeriesBar, record, split_adjusted

FIRST_DAY = date(2000, 1, 1)
"""The vendor's intraday history begins with it."""


class Part(NamedTuple):
    """One call, and the days of its answer that are wanted, both included."""

    request: Request
    interval: str
    first: date
    last: date

    @property
    def symbol(self) -> str:
        return self.request.symbols[0]

    @property
    def name(self) -> str:
        """What says in the outbox's marks that it is done."""
        return f"{self.symbol} {self.interval} {self.first} {self.last}"


def parts(symbols: Sequence[str], interval: str, first: date, last: date, plan: Plan) -> list[Part]:
    """All calls for the days from `first` to `last`, in the order in which they are made."""
    if interval == DAILY:
        full = plan.freshness is not Freshness.END_OF_DAY
        endpoint, parameters = (Endpoint.DAILY_ADJUSTED, (("outputsize", "full"),)) if full else (Endpoint.DAILY, ())
        return [Part(Request(endpoint, (symbol,), parameters), interval, first, last) for symbol in symbols]
    found = []
    for symbol in symbols:
        for start, end in _months(first, last):
            # As traded, in regular hours, as the quotes are.
            parameters = (
                ("interval", interval),
                ("month", f"{start:%Y-%m}"),
                ("outputsize", "full"),
                ("extended_hours", "false"),
                ("adjusted", "false"),
            )
            found.append(Part(Request(Endpoint.INTRADAY, (symbol,), parameters), interval, start, end))
    return found


def unfinished(done: Iterable[str], symbols: Sequence[str], interval: str, first: date) -> date | None:
    """The last day of a backfill of daily bars from `first` on that has begun and is not complete. `done`: names of parts.

    A part of daily bars is named by its last day: a backfill that needs several days of the vendor's must keep the one that it began with."""
    begun: dict[str, set[str]] = {}
    for name in done:
        symbol, kind, start, last = name.split(" ")
        if (kind, start) == (interval, str(first)) and kind == DAILY:
            begun.setdefault(last, set()).add(symbol)
    newest = max(begun, default=None)
    return None if newest is None or begun[newest].issuperset(symbols) else date.fromisoformat(newest)


def _months(first: date, last: date) -> list[tuple[date, date]]:
    found = []
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first, min(last, following - timedelta(days=1))))
        first = following
    return found


def refused(interval: str, plan: Plan) -> str | None:
    """Why the plan has nothing of it; None: it has."""
    if interval != DAILY and plan.freshness is Freshness.END_OF_DAY:
        return f"Plan {plan.name} has no intraday history: plan 75 has. Use --interval daily, or another ALPHA_VANTAGE_PLAN."
    return None


def explained(interval: str, plan: Plan) -> str:
    """Which bars come."""
    if interval != DAILY:
        return "bars as traded, regular hours"
    if plan.freshness is Freshness.END_OF_DAY:
        return f"bars as traded, the last {COMPACT_BARS} sessions at most; older ones and split-adjusted bars need plan 75"
    return "bars as traded, and the same split-adjusted (adjusted = true)"


def records(part: Part, answer: Answer, source: str) -> list[Bar]:
    """The wanted bars of an answer: as traded, and split-adjusted where the answer says what was split."""
    found = answer.bars or []
    made = [record(bar, source, answer.arrived_at) for bar in found if _wanted(part, bar)]
    if part.request.endpoint is Endpoint.DAILY_ADJUSTED:
        # Later splits count, also those after the last wanted day.
        made += [record(bar, source, answer.arrived_at, adjusted=True) for bar in split_adjusted(found) if _wanted(part, bar)]
    return made


def _wanted(part: Part, bar: SeriesBar) -> bool:
    day = bar.starts_at.date() if bar.interval == DAILY else bar.starts_at.astimezone(NEW_YORK).date()
    return part.first <= day <= part.last

"""What a backfill asks for, call by call, and what it keeps of the answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from stock_common.records import Bar
from stock_producer import records
from stock_producer.vendor.base import DAILY, Answer, History, PriceBar, Request

NOTHING = "0"
"""The value of the mark of a part that has brought no bar, or whose bars a later split has changed."""


class Part(NamedTuple):
    """One call, and the days of its answer that are wanted, both included.

    under_way: the last day has not closed, so the part is never done.
    """

    request: Request
    interval: str
    first: date
    last: date
    under_way: bool = False

    @property
    def symbol(self) -> str:
        return self.request.symbols[0]

    @property
    def name(self) -> str:
        """The outbox's mark of a part that is done: the days, and what was asked for to have them.

        Another plan asks otherwise, for more days or for the splits too, and so has parts of its own.
        """
        asked = "&".join(f"{name}={value}" for name, value in self.request.parameters)
        return f"{self._earlier_name} {self.request.endpoint}?{asked}"

    @property
    def _earlier_name(self) -> str:
        """The mark of earlier versions, which does not tell what was asked for."""
        return f"{self.symbol} {self.interval} {self.first} {self.last}"

    def is_done(self, marks: Mapping[str, str]) -> bool:
        """Whether its bars are there. A part that has brought none is not done.

        An earlier version's mark of a whole series may be that of a short one, by a smaller plan.
        """
        value = marks.get(self.name)
        if value is None and not (self.interval == DAILY and self.request.parameters):
            value = marks.get(self._earlier_name)
        return value is not None and value.split(" ")[0] != NOTHING


def parts(history: History, symbols: Sequence[str], interval: str, closed: date = date.max) -> list[Part]:
    """All calls, in the order in which they are made. `closed`: the last day that has closed."""
    return [
        Part(
            Request(call.endpoint, (symbol,), call.parameters),
            interval,
            call.first,
            call.last,
            call.last > closed,
        )
        for symbol in symbols
        for call in history.calls
    ]


def unfinished(done: Iterable[str], symbols: Sequence[str], interval: str, first: date) -> date | None:
    """The last day of a backfill of daily bars from `first` on that has begun and is not complete.

    done: names of parts. A part of daily bars is named by its last day, so a backfill that needs several of
        the quota's days must keep the last day that it began with.
    """
    begun: dict[str, set[str]] = {}
    for name in done:
        symbol, kind, start, last = name.split(" ")[:4]
        if (kind, start) == (interval, str(first)) and kind == DAILY:
            begun.setdefault(last, set()).add(symbol)
    newest = max(begun, default=None)
    return None if newest is None or begun[newest].issuperset(symbols) else date.fromisoformat(newest)


def mark(part: Part, answer: Answer, count: int) -> str:
    """The value of a part's mark: its bars, and with splits the last day up to which they are known."""
    if part.under_way:
        return NOTHING
    found = answer.bars or []
    return f"{count} {found[-1].trading_day}" if count and records.has_splits(found) else str(count)


def changed(part: Part, answer: Answer, marks: Mapping[str, str]) -> list[str]:
    """The marks of other parts of the symbol whose split-adjusted bars are no longer right.

    A split on a later day than those that their answer knew divides all their prices.
    """
    splits = [bar.trading_day for bar in answer.bars or [] if bar.split not in (None, records.NO_SPLIT)]
    newest = max(splits, default=None)
    return [
        name
        for name, value in marks.items()
        if newest is not None
        and name != part.name
        and name.startswith(f"{part.symbol} ")
        and " " in value
        and date.fromisoformat(value.split(" ")[1]) < newest
    ]


def bars_of(part: Part, answer: Answer, source: str) -> list[Bar]:
    """The wanted bars of an answer: as traded, and split-adjusted where the source reports the splits."""
    found = _whole(part, answer)
    made = [records.bar(bar, source, answer.arrived_at) for bar in found if _is_wanted(part, bar)]
    if records.has_splits(found):
        # Later splits count, also those after the last wanted day.
        adjusted = records.split_adjusted(found)
        made += [
            records.bar(bar, source, answer.arrived_at, adjusted=True)
            for bar in adjusted
            if _is_wanted(part, bar)
        ]
    return made


def _whole(part: Part, answer: Answer) -> Sequence[PriceBar]:
    """The bars of an answer. The newest one of a day under way may still grow."""
    found = answer.bars or []
    if not part.under_way:
        return found
    newest = max((bar.starts_at for bar in found), default=None)
    return [bar for bar in found if bar.starts_at != newest]


def _is_wanted(part: Part, bar: PriceBar) -> bool:
    return part.first <= bar.trading_day <= part.last

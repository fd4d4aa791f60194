"""The symbols and the state of each: what was asked for, what is held, failures, skips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from stock_producer.market.calendars import calendar_of
from stock_producer.schedule.types import NEVER, Watched

QUICK = tuple(timedelta(seconds=min(2**step, 60)) for step in range(7))
"""Pauses after one failure, two, and so on, the last one from then on: while the market moves."""
PATIENT = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""The same where the data are end-of-day. Calls are few, so failures in a row stop the other symbols too."""
LATE = tuple(timedelta(hours=hours) for hours in (0.25, 1, 4, 12, 24))
"""After answers without the day's bar. Vendors publish it minutes to hours after the close."""

DOUBTS = 3
"""A symbol that has been answered before is unknown only when it was refused so often in a row."""
DOUBT_PAUSES = (timedelta(minutes=1), timedelta(minutes=2))
PATIENT_DOUBT_PAUSES = (timedelta(minutes=5), timedelta(hours=1))
"""Between those refusals. The longer ones are for end-of-day data, where calls are few."""
SKIPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60))
"""How long such a symbol is left alone, each time that it is refused again."""

UNPUBLISHED = tuple(timedelta(minutes=minutes) for minutes in (14, 29, 59, 59, 59, 59, 239))
"""Between two looks of any symbol of a calendar while none of them has the day's bar.

A little less than LATE, so that another symbol looks than the last one.
"""


class Known(NamedTuple):
    """What earlier runs have kept, by symbol: when it was asked for with success, its newest bar's day."""

    asked: Mapping[str, datetime] = MappingProxyType({})
    held: Mapping[str, date] = MappingProxyType({})


NOTHING = Known()


class Watchlist:
    """State in memory. What outlives the process comes from the outbox and goes back there.

    end_of_day: calls are few, so pauses are long and failures in a row stop the other symbols too.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        calendar_setting: str,
        known: Known = NOTHING,
        end_of_day: bool = False,
    ) -> None:
        self._setting = calendar_setting
        self._end_of_day = end_of_day
        self._items: dict[str, Watched] = {}
        self._before: dict[str, datetime | None] = {}
        self._failures: dict[str, int] = {}
        self._late: dict[str, int] = {}
        self._looks: dict[str, int] = {}
        self._unpublished: dict[str, tuple[date, datetime]] = {}
        self._in_a_row, self._paused_until = 0, NEVER
        self._refusals: dict[str, int] = {}
        self._skipped: dict[str, tuple[datetime, datetime]] = {}
        self._dropped: set[str] = set()
        self.watch(symbols, known)

    def watch(self, symbols: Iterable[str], known: Known) -> tuple[list[str], list[str]]:
        """Watches these from now on. Returns the new symbols and those that are gone.

        A symbol that is gone is not asked for any more. It stays known for an answer that is under way.
        """
        wanted = list(dict.fromkeys(symbols))
        before = set(self._items) - self._dropped
        self._dropped = set(self._items) - set(wanted)
        for symbol in wanted:
            if symbol not in self._items:
                asked, held = known.asked.get(symbol), known.held.get(symbol)
                self._items[symbol] = Watched(symbol, calendar_of(symbol, self._setting), asked, asked, held)
        return [symbol for symbol in wanted if symbol not in before], sorted(before - set(wanted))

    @property
    def calendars(self) -> set[str]:
        return {item.calendar for item in self._items.values()}

    def __len__(self) -> int:
        return len(self._items) - len(self._dropped)

    def calendar_of(self, symbol: str) -> str:
        return self._items[symbol].calendar

    def items(self, now: datetime) -> list[Watched]:
        """The symbols that may be fetched: all but the skipped ones."""
        self._correct(now)
        self._skipped = {
            symbol: (since, until) for symbol, (since, until) in self._skipped.items() if since <= now < until
        }
        found = [(item, self._paused(item)) for item in self.watched if item.symbol not in self._skipped]
        return [
            item if paused <= now else item._replace(not_before=max(item.not_before or NEVER, paused))
            for item, paused in found
        ]

    @property
    def watched(self) -> list[Watched]:
        """The symbols, also the skipped ones."""
        return [item for item in self._items.values() if item.symbol not in self._dropped]

    @property
    def skipped(self) -> list[str]:
        return sorted(set(self._skipped) - self._dropped)

    def sent(self, symbols: Iterable[str], at: datetime) -> None:
        """A call for them is under way."""
        for symbol in symbols:
            item = self._items[symbol]
            self._before[symbol] = item.asked_at
            self._items[symbol] = item._replace(asked_at=at, busy=True)

    def answered(self, symbols: Iterable[str], held: date | None = None) -> dict[str, datetime]:
        """Their call brought data, a series up to the day `held`.

        Returns when each was asked for, to be kept.
        """
        self._in_a_row = 0
        asked: dict[str, datetime] = {}
        for symbol in symbols:
            item = self._items[symbol]
            newest = max(filter(None, (item.held, held)), default=None)
            self._items[symbol] = item._replace(
                busy=False, not_before=None, answered_at=item.asked_at, held=newest
            )
            self._failures.pop(symbol, None)
            self._refusals.pop(symbol, None)
            if newest != item.held:
                self._late.pop(symbol, None)
                self._published(item.calendar, newest)
            if item.asked_at:
                asked[symbol] = item.asked_at
        return asked

    def put_back(self, symbols: Iterable[str]) -> None:
        """Their call was refused for want of quota: they are as overdue as before."""
        for symbol in symbols:
            self._items[symbol] = self._items[symbol]._replace(busy=False, asked_at=self._before.get(symbol))

    def late(self, symbols: Iterable[str], now: datetime) -> None:
        """Their call brought no bar of the day that should be there. A growing pause follows, see LATE."""
        for symbol in symbols:
            self._pause(symbol, now + _step(LATE, self._late, symbol))
            item = self._items[symbol]
            if not any(_is_newer(other, item) for other in self._items.values()):
                # Nobody has it: the vendor has not published yet. All symbols would be asked for in vain.
                pause = _step(UNPUBLISHED, self._looks, item.calendar)
                self._unpublished[item.calendar] = item.held or date.min, now + pause

    def failed(self, symbols: Iterable[str], now: datetime, retry_after: float | None, jitter: float) -> None:
        """Their call failed: they have their next turn after a growing pause.

        `jitter`: 0 to 1, so that they do not all come back at once.
        """
        for symbol in symbols:
            pause = _step(PATIENT if self._end_of_day else QUICK, self._failures, symbol) * (1 + jitter / 2)
            self._pause(symbol, now + max(pause, timedelta(seconds=retry_after or 0)))
        if self._end_of_day:
            self._in_a_row += 1
            self._paused_until = now + _after(PATIENT, self._in_a_row)

    def unknown(self, symbol: str, now: datetime, day_ends: datetime) -> datetime | None:
        """The source does not know a symbol. Returns until when that is left alone, None where in doubt.

        One that was never answered is left alone until the quota's day ends. One that was is asked again
        after a pause, and left alone when it was refused DOUBTS times: for a growing time, or
        where the data are end-of-day until the day ends.
        """
        count = self._refusals[symbol] = self._refusals.get(symbol, 0) + 1
        if self._items[symbol].answered_at is not None:
            if count < DOUBTS:
                self._pause(
                    symbol, now + (PATIENT_DOUBT_PAUSES if self._end_of_day else DOUBT_PAUSES)[count - 1]
                )
                return None
            day_ends = day_ends if self._end_of_day else now + _after(SKIPS, count - DOUBTS + 1)
        self._pause(symbol, None)
        self._skipped[symbol] = now, day_ends
        return day_ends

    def _paused(self, item: Watched) -> datetime:
        """Until when a symbol waits for what others brought: failures, or no newer bar than its own."""
        day, until = self._unpublished.get(item.calendar, (None, NEVER))
        return max(self._paused_until, until) if item.held == day else self._paused_until

    def _published(self, calendar: str, newest: date | None) -> None:
        """A symbol of the calendar has a newer bar than before. Newer than all: nobody waits any more."""
        day, _ = self._unpublished.get(calendar, (date.max, NEVER))
        if newest is not None and newest > day:
            del self._unpublished[calendar], self._looks[calendar]

    def _correct(self, now: datetime) -> None:
        """Forgets what lies in the future: the clock was set back, and it would block for as long."""
        ahead = [item for item in self._items.values() if item.asked_at and item.asked_at > now]
        for item in ahead:
            answered = min(item.answered_at, now) if item.answered_at else None
            self._items[item.symbol] = item._replace(asked_at=now, answered_at=answered, not_before=None)
        if ahead:
            self._paused_until = NEVER
            self._unpublished.clear()

    def _pause(self, symbol: str, until: datetime | None) -> None:
        self._items[symbol] = self._items[symbol]._replace(busy=False, not_before=until)


def _is_newer(one: Watched, other: Watched) -> bool:
    """Whether a later bar is held of one symbol than of another one of the same calendar."""
    return one.calendar == other.calendar and (one.held or date.min) > (other.held or date.min)


def _step(pauses: Sequence[timedelta], counts: dict[str, int], symbol: str) -> timedelta:
    """The pause after one time more."""
    counts[symbol] = counts.get(symbol, 0) + 1
    return _after(pauses, counts[symbol])


def _after(pauses: Sequence[timedelta], count: int) -> timedelta:
    """The pause after so many times, the last one from then on."""
    return pauses[min(count, len(pauses)) - 1]

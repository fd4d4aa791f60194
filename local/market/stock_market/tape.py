"""What the market shows at an instant: the day so far, extended hours, minute bars.

All of them come from one path for each part of a session, so they agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stock_market.bars import CENT, Bar, DailyBars, Ints, seed
from stock_market.clock import Calendar, Session
from stock_market.path import Path, build

MINUTE = 60_000
DELAY = 15 * MINUTE
PATHS_KEPT = 1_000
"""Paths kept in memory, 0.1 MB each for New York's hours and 0.4 MB for 24 hours.

More symbols are served slowly.
"""
_EXTENDED_SHARE = 100
"""Extended hours trade the day's volume divided by this, in addition to it."""


class Quote(NamedTuple):
    """A symbol's regular session so far.

    Prices are in ten-thousandths of a dollar, `volume` is the day's so far.
    """

    day: date
    traded_at: int
    open: int
    high: int
    low: int
    price: int
    volume: int
    previous_close: int


class Extended(NamedTuple):
    """The last trade in extended hours."""

    traded_at: int
    price: int


class Segment(NamedTuple):
    """A part of a session (pre, regular or post), with its own path."""

    name: str
    start: int
    seconds: int
    bar: Bar


def phase(symbol: str) -> int:
    """A symbol trades once a second, this many milliseconds after the full second (1 to 999)."""
    return 1 + seed("phase", symbol) % 999


class Tape:
    """The market of every symbol.

    Instants are milliseconds since 1970 UTC. Symbols are known and in upper case.
    """

    def __init__(self, calendar: Calendar, bars: DailyBars) -> None:
        self.calendar = calendar
        self._bars = bars
        self._phase = lru_cache(4096)(phase)
        self._path = lru_cache(PATHS_KEPT)(self._build)

    def as_of(self, instant: int, entitlement: str | None) -> int:
        """The instant whose market is shown.

        It is now (realtime), 15 minutes ago (delayed), or the end of the last closed session (no
        entitlement).
        """
        if entitlement == "realtime":
            return instant
        if entitlement == "delayed":
            return instant - DELAY
        session = self.calendar.closed(instant)
        return session.post if instant >= session.post else session.close

    def quote(self, symbol: str, instant: int) -> Quote:
        """The regular session so far. Before its first trade it is the previous session."""
        session = self.calendar.opened(instant - self._phase(symbol))
        regular = self._regular(symbol, session)
        tick = self._tick(symbol, regular, instant)
        bar = (
            regular.bar
            if tick == regular.seconds - 1
            else self._path(symbol, session.number, regular.name).so_far(tick)
        )
        return Quote(
            session.day,
            self._traded_at(symbol, regular, tick),
            *bar,
            self._bars.previous_close(symbol, session.number),
        )

    def extended(self, symbol: str, instant: int) -> Extended | None:
        """The last trade of the pre-market or post-market under way, None outside of them."""
        session = self.calendar.begun(instant - self._phase(symbol))
        for segment in self._segments(symbol, session):
            if (
                segment.name != "regular"
                and segment.start <= instant - self._phase(symbol) < segment.start + segment.seconds * 1000
            ):
                tick = self._tick(symbol, segment, instant)
                price = int(self._path(symbol, session.number, segment.name).ticks[tick])
                return Extended(self._traded_at(symbol, segment, tick), price)
        return None

    def last_trade_at(self, symbol: str, instant: int) -> int:
        """When the symbol last traded, extended hours included."""
        elapsed = instant - self._phase(symbol)
        segments = self._segments(symbol, self.calendar.begun(elapsed))
        segment = max((each for each in segments if each.start <= elapsed), key=lambda each: each.start)
        return self._traded_at(symbol, segment, self._tick(symbol, segment, instant))

    def daily(self, symbol: str, instant: int, count: int | None) -> Iterator[tuple[Session, Bar]]:
        """The newest `count` days as traded, newest first. None means all. The newest may be under way."""
        now = self.quote(symbol, instant)
        newest = self.calendar.opened(instant - self._phase(symbol))
        yield newest, Bar(now.open, now.high, now.low, now.price, now.volume)
        rows = self._bars.rows(symbol)
        oldest = 0 if count is None else max(0, newest.number - count + 1)
        for index in range(newest.number - 1, oldest - 1, -1):
            yield self.calendar[index], Bar(*rows[index].tolist())

    def shares(self, symbol: str, session: Session, later: Session) -> int:
        """How many shares one share of `session` has become until `later`, by splits."""
        return self._bars.shares(symbol, session.number, later.number)

    def split(self, symbol: str, session: Session) -> int:
        """How many new shares an old one became on that session, 1 without a split."""
        return self._bars.shares(symbol, session.number - 1, session.number) if session.number else 1

    def minutes(self, symbol: str, session: Session, instant: int, extended: bool) -> tuple[Ints, Ints]:
        """A session's minutes up to `instant`, oldest first.

        Returns their starts (int64[n], milliseconds) and rows of (open, high, low, close, volume).
        """
        starts, rows = [np.empty(0, np.int64)], [np.empty((0, 5), np.int64)]
        for segment in self._segments(symbol, session) if extended else [self._regular(symbol, session)]:
            tick = self._tick(symbol, segment, instant)
            if tick < 0:
                break
            rows.append(self._path(symbol, session.number, segment.name).until(tick))
            starts.append(segment.start + MINUTE * np.arange(len(rows[-1])))
        return np.concatenate(starts), np.concatenate(rows)

    def _tick(self, symbol: str, segment: Segment, instant: int) -> int:
        """The number of the segment's last trade, negative before the first."""
        return min((instant - self._phase(symbol) - segment.start) // 1000, segment.seconds - 1)

    def _traded_at(self, symbol: str, segment: Segment, tick: int) -> int:
        return segment.start + tick * 1000 + self._phase(symbol)

    def _regular(self, symbol: str, session: Session) -> Segment:
        return Segment(
            "regular",
            session.open,
            (session.close - session.open) // 1000,
            self._bars.bar(symbol, session.number),
        )

    def _segments(self, symbol: str, session: Session) -> list[Segment]:
        regular = self._regular(symbol, session)
        if session.pre == session.open:
            return [regular]
        drift = 1 + (seed("drift", symbol, session.number) % 81 - 40) / 10_000
        before = _around(
            self._bars.previous_close(symbol, session.number), regular.bar.open, regular.bar.volume
        )
        after = _around(regular.bar.close, int(regular.bar.close * drift / CENT) * CENT, regular.bar.volume)
        return [
            Segment("pre", session.pre, (session.open - session.pre) // 1000, before),
            regular,
            Segment("post", session.close, (session.post - session.close) // 1000, after),
        ]

    def _build(self, symbol: str, index: int, name: str) -> Path:
        segment = next(
            segment for segment in self._segments(symbol, self.calendar[index]) if segment.name == name
        )
        return build(segment.bar, segment.seconds, seed("path", symbol, name, index))


def _around(first: int, last: int, volume: int) -> Bar:
    """The bar of extended hours from one price to the other. Its range is a little wider than the two."""
    margin = max(CENT, first // 1000 // CENT * CENT)
    return Bar(
        first,
        max(first, last) + margin,
        max(CENT, min(first, last) - margin),
        last,
        volume // _EXTENDED_SHARE,
    )


def grouped(starts: Ints, rows: Ints, minutes: int) -> tuple[Ints, Ints]:
    """Minute bars joined to bars of `minutes`, aligned to the hour. A bar's start is its first minute's."""
    if minutes == 1 or not len(starts):
        return starts, rows
    firsts = np.flatnonzero(np.diff(starts // (minutes * MINUTE), prepend=-1))
    lasts = np.append(firsts[1:], len(starts)) - 1
    columns = [
        rows[firsts, 0],
        np.maximum.reduceat(rows[:, 1], firsts),
        np.minimum.reduceat(rows[:, 2], firsts),
        rows[lasts, 3],
        np.add.reduceat(rows[:, 4], firsts),
    ]
    return starts[firsts], np.column_stack(columns)

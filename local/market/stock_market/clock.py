"""The market's time: a clock with a speed, and sessions. Instants are whole milliseconds since 1970 UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(2000, 1, 3)
"""The vendor's intraday history begins in 2000-01."""
HOUR = 3_600_000
PRE_MARKET = int(5.5 * HOUR)
POST_MARKET = 4 * HOUR
"""US extended hours are 04:00-20:00 in New York. On a day that closes at 13:00 they end at 17:00."""
YEARS_AHEAD = 5


class CalendarEnd(Exception):
    """The market's time has left the years that its calendar covers."""


class Clock:
    """Market time: `start` at construction, then `speed` seconds for every second of `monotonic`."""

    def __init__(self, start: datetime, speed: float, monotonic: Callable[[], float]) -> None:
        self._start = int(start.timestamp() * 1000)
        self._speed = speed
        self._monotonic = monotonic
        self._began = monotonic()

    def now(self) -> int:
        return self._start + int((self._monotonic() - self._began) * self._speed * 1000)


def local(instant: int) -> datetime:
    """The instant in New York."""
    return datetime.fromtimestamp(instant / 1000, NEW_YORK)


class Session(NamedTuple):
    """One trading day, with its limits in milliseconds since 1970 UTC.

    The regular session is [open, close). Extended hours are [pre, open) and [close, post).

    Without extended hours pre = open and post = close.
    """

    number: int
    day: date
    pre: int
    open: int
    close: int
    post: int


class Calendar:
    """Sessions in order, numbered from FIRST_DAY on. Raises CalendarEnd for instants outside of them."""

    def __init__(self, name: str, sessions: Sequence[Session]) -> None:
        self.name = name
        self._sessions = sessions
        self._pres = [session.pre for session in sessions]
        self._opens = [session.open for session in sessions]
        self._closes = [session.close for session in sessions]

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def days(self) -> list[date]:
        return [session.day for session in self._sessions]

    def __getitem__(self, index: int) -> Session:
        return self._sessions[index]

    def _last(self, starts: list[int], instant: int) -> Session:
        position = bisect_right(starts, instant) - 1
        if position < 0 or instant > self._sessions[-1].post:
            raise CalendarEnd(
                f"The market's time is {local(instant):%Y-%m-%d}, outside of its calendar: "
                "start it again with another MARKET_START."
            )
        return self._sessions[position]

    def opened(self, instant: int) -> Session:
        """The last session that has opened."""
        return self._last(self._opens, instant)

    def closed(self, instant: int) -> Session:
        """The last session that has closed."""
        return self._last(self._closes, instant)

    def begun(self, instant: int) -> Session:
        """The last session whose extended hours have begun."""
        return self._last(self._pres, instant)

    def is_open(self, instant: int) -> bool:
        return instant < self.opened(instant).close


def around_the_clock(last_year: int) -> Calendar:
    """Every New York day, midnight to midnight (23 or 25 hours where the clocks change)."""
    days = [FIRST_DAY + timedelta(days=n) for n in range((date(last_year, 12, 31) - FIRST_DAY).days + 2)]
    midnights = [
        int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp()) * 1000 for day in days
    ]
    sessions = [
        Session(number, day, start, start, end, end)
        for number, (day, start, end) in enumerate(zip(days, midnights, midnights[1:], strict=False))
    ]
    return Calendar("24/7", sessions)


def new_york_exchange(last_year: int) -> Calendar:
    """The sessions of the New York Stock Exchange, holidays and early closes included."""
    import exchange_calendars  # takes a second, and the 24/7 market does without it

    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=f"{last_year}-12-31")
    opens, closes = (
        [int(moment.timestamp()) * 1000 for moment in column] for column in (calendar.opens, calendar.closes)
    )
    sessions = [
        Session(number, day.date(), start - PRE_MARKET, start, end, end + POST_MARKET)
        for number, (day, start, end) in enumerate(zip(calendar.sessions, opens, closes, strict=True))
    ]
    return Calendar("XNYS", sessions)


def calendar_for(name: str, start: datetime) -> Calendar:
    """The calendar called 24/7, XNYS or auto (= XNYS), up to YEARS_AHEAD years after `start`."""
    last_year = start.astimezone(NEW_YORK).year + YEARS_AHEAD
    return around_the_clock(last_year) if name == "24/7" else new_york_exchange(last_year)

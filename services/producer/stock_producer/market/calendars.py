"""The adapter over exchange-calendars: sessions of an exchange as windows, for the weeks around today.

A calendar of the library ends a year from now and is cached, so a process that lives longer would run out of
it. It is loaded again each day. Mumbai's and Shanghai's are only recorded to the end of a year. After that
each weekday counts as open, which costs calls on holidays but loses nothing. A warning says so, and the
session is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog

from stock_common import exchanges
from stock_producer.market.sessions import ALWAYS_OPEN, NEVER_KNOWN, Window
from stock_producer.market.special import SPECIAL

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

DAYS_BACK = 14
DAYS_AHEAD = 45
"""Longer than any closure of an exchange, so that the next open is always among the windows."""
WEEKDAYS = 5
AUTO = "auto"
"""MARKET_CALENDAR=auto: each symbol follows the calendar of its own exchange."""


def calendar_of(symbol: str, setting: str) -> str:
    """The code of the calendar that `symbol` follows under MARKET_CALENDAR=`setting`."""
    return exchanges.of(symbol).calendar if setting == AUTO else setting


def is_known(code: str) -> bool:
    """Whether MARKET_CALENDAR may name `code`."""
    # The library brings pandas (60 MB of memory, a second at start), so it is loaded only where it is needed.
    from exchange_calendars import get_calendar_names

    return code == exchanges.ALWAYS_OPEN or code in get_calendar_names()


class Calendars:
    """Windows by calendar code."""

    def __init__(
        self, codes: set[str], clock: Callable[[], datetime], log: structlog.stdlib.BoundLogger
    ) -> None:
        self.codes = tuple(sorted(codes))
        self._clock = clock
        self._log = log
        self._day: date | None = None
        self._windows: dict[str, tuple[Window, ...]] = {}

    def windows(self) -> dict[str, tuple[Window, ...]]:
        """Each calendar's windows of the last two and the next six weeks, in their order.

        It blocks for about 0.1 s a calendar once a day.
        """
        today = self._clock().date()
        if today != self._day:
            self._windows = {code: self._load(code, today) for code in self.codes}
            self._day = today
        return self._windows

    def add(self, codes: set[str]) -> None:
        """Further calendars, from now on."""
        if not codes <= set(self.codes):
            self.codes = tuple(sorted({*self.codes, *codes}))
            self._day = None

    def _load(self, code: str, today: date) -> tuple[Window, ...]:
        if code == exchanges.ALWAYS_OPEN:
            return ALWAYS_OPEN
        if code == exchanges.UNKNOWN.calendar:
            return NEVER_KNOWN
        start, end = today - timedelta(DAYS_BACK), today + timedelta(DAYS_AHEAD)
        calendar, recorded_to = _calendar(code, start, end)
        windows = [*_recorded(calendar)]
        if recorded_to < end:
            self._log.warning(
                "calendar ends: later weekdays count as open, session unknown. Upgrade exchange-calendars",
                calendar=code,
                ends=str(recorded_to),
            )
            windows += _assumed(calendar, max(recorded_to + timedelta(1), start), end)
        return tuple(_with_special(code, windows, ZoneInfo(str(calendar.tz)), start, end))


def _calendar(code: str, start: date, end: date) -> tuple[ExchangeCalendar, date]:
    """The library's calendar for those days, and the last of them that it has a record of."""
    from exchange_calendars import get_calendar

    try:
        return get_calendar(code, start=str(start), end=str(end)), end
    except ValueError:
        bound = type(get_calendar(code)).bound_max()
        if bound is None or bound.date() >= end:
            raise
        last = bound.date()
        return get_calendar(code, start=str(min(start, last - timedelta(DAYS_BACK))), end=str(last)), last


def _recorded(calendar: ExchangeCalendar) -> Iterator[Window]:
    row: Any
    for row in calendar.schedule.itertuples():
        if _is_time(row.break_start):
            yield Window(_utc(row.open), _utc(row.break_start))
            yield Window(_utc(row.break_end), _utc(row.close))
        else:
            yield Window(_utc(row.open), _utc(row.close))


def _assumed(calendar: ExchangeCalendar, start: date, end: date) -> Iterator[Window]:
    """The exchange's usual hours on each weekday."""
    zone, opens, closes = ZoneInfo(str(calendar.tz)), calendar.open_times[-1][1], calendar.close_times[-1][1]
    for days in range((end - start).days + 1):
        day = start + timedelta(days)
        if day.weekday() < WEEKDAYS:
            yield Window(_at(day, opens, zone), _at(day, closes, zone), assumed=True)


def _with_special(code: str, windows: list[Window], zone: ZoneInfo, start: date, end: date) -> list[Window]:
    """The windows with those of special days in place of the calendar's."""
    days = {day: hours for (place, day), hours in SPECIAL.items() if place == code and start <= day <= end}
    usual = [window for window in windows if window.opens.astimezone(zone).date() not in days]
    special = [Window(_at(day, opens, zone), _at(day, closes, zone)) for day, (opens, closes) in days.items()]
    return sorted([*usual, *special])


def _at(day: date, when: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, when, zone).astimezone(UTC)


def _is_time(value: Any) -> bool:
    # pandas' "not a time" is not equal to itself.
    return bool(value == value)


def _utc(value: Any) -> datetime:
    return value.to_pydatetime().astimezone(UTC)

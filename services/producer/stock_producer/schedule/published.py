"""How long after its close a calendar's daily bars are there, as seen on the last days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from statistics import median_high

from stock_producer.schedule.end_of_day import GRACE

DAYS = 10
"""So many of the last days count."""
CLOSE_ENOUGH = timedelta(minutes=90)
"""A bar that is seen later than this after the last look without it says nothing: the machine was off."""
LONGEST = timedelta(hours=12)
KIND = "published "
"""The kind of the outbox's marks of a calendar: day → seconds from the close to the first bar."""


class Published:
    """One thread. `load` gives the marks of a kind from earlier runs."""

    def __init__(self, load: Callable[[str], Mapping[str, str]]) -> None:
        self._load = load
        self._seconds: dict[str, dict[str, int]] = {}
        self._looked: dict[str, tuple[date, datetime]] = {}

    def looked(self, calendar: str, day: date, now: datetime) -> None:
        """The bar of the day was asked for and is not there yet."""
        self._looked[calendar] = day, now

    def seen(self, calendar: str, day: date, close: datetime, now: datetime) -> dict[tuple[str, str], str]:
        """A bar of the day is there. Returns the mark to be kept, empty where nothing is learned."""
        found = self._of(calendar)
        looked_for, at = self._looked.get(calendar, (day, close))
        known_from = at if looked_for == day else close
        if str(day) in found or not timedelta(0) <= now - known_from <= CLOSE_ENOUGH:
            return {}
        found[str(day)] = int((now - close).total_seconds())
        return {(KIND + calendar, str(day)): str(found[str(day)])}

    def after_close(self, calendar: str) -> timedelta:
        """When the day's first bar is expected: the median of the last days, from GRACE to LONGEST."""
        found = self._of(calendar)
        last = [found[day] for day in sorted(found)[-DAYS:]]
        learned = timedelta(seconds=median_high(last)) if last else GRACE
        return min(max(learned, GRACE), LONGEST)

    def _of(self, calendar: str) -> dict[str, int]:
        if calendar not in self._seconds:
            kept = self._load(KIND + calendar)
            self._seconds[calendar] = {day: int(value) for day, value in kept.items()}
        return self._seconds[calendar]


def unlearned(_calendar: str) -> timedelta:
    """Where nothing was seen yet."""
    return GRACE

"""The vendor's plans: the data that each may use, and its limits of calls, counted by API key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from threading import Lock
from typing import NamedTuple


class Plan(NamedTuple):
    """A plan's limits of calls, None where it has none.

    data: the freshest data that the plan may use: end_of_day, delayed or realtime.
    """

    name: str
    per_second: int | None
    per_minute: int | None
    per_day: int | None
    data: str

    @property
    def premium(self) -> bool:
        return self.data != "end_of_day"


# Calls a minute and data: the vendor's price page. Calls a second: its refusals name 1, 5, 20 and 30, but not
# of which plan. 10 is between them.
PLANS = {
    plan.name: plan
    for plan in (
        Plan("free", 1, None, 25, "end_of_day"),
        Plan("75", 5, 75, None, "delayed"),
        Plan("150", 5, 150, None, "realtime"),
        Plan("300", 10, 300, None, "realtime"),
        Plan("600", 20, 600, None, "realtime"),
        Plan("1200", 30, 1200, None, "realtime"),
        Plan("unlimited", None, None, None, "realtime"),
    )
}


class Limit(StrEnum):
    """The limit that refuses a call."""

    DAY = "daily_quota"
    SECOND = "burst"
    MINUTE = "minute"


class Limits:
    """Counts the calls of each key in sliding windows. Refused calls do not count. Thread-safe."""

    def __init__(self, plan: Plan, monotonic: Callable[[], float], today: Callable[[], date]) -> None:
        self._plan = plan
        self._monotonic = monotonic
        self._today = today
        self._recent: dict[str, deque[float]] = {}
        self._by_day: dict[str, tuple[date, int]] = {}
        self._lock = Lock()

    def refuse(self, key: str) -> Limit | None:
        """The limit that this call of `key` breaks. None admits and counts the call."""
        with self._lock:
            now, today = self._monotonic(), self._today()
            recent = self._recent.setdefault(key, deque())
            while recent and recent[0] <= now - 60:
                recent.popleft()
            day, calls = self._by_day.get(key, (today, 0))
            calls = calls if day == today else 0
            limit = self._broken(recent, now, calls)
            if limit is None:
                recent.append(now)
                self._by_day[key] = (today, calls + 1)
            return limit

    def _broken(self, recent: deque[float], now: float, calls: int) -> Limit | None:
        plan = self._plan
        if plan.per_day is not None and calls >= plan.per_day:
            return Limit.DAY
        if (
            plan.per_second is not None
            and len(recent) >= plan.per_second
            and recent[-plan.per_second] > now - 1
        ):
            return Limit.SECOND
        if plan.per_minute is not None and len(recent) >= plan.per_minute:
            return Limit.MINUTE
        return None

    def used(self) -> dict[str, dict[str, int]]:
        """Admitted calls of each key in the last minute and today."""
        with self._lock:
            now, today = self._monotonic(), self._today()
            return {
                key: {
                    "last_minute": sum(moment > now - 60 for moment in recent),
                    "today": self._by_day[key][1]
                    if key in self._by_day and self._by_day[key][0] == today
                    else 0,
                }
                for key, recent in self._recent.items()
            }

"""How many calls the key may still make: sliding second and minute, and the vendor's day. The use is kept on disk before each call.

Alpha Vantage does not say what it has counted, so the count is ours; a refusal corrects it.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stock_producer.plans import Limits
from stock_producer.refusals import Kind, Refusal
from stock_producer.usage import UsageFile

VENDOR_ZONE = ZoneInfo("America/New_York")
"""The day of the daily quota turns at midnight in New York."""
SECOND = timedelta(seconds=1.1)
MINUTE = timedelta(seconds=60.5)
"""A little longer than the vendor's own windows: calls travel for unequal times and could arrive closer together than they left."""
BURST_WAIT = timedelta(seconds=2)
MINUTE_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=60)
_PER_SECOND = re.compile(r"no more than (\d+) requests? per second", re.IGNORECASE)


class Allowance(NamedTuple):
    """What the budget permits. `earliest`: the next call may go then (in the past: at once). `day_left` None: no daily cap.

    `refused`: the last call was refused for want of quota; its repetition need not wait for a turn of its own.
    """

    earliest: datetime
    last_call: datetime | None
    day_left: int | None
    day_ends: datetime
    refused: bool = False


class Use(NamedTuple):
    """Calls counted within the running second, minute and the vendor's day, and refusals of that day."""

    second: int
    minute: int
    day: int
    refused: int


def vendor_day(now: datetime) -> date:
    return now.astimezone(VENDOR_ZONE).date()


def next_vendor_day(now: datetime) -> datetime:
    """The moment the daily quota starts anew, UTC."""
    tomorrow = vendor_day(now) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=VENDOR_ZONE).astimezone(UTC)


class Budget:
    """The limits against the use. One thread; a `take` writes one small row."""

    def __init__(self, limits: Limits, file: UsageFile, now: datetime) -> None:
        self._file = file
        self.limits = limits
        # A clock that was set back must not leave calls in the future, which would block for as long.
        self._calls = deque(min(at, now) for at in file.calls(now - MINUTE))
        self._blocked_until = min(file.blocked_until() or now, next_vendor_day(now))
        self._day = vendor_day(now)
        self._used, self._refused = file.day(self._day)
        self._bursts = 0
        self._last_refused = False

    def allowance(self, now: datetime) -> Allowance:
        self._turn(now)
        ends = next_vendor_day(now)
        left = None if self.limits.day is None else max(0, self.limits.day - self._used)
        earliest = max(self._blocked_until, self._after(self.limits.second, SECOND, now), self._after(self.limits.minute, MINUTE, now))
        return Allowance(ends if left == 0 else earliest, self._calls[-1] if self._calls else None, left, ends, self._last_refused)

    def use(self, now: datetime) -> Use:
        self._turn(now)
        return Use(self._within(now - SECOND), self._within(now - MINUTE), self._used, self._refused)

    def take(self, now: datetime) -> None:
        """Counts a call, on disk, before it is made. Raises FatalError when the file cannot be written."""
        self._turn(now)
        self._used += 1
        self._last_refused = False
        self._calls.append(now)
        while self._calls[0] < now - MINUTE:
            self._calls.popleft()
        self._file.add_call(now, self._day, now - MINUTE)

    def answered(self) -> None:
        """A call was not refused: the next burst refusal is a first one again."""
        self._bursts = 0

    def correct(self, refusal: Refusal, now: datetime) -> None:
        """Takes over what a refusal says of the vendor's count. Other kinds of refusal change nothing."""
        self._turn(now)
        until = now
        if refusal.kind is Kind.DAY:
            # Told so, whatever our plan says: nothing more before the vendor's day turns.
            until = next_vendor_day(now)
            self._used = max(self._used, self.limits.day or 0)
        elif refusal.kind is Kind.MINUTE:
            until = now + MINUTE_WAIT
        elif refusal.kind in (Kind.BURST, Kind.THROTTLED):
            self._bursts += 1
            until = now + max(min(BURST_WAIT * 2 ** min(self._bursts - 1, 6), LONGEST_WAIT), timedelta(seconds=refusal.retry_after or 0))
            self._learn(refusal.text)
        else:
            return
        self._refused += 1
        self._last_refused = True
        self._blocked_until = max(self._blocked_until, until)
        self._file.set_day(self._day, self._used, self._refused, self._blocked_until)

    def _learn(self, text: str) -> None:
        named = _PER_SECOND.search(text)
        if named and 0 < int(named[1]) < (self.limits.second or 1 << 30):
            self.limits = self.limits._replace(second=int(named[1]))

    def _turn(self, now: datetime) -> None:
        day = vendor_day(now)
        if day != self._day:
            self._day, (self._used, self._refused) = day, self._file.day(day)

    def _after(self, limit: int | None, window: timedelta, now: datetime) -> datetime:
        if limit is None or len(self._calls) < limit:
            return now
        return self._calls[-limit] + window

    def _within(self, since: datetime) -> int:
        return sum(at > since for at in self._calls)

"""How many calls the account may still make: within a second, a minute and the quota's day.

The use is kept on disk before each call. A vendor does not report what it has counted, so the count is ours,
and a refusal corrects it.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

from stock_producer.schedule.types import Allowance
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.vendor.base import Plan
from stock_producer.vendor.kinds import Kind, Refusal

SECOND = timedelta(seconds=1.1)
MINUTE = timedelta(seconds=60.5)
"""A little longer than the vendor's windows: calls may arrive closer together than they left."""
BURST_WAIT = timedelta(seconds=2)
MINUTE_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=60)
LONGEST_BLOCK = timedelta(hours=1)
"""No wait but the one for the next day of the quota is longer."""
_MOST_DOUBLINGS = 6


class Use(NamedTuple):
    """Calls counted within the running second, minute and day, and refusals of that day."""

    second: int
    minute: int
    day: int
    refused: int


class Budget:
    """The limits against the use. One thread. A `take` writes one small row."""

    def __init__(self, plan: Plan, file: UsageFile, now: datetime) -> None:
        self._file = file
        self._quota_day = plan.quota_day
        self.limits = plan.limits
        self._calls = deque(file.calls(now - MINUTE))
        self._blocked_until = file.blocked_until() or now
        self._day = self._quota_day.of(now)
        self._used, self._refused = file.day(self._day)
        self._bursts = 0
        self._doubted_since: datetime | None = None
        self._last_refused = False

    def allowance(self, now: datetime) -> Allowance:
        """What is permitted at `now`."""
        self._turn(now)
        ends = self._quota_day.end(now)
        left = None if self.limits.day is None else max(0, self.limits.day - self._used)
        earliest = max(
            self._blocked_until,
            self._after(self.limits.second, SECOND, now),
            self._after(self.limits.minute, MINUTE, now),
        )
        return Allowance(
            ends if left == 0 else earliest,
            self._calls[-1] if self._calls else None,
            left,
            ends,
            self._last_refused,
        )

    def use(self, now: datetime) -> Use:
        """What has been used at `now`."""
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
        self._bursts, self._doubted_since = 0, None

    def correct(self, refusal: Refusal, now: datetime) -> None:
        """Takes over what a refusal reveals of the vendor's count.

        A refusal that is not in LIMITED changes nothing.
        """
        self._turn(now)
        if refusal.kind is Kind.DAY or self._is_the_day(refusal, now):
            # Whatever our plan has: nothing more is sent before the vendor's day ends.
            until = self._quota_day.end(now)
            self._used = max(self._used, self.limits.day or 0)
        elif refusal.kind is Kind.MINUTE:
            until = now + MINUTE_WAIT
        elif refusal.kind in (Kind.BURST, Kind.THROTTLED):
            until = now + self._burst_wait(refusal)
            self._learn(refusal.per_second)
        else:
            return
        self._refused += 1
        self._last_refused = True
        self._blocked_until = max(self._blocked_until, until)
        self._file.set_day(self._day, self._used, self._refused, self._blocked_until)

    def _is_the_day(self, refusal: Refusal, now: datetime) -> bool:
        """Whether a burst that may be the end of the day's quota is it: it lasts after a minute's silence."""
        if not refusal.may_be_day:
            return False
        since = self._doubted_since = min(self._doubted_since or now, now)
        return now - since >= MINUTE_WAIT

    def _burst_wait(self, refusal: Refusal) -> timedelta:
        self._bursts += 1
        if refusal.may_be_day and self._bursts > 1:
            return MINUTE_WAIT
        wait = min(BURST_WAIT * 2 ** min(self._bursts - 1, _MOST_DOUBLINGS), LONGEST_WAIT)
        return max(wait, timedelta(seconds=refusal.retry_after or 0))

    def _learn(self, per_second: int | None) -> None:
        if per_second and (self.limits.second is None or per_second < self.limits.second):
            self.limits = self.limits._replace(second=per_second)

    def _turn(self, now: datetime) -> None:
        if self._calls and self._calls[-1] > now:
            # The clock was set back. Calls in the future would block for as long.
            self._calls = deque(min(at, now) for at in self._calls)
        if self._blocked_until > now + LONGEST_BLOCK:
            is_day = self._blocked_until == self._quota_day.end(self._blocked_until - timedelta(seconds=1))
            self._blocked_until = self._quota_day.end(now) if is_day else now + LONGEST_WAIT
        day = self._quota_day.of(now)
        if day != self._day:
            self._day, (self._used, self._refused) = day, self._file.day(day)

    def _after(self, limit: int | None, window: timedelta, now: datetime) -> datetime:
        if limit is None or len(self._calls) < limit:
            return now
        return self._calls[-limit] + window

    def _within(self, since: datetime) -> int:
        return sum(at > since for at in self._calls)

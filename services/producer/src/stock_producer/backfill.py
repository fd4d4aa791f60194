"""The command `backfill`: history into the outbox, a call's bars and the mark that they are there in one transaction, and on to Kafka."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from stock_common.records import encode
from stock_common.run import FatalError
from stock_common.topics import BARS
from stock_producer.alphavantage import Answer
from stock_producer.budget import Budget
from stock_producer.history import Part, records
from stock_producer.outbox import Message, Outbox
from stock_producer.refusals import FATAL, LIMITED, Kind, Refusal
from stock_producer.responses import Request

MARK = "backfill"
ATTEMPTS = 5
"""Calls for one part that may fail in a row."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
TURN = 0.2
"""Seconds between two looks at Kafka while a call must wait."""
MOST_ROWS = 200_000
"""With more messages in the outbox nothing is fetched until Kafka has taken them."""
DRAIN_SECONDS = 20.0


class Sender(Protocol):
    """The way to Kafka."""

    def pump(self) -> None: ...


class Progress(NamedTuple):
    """`days`: further days of the vendor's that the rest takes; 0: today's calls carry it."""

    done: int
    parts: int
    bars: int
    calls: int
    left_today: int | None
    days: int


class Result(NamedTuple):
    """`waiting`: parts for which today's calls did not suffice; `failed`: what was not fetched, and why."""

    progress: Progress
    waiting: int
    failed: dict[str, str]


class Backfill:
    """One thread. Stopped at any point and run again, it goes on with the first part that is not in the outbox's marks."""

    def __init__(
        self,
        source: str,
        budget: Budget,
        outbox: Outbox,
        delivery: Sender,
        fetch: Callable[[Request], Answer],
        clock: Callable[[], datetime],
        sleep: Callable[[float], bool],
        show: Callable[[Progress], None],
        floor: float = 0.0,
    ) -> None:
        self._source = source
        self._budget = budget
        self._outbox = outbox
        self._delivery = delivery
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep
        self._show = show
        self._floor = timedelta(seconds=floor)
        self._bars = self._calls = 0

    def run(self, wanted: Sequence[Part], *, wait: bool) -> Result:
        """Fetches what is not there yet. `wait`: over midnight, when the day's calls are used up; otherwise it returns then, and when
        `sleep` says stop. Raises FatalError for a wrong configuration, and when Kafka takes nothing while the outbox fills."""
        done = self._outbox.marks(MARK)
        todo = [part for part in wanted if part.name not in done]
        failed: dict[str, str] = {}
        position = 0
        while position < len(todo):
            self._show(self._progress(wanted, len(todo) - position))
            part = todo[position]
            if part.symbol in failed:
                position += 1
                continue
            if not self._room() or not self._ready(wait):
                break
            problem = self._one(part)
            if problem:
                failed[part.symbol] = problem
            position += 1
        rest = sum(part.symbol not in failed for part in todo[position:])
        self._show(self._progress(wanted, rest))
        return Result(self._progress(wanted, rest), rest, failed)

    def deliver(self) -> bool:
        """Hands on what is in the outbox, for DRAIN_SECONDS at most, less when told to stop. Returns whether Kafka has all of it."""
        for _ in range(int(DRAIN_SECONDS / TURN)):
            self._delivery.pump()
            if not self._outbox.rows or self._sleep(TURN):
                break
        return self._outbox.rows == 0

    def _one(self, part: Part) -> str | None:
        """One part; why it was not fetched, None when it was."""
        failures = 0
        while True:
            now = self._clock()
            self._budget.take(now)
            self._calls += 1
            answer = self._fetch(part.request)
            if answer.refusal is None:
                self._keep(part, answer)
                return None
            refusal = answer.refusal
            if refusal.kind in FATAL:
                raise FatalError(f"{FATAL[refusal.kind]} Alpha Vantage says: {refusal.text}")
            if refusal.kind is Kind.SYMBOL:
                return f"the vendor has none of it ({refusal.text})"
            if refusal.kind in LIMITED:
                self._budget.correct(refusal, answer.arrived_at)
            failures += 1
            if failures >= ATTEMPTS or not self._pause(refusal, failures) or not self._ready(wait=False):
                return f"{refusal.kind}: {refusal.text}"

    def _keep(self, part: Part, answer: Answer) -> None:
        self._budget.answered()
        bars = records(part, answer, self._source)
        messages = [Message(BARS.name, bar.symbol, encode(bar)) for bar in bars]
        self._outbox.add(messages, {}, {}, answer.arrived_at, {(MARK, part.name): str(len(bars))})
        self._bars += len(bars)
        self._delivery.pump()

    def _ready(self, wait: bool) -> bool:
        """Waits until the budget permits a call. False: not today, or told to stop."""
        while True:
            now = self._clock()
            allowance = self._budget.allowance(now)
            earliest = max(allowance.earliest, allowance.last_call + self._floor) if allowance.last_call else allowance.earliest
            if earliest <= now:
                return True
            if earliest >= allowance.day_ends and not wait:
                return False
            if self._sleep(min(TURN, (earliest - now).total_seconds())):
                return False
            self._delivery.pump()

    def _pause(self, refusal: Refusal, failures: int) -> bool:
        until = self._clock() + timedelta(seconds=max(min(FIRST_PAUSE * 2**failures, LONGEST_PAUSE), refusal.retry_after or 0))
        while self._clock() < until:
            if self._sleep(TURN):
                return False
            self._delivery.pump()
        return True

    def _room(self) -> bool:
        if self._outbox.rows < MOST_ROWS:
            return True
        if not self.deliver():
            raise FatalError(
                f"{self._outbox.rows} bars wait in the outbox and Kafka takes none: make Kafka reachable and run the same command again."
            )
        return True

    def _progress(self, wanted: Sequence[Part], rest: int) -> Progress:
        now = self._clock()
        left = self._budget.allowance(now).day_left
        limit = self._budget.limits.day
        days = math.ceil(max(0, rest - left) / limit) if left is not None and limit else 0
        return Progress(len(wanted) - rest, len(wanted), self._bars, self._calls, left, days)


def line(progress: Progress, width: int = 30) -> str:
    """The progress as a bar."""
    filled = width * progress.done // max(1, progress.parts)
    left = "" if progress.left_today is None else f", {progress.left_today} calls left today"
    rest = progress.parts - progress.done
    days = f", {progress.days} more days" if progress.days else ""
    return f"[{'#' * filled}{'.' * (width - filled)}] {progress.done}/{progress.parts} calls done, {rest} to go{left}{days}; {progress.bars} bars"

"""Backfill: a call's bars and the mark that they are there in one transaction, and on to Kafka."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from stock_common import retry
from stock_common.run import FatalError
from stock_common.topics import BARS
from stock_producer.backfill.calls import NOTHING, Part, bars_of, changed, mark
from stock_producer.outbox.outbox import Message, Outbox
from stock_producer.records import fitting
from stock_producer.schedule.budget import Budget
from stock_producer.vendor.base import Answer, Description, Request
from stock_producer.vendor.kinds import FATAL, Kind, Refusal

MARK = "backfill"
CALLS = retry.Policy(first=2.0, longest=30.0, attempts=5)
"""Calls for one part that may fail in a row, and the pauses between them."""
TURN = 0.2
"""Seconds between two looks at Kafka while a call must wait."""
MOST_ROWS = 200_000
"""With more messages in the outbox nothing is fetched until Kafka has taken them."""
DRAIN_SECONDS = 20.0


class Sender(Protocol):
    """The way to Kafka."""

    def pump(self) -> None: ...


class Progress(NamedTuple):
    """`days`: further days of the quota that the rest takes. 0: today's calls carry it."""

    done: int
    parts: int
    bars: int
    calls: int
    left_today: int | None
    days: int


class Result(NamedTuple):
    """What a run has led to.

    waiting: parts for which today's calls did not suffice.
    failed: symbol → why it was not fetched.
    left_out: symbol → what of its answers is not among the bars, each in words.
    empty: the parts whose answers had no bar of the wanted days.
    changed: marks of earlier backfills that a split has made due again.
    """

    progress: Progress
    waiting: int
    failed: dict[str, str]
    left_out: dict[str, list[str]]
    empty: list[Part]
    changed: list[str]


@dataclass(frozen=True)
class Access:
    """A source, and the limits under which it may be asked. `floor`: seconds between two calls at least."""

    source: str
    description: Description
    fetch: Callable[[Request], Answer]
    budget: Budget
    floor: float = 0.0


class Backfill:
    """One thread.

    Stopped at any point and run again, it goes on with the first part that has no mark in the outbox.
    """

    def __init__(
        self,
        access: Access,
        outbox: Outbox,
        delivery: Sender,
        clock: Callable[[], datetime],
        sleep: Callable[[float], bool],
        show: Callable[[Progress], None],
    ) -> None:
        self._access = access
        self._outbox = outbox
        self._delivery = delivery
        self._clock = clock
        self._sleep = sleep
        self._show = show
        self._bars = self._calls = 0
        self._left_out: dict[str, list[str]] = {}
        self._empty: list[Part] = []
        self._changed: list[str] = []

    def run(self, wanted: Sequence[Part], *, wait: bool) -> Result:
        """Fetches the parts that are not there yet.

        wait: goes on over midnight when the day's calls are used up. Without it the run ends then.
        The run also ends when `sleep` returns True, because the process is to stop.
        Raises FatalError for a wrong configuration, and when Kafka takes nothing while the outbox fills.
        """
        marks = self._outbox.marks(MARK)
        todo = [part for part in wanted if not part.is_done(marks)]
        failed: dict[str, str] = {}
        position = 0
        while position < len(todo):
            self._show(self._progress(wanted, len(todo) - position))
            part = todo[position]
            if part.symbol not in failed:
                self._make_room()
                if not self._ready(wait):
                    break
                problem = self._fetch(part)
                if problem:
                    failed[part.symbol] = problem
            position += 1
        rest = sum(part.symbol not in failed for part in todo[position:])
        self._show(self._progress(wanted, rest))
        progress = self._progress(wanted, rest)
        return Result(progress, rest, failed, self._left_out, self._empty, self._changed)

    def deliver(self) -> bool:
        """Sends what is in the outbox, for DRAIN_SECONDS at most. Returns whether Kafka has all of it."""
        for _ in range(int(DRAIN_SECONDS / TURN)):
            self._delivery.pump()
            if not self._outbox.rows or self._sleep(TURN):
                break
        return self._outbox.rows == 0

    def _fetch(self, part: Part) -> str | None:
        """One part. Returns why it was not fetched, None when it was."""
        try:
            answer = retry.call(
                lambda: self._ask(part.request), CALLS, retryable=_may_succeed, wait=self._may_not_go_on
            )
        except retry.Stopped as stopped:
            return _reason(stopped.__cause__)
        except Refusal as refusal:
            return _reason(refusal)
        self._keep(part, answer)
        return None

    def _ask(self, request: Request) -> Answer:
        """One call, counted. Raises Refusal, and FatalError for a wrong configuration."""
        self._access.budget.take(self._clock())
        self._calls += 1
        answer = self._access.fetch(request)
        if answer.refusal is None:
            return answer
        if answer.refusal.kind in FATAL:
            raise FatalError(self._access.description.explain(answer.refusal))
        self._access.budget.correct(answer.refusal, answer.arrived_at)
        raise answer.refusal

    def _keep(self, part: Part, answer: Answer) -> None:
        self._access.budget.answered()
        left_out = [*answer.unread]
        messages: list[Message] = []
        for bar in bars_of(part, answer, self._access.source):
            try:
                messages.append(Message(BARS.name, bar.symbol, fitting(bar, answer.arrived_at)))
            except ValueError as error:
                left_out.append(f"the bar of {bar.starts_at:%Y-%m-%d}{' adjusted' * bar.adjusted}: {error}")
        if left_out:
            self._left_out.setdefault(part.symbol, []).extend(left_out)
        if not messages and not part.under_way:
            self._empty.append(part)
        due_again = changed(part, answer, self._outbox.marks(MARK))
        self._changed += due_again
        marks = dict.fromkeys(((MARK, name) for name in due_again), NOTHING)
        marks[MARK, part.name] = mark(part, answer, len(messages))
        self._outbox.add(messages, {}, {}, answer.arrived_at, marks)
        self._bars += len(messages)
        self._delivery.pump()

    def _ready(self, wait: bool) -> bool:
        """Waits until the budget permits a call. False: not today, or the process is to stop."""
        while True:
            now = self._clock()
            allowance = self._access.budget.allowance(now)
            earliest = allowance.earliest
            if allowance.last_call:
                earliest = max(earliest, allowance.last_call + timedelta(seconds=self._access.floor))
            if earliest <= now:
                return True
            if earliest >= allowance.day_ends and not wait:
                return False
            if self._sleep(min(TURN, (earliest - now).total_seconds())):
                return False
            self._delivery.pump()

    def _may_not_go_on(self, seconds: float) -> bool:
        """Waits before the next attempt, and on until the budget permits it. True: there must be none."""
        until = self._clock() + timedelta(seconds=seconds)
        while self._clock() < until:
            if self._sleep(TURN):
                return True
            self._delivery.pump()
        return not self._ready(wait=False)

    def _make_room(self) -> None:
        """Waits for Kafka while the outbox is full."""
        if self._outbox.rows >= MOST_ROWS and not self.deliver():
            raise FatalError(
                f"{self._outbox.rows} bars wait in the outbox and Kafka takes none: "
                "make Kafka reachable and run the same command again."
            )

    def _progress(self, wanted: Sequence[Part], rest: int) -> Progress:
        left = self._access.budget.allowance(self._clock()).day_left
        limit = self._access.budget.limits.day
        days = math.ceil(max(0, rest - left) / limit) if left is not None and limit else 0
        return Progress(len(wanted) - rest, len(wanted), self._bars, self._calls, left, days)


def _may_succeed(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, Refusal) and error.kind is not Kind.SYMBOL


def _reason(error: BaseException | None) -> str:
    if not isinstance(error, Refusal):
        return str(error)
    if error.kind is Kind.SYMBOL:
        return f"the vendor has none of it ({error.text})"
    return f"{error.kind}: {error.text}"


def line(progress: Progress, width: int = 30) -> str:
    """The progress as a bar."""
    filled = width * progress.done // max(1, progress.parts)
    left = "" if progress.left_today is None else f", {progress.left_today} calls left today"
    rest = progress.parts - progress.done
    days = f", {progress.days} more days" if progress.days else ""
    bar = f"[{'#' * filled}{'.' * (width - filled)}]"
    done = f"{progress.done}/{progress.parts} calls done, {rest} to go{left}{days}"
    return f"{bar} {done}; {progress.bars} bars"

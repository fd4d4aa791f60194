"""The producer's loop: it fetches what is due, keeps the answers, and sends what is kept.

Neither Kafka nor the vendor can block it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from stock_common.deadline import Deadline
from stock_producer.status import Parts, Reporter

LONGEST_WAIT = 0.5
REPORT_WAIT = 0.05
"""Seconds between two looks at delivery reports while some are outstanding."""
ANSWER_SECONDS = 11.0
"""Calls under way end within this, because their timeout is shorter."""
DRAIN_SECONDS = 10.0
RESUME_SHARE = 0.9
"""A restart with a fuller outbox than this fetches nothing until Kafka has taken some of it."""


class Loop:
    """`step` and `close` for the run loop. Every record is on disk before Kafka sees it."""

    def __init__(self, parts: Parts, reporter: Reporter, clock: Callable[[], datetime]) -> None:
        self._parts = parts
        self._reporter = reporter
        self._clock = clock
        self._paused = parts.outbox.share >= RESUME_SHARE

    def step(self) -> None:
        """One turn.

        It blocks for LONGEST_WAIT, less when an answer comes in or a call is due. Raises FatalError.
        """
        now = self._clock()
        self._paused = self._paused and self._parts.outbox.share >= RESUME_SHARE
        wait = LONGEST_WAIT
        if not self._paused:
            due_in = (self._parts.polling.send_due(now) - self._clock()).total_seconds()
            wait = min(wait, max(0.0, due_in)) if self._parts.fetcher.free else wait
        self._parts.delivery.pump()
        self._reporter.report(now, paused=self._paused)
        self._parts.recorder.tick(now)
        answers = self._parts.fetcher.answers(
            min(wait, REPORT_WAIT) if self._parts.delivery.in_flight else wait
        )
        if answers:
            self._parts.recorder.record(answers)
            self._parts.delivery.pump()

    def close(self, deadline: Deadline) -> None:
        """Starts no call, keeps what those under way bring, and sends what Kafka takes in time.

        The rest is sent after the next start.
        """
        try:
            answers = self._parts.fetcher.close(Deadline(min(ANSWER_SECONDS, deadline.remaining())))
            if answers:
                self._parts.recorder.record(answers)
        finally:
            self._parts.delivery.close(Deadline(min(DRAIN_SECONDS, deadline.remaining())))
            self._reporter.report(self._clock(), paused=self._paused, final=True)

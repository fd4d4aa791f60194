"""The producer's loop: fetch what is due, keep what came, hand on what is kept. Neither Kafka nor the vendor can block it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from stock_common.deadline import Deadline
from stock_producer.delivery import Delivery
from stock_producer.fetching import Fetcher
from stock_producer.outbox import Outbox
from stock_producer.polling import Polling
from stock_producer.recording import Recorder
from stock_producer.reporting import Reporter

LONGEST_WAIT = 0.5
REPORT_WAIT = 0.05
"""Seconds between two looks at delivery reports while some are outstanding."""
ANSWER_SECONDS = 11.0
"""Calls under way end within this: their timeout is shorter."""
DRAIN_SECONDS = 10.0
RESUME_SHARE = 0.9
"""A restart with a fuller outbox than this fetches nothing until Kafka has taken some of it."""


class Loop:
    """`step` and `close` for the run loop. Every record is on disk before Kafka sees it."""

    def __init__(
        self,
        polling: Polling,
        fetcher: Fetcher,
        recorder: Recorder,
        outbox: Outbox,
        delivery: Delivery,
        reporter: Reporter,
        clock: Callable[[], datetime],
    ) -> None:
        self._polling = polling
        self._fetcher = fetcher
        self._recorder = recorder
        self._outbox = outbox
        self._delivery = delivery
        self._reporter = reporter
        self._clock = clock
        self._paused = outbox.share >= RESUME_SHARE

    def step(self) -> None:
        """One turn; blocks for LONGEST_WAIT, less when an answer comes in or a call is due. Raises FatalError."""
        now = self._clock()
        self._paused = self._paused and self._outbox.share >= RESUME_SHARE
        wait = LONGEST_WAIT
        if not self._paused:
            due_in = (self._polling.send_due(now) - self._clock()).total_seconds()
            wait = min(wait, max(0.0, due_in)) if self._fetcher.free else wait
        self._delivery.pump()
        self._reporter.report(now, paused=self._paused)
        self._recorder.tick(now)
        answers = self._fetcher.answers(min(wait, REPORT_WAIT) if self._delivery.in_flight else wait)
        if answers:
            self._recorder.record(answers)
            self._delivery.pump()

    def close(self, deadline: Deadline) -> None:
        """Starts no call, keeps what those under way bring, sends what Kafka takes in time. What remains is sent after the next start."""
        try:
            answers = self._fetcher.close(Deadline(min(ANSWER_SECONDS, deadline.remaining())))
            if answers:
                self._recorder.record(answers)
        finally:
            self._delivery.close(Deadline(min(DRAIN_SECONDS, deadline.remaining())))
            self._reporter.report(self._clock(), paused=self._paused, final=True)

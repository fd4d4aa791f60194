"""A fault that comes again and again has one line in the log, then one every few minutes with a count."""

from __future__ import annotations

import time

import structlog

from stock_common.deadline import Monotonic

REPEAT_SECONDS = 300.0
MOST_KINDS = 1_000
"""So many faults are remembered. Beyond them, all count as new."""


class Repeats:
    """Logs a fault at once, and the same fault again after REPEAT_SECONDS, with the times it came meanwhile.

    Any thread may call. A fault is known by its event and its reason.
    """

    def __init__(self, log: structlog.stdlib.BoundLogger, clock: Monotonic = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def warning(self, event: str, reason: str, **fields: object) -> None:
        self._say("warning", event, reason, fields)

    def error(self, event: str, reason: str, **fields: object) -> None:
        self._say("error", event, reason, fields)

    def forget(self) -> None:
        """All is well again: the next fault is new."""
        self._seen.clear()

    def _say(self, level: str, event: str, reason: str, fields: dict[str, object]) -> None:
        now, kind = self._clock(), (event, reason)
        if len(self._seen) >= MOST_KINDS:
            self._seen.clear()
        logged_at, times = self._seen.get(kind, (None, 0))
        if logged_at is not None and now < logged_at + REPEAT_SECONDS:
            self._seen[kind] = logged_at, times + 1
            return
        self._seen[kind] = now, 0
        again = {"times": times + 1} if logged_at is not None else {}
        getattr(self._log, level)(event, reason=reason, **fields, **again)

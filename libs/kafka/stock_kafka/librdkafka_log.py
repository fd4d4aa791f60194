"""The Kafka client's own log. An unreachable broker makes several lines a second. One a minute is enough."""

from __future__ import annotations

import logging
import time

from stock_common.deadline import Monotonic

NAME = "stock.librdkafka"
QUIET_SECONDS = 60.0


class Seldom(logging.Filter):
    """Passes a line of each client and facility once in QUIET_SECONDS.

    The facility is librdkafka's first word: FAIL, GETPID and others.
    """

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.getMessage().partition("]")[0]
        now = self._clock()
        if now - self._passed_at.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        self._passed_at[kind] = now
        return True


def logger() -> logging.Logger:
    """The logger for a client's `logger` setting."""
    found = logging.getLogger(NAME)
    if not any(isinstance(each, Seldom) for each in found.filters):
        found.addFilter(Seldom())
    return found

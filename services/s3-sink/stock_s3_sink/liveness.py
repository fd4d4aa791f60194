"""Liveness in the consumer group: how long ago the group was polled."""

from __future__ import annotations

from stock_common.deadline import Monotonic


class Liveness:
    """Remembers the last poll.

    The group gives a member's partitions away when it has not polled for max.poll.interval.ms. A process that
    slept for longer may have lost its partitions, so it must not put anything.
    """

    def __init__(self, limit: float, clock: Monotonic) -> None:
        """limit: seconds after a poll in which puts are allowed."""
        self._limit, self._clock = limit, clock
        self._at = clock()

    def polled(self) -> float:
        """The group was polled now. Returns the clock's time in seconds."""
        self._at = self._clock()
        return self._at

    def now(self) -> float:
        """The clock's time in seconds."""
        return self._clock()

    def fresh(self) -> bool:
        """Whether the last poll is recent enough for a put."""
        return self._clock() - self._at < self._limit

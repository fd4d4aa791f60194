"""A point in time that every step of a shutdown shares, so that the bounds do not add up."""

from __future__ import annotations

import time
from collections.abc import Callable

Monotonic = Callable[[], float]


class Deadline:
    """`seconds` from now on a monotonic clock."""

    def __init__(self, seconds: float, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - self._clock())

    @property
    def passed(self) -> bool:
        return self.remaining() == 0.0

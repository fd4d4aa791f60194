"""When the group was last polled."""

from __future__ import annotations

from stock_common.deadline import Monotonic


class PollClock:
    """When the group was last polled: a sleeper past max.poll.interval.ms may have lost its partitions and puts nothing."""

    def __init__(self, limit: float, clock: Monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._at = clock()

    def polled(self) -> float:
        self._at = self._clock()
        return self._at

    def fresh(self) -> bool:
        return self._clock() - self._at < self._limit

"""Notices partitions that bring nothing although their log has more.

A client can stop to fetch a partition in silence, and then its own idea of the log's end stands still.
So the broker is asked, past the consumer. Example, in the thread that polls:

    watch = StallWatch(partial(ends, AdminClient(settings.admin("dashboard"))))
    if stalled := watch.stalled(positions):
        consumer.close()
        consumer = assigned_again(positions)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from stock_common.deadline import Monotonic
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable

CHECK_SECONDS = 30.0
"""A partition that stands still is named after one interval to two."""
Place = tuple[str, int]
"""(topic, partition)."""


class StallWatch:
    """Asks for the ends once in `seconds`. `ends` raises Unreachable when the broker does not answer."""

    def __init__(
        self,
        ends: Callable[[Iterable[Place]], Mapping[Place, int]],
        seconds: float = CHECK_SECONDS,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._ends, self._seconds, self._clock = ends, seconds, clock
        self._asked_at = clock()
        self._lagging: dict[Place, int] = {}

    def stalled(self, positions: Mapping[Place, int]) -> list[Place]:
        """The partitions that had more to read at the last check, and that have not moved since.

        positions: the offset to read next of each partition, also after what a consumer is not given. The
            event of a partition's end carries it: it is beyond a transaction's last marker.

        None are stalled between two checks. None are while the broker does not answer: a reader cannot
        move then. Blocks for the bound of one call at most.
        """
        if self._clock() < self._asked_at + self._seconds:
            return []
        self._asked_at = self._clock()
        try:
            found = self._ends(positions)
        except (Unreachable, FatalError):
            self._lagging = {}
            return []
        before = self._lagging
        self._lagging = {place: at for place, at in positions.items() if at < found.get(place, 0)}
        stalled = [place for place, at in self._lagging.items() if before.get(place) == at]
        for place in stalled:
            # Whoever reads it again has a whole interval for the first message.
            del self._lagging[place]
        return stalled

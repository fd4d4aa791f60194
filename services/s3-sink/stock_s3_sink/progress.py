"""Progress of each partition against the brokers' own end offsets, which no stuck client can hide.

A consumer's cached end stands still when its fetch stands still, so a lag from it is 0 for a stuck partition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import NamedTuple

from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_s3_sink import background
from stock_s3_sink.fetched import PartitionId

CHECK_SECONDS = 10.0
STUCK_SECONDS = 30.0
"""A partition that gets nothing for so long, although its log goes on, is looked at."""
TRIES = 1
"""A partition that stands still after so many new assignments needs a new process."""

Ends = Callable[[list[PartitionId]], Mapping[PartitionId, int]]
Expected = Callable[[], Mapping[PartitionId, int]]


class Position(NamedTuple):
    """The offset to come next, since when it is that, and how often the partition was assigned again."""

    expected: int
    since: float
    tries: int = 0


class Progress:
    """`ends` asks the brokers, in a thread of its own. Called from the loop's thread."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._asked: Future[Mapping[PartitionId, int]] | None = None
        self._next = 0.0
        self._positions: dict[PartitionId, Position] = {}
        self.ends: Mapping[PartitionId, int] = {}

    def stuck(self, expected: Expected, now: float, paused: bool) -> list[PartitionId]:
        """Partitions that stand still although their log goes on. Each is named again after STUCK_SECONDS.

        expected: tells the offsets to come next. It is called for a question and for an answer only: most
            calls of this method have neither.
        """
        if not self._answered(expected, now):
            return []
        self._positions = {
            partition_id: self._position(partition_id, offset, now, paused)
            for partition_id, offset in expected().items()
        }
        found = [each for each, position in self._positions.items() if now - position.since >= STUCK_SECONDS]
        for each in found:
            self._positions[each] = self._positions[each]._replace(since=now)
        return found

    def assign_again(self, partition_id: PartitionId) -> None:
        """Counts a new assignment of a stuck partition. Raises FatalError where the last one did not help."""
        position = self._positions[partition_id]
        if position.tries >= TRIES:
            topic, number = partition_id
            raise FatalError(
                f"{topic}/{number} stands still at offset {position.expected}, the log ends at "
                f"{self.ends[partition_id]}, and a new assignment did not help: start the sink again."
            )
        self._positions[partition_id] = position._replace(tries=position.tries + 1)

    def _answered(self, expected: Expected, now: float) -> bool:
        """Whether there are new end offsets. Asks for the next ones when it is time."""
        if self._asked is None:
            if now >= self._next:
                self._next = now + CHECK_SECONDS
                self._asked = background.run("ends", self._ends, list(expected()))
            return False
        if not self._asked.done():
            return False
        asked, self._asked = self._asked, None
        try:
            self.ends = asked.result()
        except Unreachable:
            return False
        return True

    def _position(self, partition_id: PartitionId, offset: int, now: float, paused: bool) -> Position:
        before = self._positions.get(partition_id)
        if before is None or paused or before.expected != offset or self.ends.get(partition_id, 0) <= offset:
            return Position(offset, now)
        return before

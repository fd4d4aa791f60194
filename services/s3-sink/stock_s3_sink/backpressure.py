"""Back-pressure: when too many bytes are held, partitions are paused. Polling goes on."""

from __future__ import annotations

from collections.abc import Mapping

from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.source import Source
from stock_s3_sink.uploads import Partition, Uploads

LEAST_SHARE = 8
"""An object that is cut for memory has at least this part of the ceiling, with up to four partitions."""
WAIT_SECONDS = 0.5
"""At the ceiling an upload that ends within this time saves a pause.

A pause discards what was fetched ahead.
"""


class Backpressure:
    """Pauses the source while buffers and uploads hold `ceiling` bytes of JSON or more."""

    def __init__(self, source: Source, ceiling: int) -> None:
        self._source, self._ceiling = source, ceiling
        self.paused = False

    def relieve(self, parts: Mapping[PartitionId, Partition]) -> None:
        """Cuts the fullest buffer early above half the ceiling. Resumes the partitions below half of it.

        It cuts while less than half the ceiling is cut and not on S3 yet, and never a small buffer. At the
        ceiling at least half of it is in buffers then, so the fullest is always large enough.
        """
        held, half = _bytes_held(parts), self._ceiling // 2
        if held < half:
            self.resume()
            return
        fullest = max((part.cutter for part in parts.values()), key=lambda cutter: cutter.buffer.size)
        cut = held - sum(part.cutter.buffer.size for part in parts.values())
        if cut < half and fullest.buffer.size >= self.smallest(len(parts)):
            fullest.cut("memory")

    def smallest(self, partitions: int) -> int:
        """The least bytes of JSON in an object that is cut for memory."""
        return self._ceiling // max(LEAST_SHARE, 2 * partitions)

    def wait_or_pause(self, parts: Mapping[PartitionId, Partition]) -> None:
        """Called before each poll.

        At the ceiling it waits a moment for an upload, and pauses if none ends.
        """
        if self.paused or _bytes_held(parts) < self._ceiling:
            return
        Uploads.wait_any(parts.values(), WAIT_SECONDS)
        if not any(part.upload and part.upload.done() for part in parts.values()):
            self._source.pause()
            self.paused = True

    def resume(self) -> None:
        """Resumes every partition.

        The loop also calls this before partitions are assigned or looked up again. A new partition is not
        paused, so the others must not stay paused either.
        """
        if self.paused:
            self._source.resume()
            self.paused = False


def _bytes_held(parts: Mapping[PartitionId, Partition]) -> int:
    return sum(part.cutter.size for part in parts.values())

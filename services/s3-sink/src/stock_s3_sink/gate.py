"""The memory ceiling: above it partitions are paused, while polling goes on."""

from __future__ import annotations

from collections.abc import Mapping

from stock_s3_sink.source import Place, Source
from stock_s3_sink.uploads import Partition, Uploads

UPLOADS = 4
"""Above half the ceiling the fullest buffers are cut, as long as fewer uploads than this are under way."""
WAIT_SECONDS = 0.5
"""At the ceiling an upload that ends soon is waited for: a pause throws away what was fetched ahead, and it is fetched again."""


class Gate:
    """`ceiling`: bytes of JSON held in buffers and in what is being put."""

    def __init__(self, source: Source, ceiling: int) -> None:
        self._source, self._ceiling = source, ceiling
        self.paused = False

    def round(self, parts: Mapping[Place, Partition]) -> None:
        """Cuts early, pauses or resumes, as what is held demands."""
        held = _held(parts)
        if held >= self._ceiling // 2 and sum(not part.idle for part in parts.values()) < UPLOADS:
            max(parts.values(), key=lambda part: part.cutter.buffer.size).cutter.cut("memory")
        if held < self._ceiling // 2:
            self.open()

    def wait(self, parts: Mapping[Place, Partition]) -> None:
        """Before consuming: gives uploads a moment when the ceiling is reached, and pauses when that was not enough."""
        if self.paused or _held(parts) < self._ceiling:
            return
        Uploads.wait_any(parts.values(), WAIT_SECONDS)
        if not any(part.upload and part.upload.done() for part in parts.values()):
            self._source.pause()
            self.paused = True

    def open(self) -> None:
        """Lets all partitions flow. Before partitions come or move, too: a new one is not paused, so that none may be."""
        if self.paused:
            self._source.resume()
            self.paused = False


def _held(parts: Mapping[Place, Partition]) -> int:
    return sum(part.cutter.size for part in parts.values())

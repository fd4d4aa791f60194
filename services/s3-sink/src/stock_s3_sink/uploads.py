"""Uploads: one chunk of a partition at a time, in order; partitions side by side, in worker threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from stock_common.run import FatalError
from stock_common.topics import SUNK
from stock_objects.chain import ForeignObject
from stock_s3_sink.chunks import Chunk, Cutter
from stock_s3_sink.writer import LinkWriter, Put

TOPICS = {topic.name: topic for topic in SUNK}


@dataclass(eq=False)
class Partition:
    """An assigned partition. `abandoned` is set when it is no longer ours; `relocate`: its position is to be looked up again."""

    cutter: Cutter
    abandoned: threading.Event = field(default_factory=threading.Event)
    upload: Future[Put] | None = None
    uploading: Chunk | None = None
    relocate: bool = False

    @property
    def idle(self) -> bool:
        """Nothing is cut that is not on S3."""
        return self.upload is None and not self.cutter.queue


class Uploads:
    """Starts and collects uploads. The cutter is touched by the caller's thread alone: a worker gets records and a key."""

    def __init__(self, writer: LinkWriter, threads: int) -> None:
        self._writer = writer
        self._pool = ThreadPoolExecutor(threads, "upload")

    def start(self, partition: Partition) -> None:
        """Sends the partition's first chunk on its way."""
        chunk = partition.cutter.queue[0]
        key = partition.cutter.key(chunk.records)
        partition.uploading = chunk
        partition.upload = self._pool.submit(self._writer.put, TOPICS[key.topic], key, chunk.records, partition.abandoned.wait)

    def collect(self, partition: Partition) -> tuple[Chunk, Put] | None:
        """What has come of the partition's upload; None while it is under way. Raises Abandoned or FatalError."""
        upload, chunk = partition.upload, partition.uploading
        if upload is None or chunk is None or not upload.done():
            return None
        partition.upload = partition.uploading = None
        try:
            put = upload.result()
        except ForeignObject as error:
            raise FatalError(f"The chain of {'/'.join(map(str, partition.cutter.chain))} cannot go on: {error}. Move that object away.") from None
        partition.cutter.settled(put.link)
        return chunk, put

    @staticmethod
    def wait_any(partitions: Iterable[Partition], seconds: float) -> None:
        """Waits until one of the uploads is done, `seconds` at most."""
        wait([p.upload for p in partitions if p.upload], seconds, return_when="FIRST_COMPLETED")

    def close(self) -> None:
        """Waits for nothing: what is under way has been abandoned."""
        self._pool.shutdown(wait=False, cancel_futures=True)

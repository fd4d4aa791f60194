"""Uploads in worker threads: partitions in parallel, the chunks of one partition one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from stock_common.keys import ObjectKey
from stock_common.topics import SUNK
from stock_objects.chain import ForeignObject
from stock_s3_sink import background
from stock_s3_sink.cutter import Chunk, Cutter, Records
from stock_s3_sink.writer import LinkWriter, Put

TOPICS = {topic.name: topic for topic in SUNK}


@dataclass(eq=False)
class Partition:
    """An assigned partition.

    abandoned: set when the partition is no longer this sink's.
    relocate: its resume point must be looked up again.
    obstacle: a stranger's object that was found where its lost link belongs.
    epoch: the latest leader epoch of what is held or on S3, -1 where it is not known.
    """

    cutter: Cutter
    abandoned: threading.Event = field(default_factory=threading.Event)
    upload: Future[Put] | None = None
    uploading: Chunk | None = None
    relocate: bool = False
    obstacle: ForeignObject | None = None
    epoch: int = -1

    def take(self, records: Records, now: float) -> None:
        self.cutter.append(records, now)
        self.epoch = max(self.epoch, records.leader_epoch)

    @property
    def place(self) -> dict[str, object]:
        """What the log says of it."""
        return {**self.cutter.chain._asdict(), "offset": self.cutter.next_offset}

    @property
    def idle(self) -> bool:
        """Whether every chunk that was cut is on S3."""
        return self.upload is None and not self.cutter.queue


class Uploads:
    """Starts and collects uploads.

    Only the caller's thread touches a cutter: a worker gets records and a key.
    """

    def __init__(self, writer: LinkWriter, threads: int) -> None:
        self._writer = writer
        self._turn = threading.BoundedSemaphore(threads)

    def start(self, partition: Partition) -> None:
        """Starts the upload of the partition's first chunk."""
        chunk = partition.cutter.queue[0]
        key = partition.cutter.key(chunk.records)
        partition.uploading = chunk
        partition.upload = background.run("upload", self._put, partition, key, chunk.records)

    def _put(self, partition: Partition, key: ObjectKey, records: Records) -> Put:
        with self._turn:
            return self._writer.put(TOPICS[key.topic], key, records, partition.abandoned.wait)

    def collect(self, partition: Partition) -> tuple[Chunk, Put] | None:
        """The result of the partition's upload, None while there is none.

        Raises Abandoned, FatalError or ForeignObject.
        """
        upload, chunk = partition.upload, partition.uploading
        if upload is None or chunk is None or not upload.done():
            return None
        partition.upload = partition.uploading = None
        put = upload.result()
        partition.cutter.settled(put.link)
        partition.epoch = max(partition.epoch, put.link.leader_epoch)
        return chunk, put

    @staticmethod
    def wait_any(partitions: Iterable[Partition], seconds: float) -> None:
        """Waits until one of the uploads is done, `seconds` at most."""
        wait([p.upload for p in partitions if p.upload], seconds, return_when="FIRST_COMPLETED")

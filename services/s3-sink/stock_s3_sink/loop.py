"""The sink's loop: consume, cut and put, in one thread. Uploads run in worker threads.

`poll_once` blocks for a poll of half a second at most. When Kafka or S3 do not answer, it blocks for the
bound of one call. Offsets are committed by `StatusReporter.round` and `Sink.revoked` only, and for lag tools
only: a partition resumes where its chain on S3 ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from stock_common.deadline import Deadline
from stock_kafka.cluster import Unreachable
from stock_kafka.reader import Expired, Unreadable
from stock_objects.chain import ForeignObject
from stock_s3_sink import gaps
from stock_s3_sink.backpressure import Backpressure
from stock_s3_sink.blocking import Blocking
from stock_s3_sink.continuity import require_continuity
from stock_s3_sink.cutter import Limits, Reason, Records
from stock_s3_sink.fetched import Fetched, PartitionId
from stock_s3_sink.liveness import Liveness
from stock_s3_sink.progress import Progress
from stock_s3_sink.resume import Resumer
from stock_s3_sink.source import Source
from stock_s3_sink.status import Situation, StatusReporter
from stock_s3_sink.uploads import TOPICS, Partition, Uploads
from stock_s3_sink.writer import Abandoned

BATCH = 500
"""Records taken at once.

Their messages are freed while the processor's cache still holds them: a fifth faster than with 4,000.
"""
POLL_SECONDS = 0.5
BUSY_POLL_SECONDS = 0.05
REVOKE_SECONDS = 20.0
UPLOAD_WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Stages:
    """What a round of the loop goes through."""

    source: Source
    progress: Progress
    backpressure: Backpressure
    resumer: Resumer
    uploads: Uploads
    status: StatusReporter


class Sink:
    """One sink of the group. Implements Listener: Kafka says which partitions it owns."""

    def __init__(
        self, stages: Stages, limits: Limits, liveness: Liveness, log: structlog.stdlib.BoundLogger
    ) -> None:
        self._source, self._backpressure, self._progress = stages.source, stages.backpressure, stages.progress
        self._resumer, self._uploads, self._status = stages.resumer, stages.uploads, stages.status
        self._limits, self._liveness, self._log = limits, liveness, log
        self._parts: dict[PartitionId, Partition] = {}
        self._blocks = Blocking(self._source, log)
        self._reason: Reason = "revoke"
        self._closing: Deadline | None = None
        self._source.subscribe(TOPICS, self)

    def poll_once(self) -> None:
        """One round: consumes, cuts what is due, collects and starts uploads."""
        self._backpressure.wait_or_pause(self._parts)
        busy = any(part.upload for part in self._parts.values())
        fetched = self._source.consume(BATCH, BUSY_POLL_SECONDS if busy else POLL_SECONDS)
        now = self._liveness.polled()
        self._take(fetched, now)
        for part in self._parts.values():
            if reason := part.cutter.due(self._limits, now):
                part.cutter.cut(reason)
        self._collect(self._parts)
        self._backpressure.relieve(self._parts)
        self._start(self._parts)
        self._look_at_the_stuck(now)
        for partition_id in self._blocks.due(now):
            self._parts[partition_id].relocate = True
        self._relocate()
        situation = Situation(self._backpressure.paused, self._blocks.texts, self._progress.ends)
        self._status.round(self._parts, self._source, situation, now)

    def close(self, deadline: Deadline) -> None:
        """Flushes everything under the deadline, leaves the group, ends the threads."""
        self._reason = "shutdown"
        self._closing = Deadline(min(REVOKE_SECONDS, deadline.remaining()))
        self._flush(list(self._parts), self._closing)
        self._source.close()
        self._status.close(min(2.0, deadline.remaining()))

    def assigned(self, partition_ids: list[PartitionId]) -> Mapping[PartitionId, int]:
        """Looks up each partition's resume point on S3. Raises FatalError when it cannot be known."""
        self._backpressure.resume()
        offsets = {}
        for partition_id in partition_ids:
            part = self._locate(partition_id)
            offsets[partition_id] = part.cutter.next_offset
            self._log.info("assigned", **part.place)
        return offsets

    def revoked(self, partition_ids: list[PartitionId]) -> None:
        """Puts what is held, under a deadline, and commits what is put, without a wait."""
        self._flush(partition_ids, self._closing or Deadline(REVOKE_SECONDS))
        known = [partition_id for partition_id in partition_ids if partition_id in self._parts]
        offsets = {partition_id: self._parts[partition_id].cutter.next_offset for partition_id in known}
        self._source.commit(offsets)
        self._drop(partition_ids, "revoked")

    def lost(self, partition_ids: list[PartitionId]) -> None:
        """Drops what is held."""
        self._drop(partition_ids, "lost")

    def _take(self, fetched: Fetched, now: float) -> None:
        for note in fetched.notes:
            self._status.note(note, now)
        for partition_id, records in fetched.records.items():
            if partition_id in self._parts and partition_id not in self._blocks:
                self._status.consumed(partition_id, len(records))
                self._append(partition_id, records, now)
        # After the records: one answer of the client may hold what comes before the error as well.
        for partition_id, text in fetched.unreadable.items():
            if part := self._parts.get(partition_id):
                reason = f"offset {part.cutter.expected} cannot be read: {text}"
                self._blocks.block(partition_id, part, reason, now)
        for partition_id in fetched.out_of_range & self._parts.keys():
            if partition_id not in self._blocks:
                part = self._parts[partition_id]
                self._log.warning("position is not in the log any more", **part.place)
                part.cutter.cut("out_of_range")
                part.relocate = True

    def _append(self, partition_id: PartitionId, records: Records, now: float) -> None:
        """Takes delivered records, and first those that the client left out."""
        part = self._parts[partition_id]
        try:
            require_continuity(partition_id, part, records, self._source.reread)
            filled = gaps.fill(partition_id, part.cutter.expected, records, self._source.reread)
        except (Unreachable, Unreadable) as error:
            text = f"offset {part.cutter.expected} was not delivered, and cannot be read: {error}"
            self._blocks.block(partition_id, part, text, now)
            return
        self._status.filled(partition_id, filled)
        part.take(filled.records, now)
        if filled.partial:
            self._reposition([partition_id])

    def _expected(self) -> dict[PartitionId, int]:
        """The offset to come next of each partition that can go on."""
        return {each: part.cutter.expected for each, part in self._parts.items() if each not in self._blocks}

    def _look_at_the_stuck(self, now: float) -> None:
        """Asks the log, past the client, what a partition that stands still should have had."""
        for partition_id in self._progress.stuck(self._expected, now, self._backpressure.paused):
            part, end = self._parts[partition_id], self._progress.ends[partition_id]
            if part.relocate:  # its uploads are waited for
                continue
            part.cutter.cut("blocked")
            try:
                found = self._source.reread(partition_id, part.cutter.expected, end - 1, 1)
            except Unreachable as error:
                part.relocate = isinstance(error, Expired)
                continue
            except Unreadable as error:
                text = f"offset {part.cutter.expected} cannot be read: {error}"
                self._blocks.block(partition_id, part, text, now)
                continue
            if found:
                self._progress.assign_again(partition_id)
                self._status.stuck(partition_id, part.cutter.expected, end)
                part.relocate = True
            elif part.idle:
                self._pass_over(partition_id, part, end - 1)

    def _pass_over(self, partition_id: PartitionId, part: Partition, last: int) -> None:
        try:
            self._status.passed_over(self._resumer.pass_over(part, last))
        except ForeignObject as error:
            self._blocks.obstruct(partition_id, part, error, self._liveness.now())
        self._blocks.settle(partition_id, part)

    def _locate(self, partition_id: PartitionId) -> Partition:
        part = self._parts[partition_id] = self._resumer.locate(partition_id)
        if part.obstacle:
            self._blocks.obstruct(partition_id, part, part.obstacle, self._liveness.now())
        return part

    def _flush(self, partition_ids: Iterable[PartitionId], deadline: Deadline) -> None:
        parts = {each: self._parts[each] for each in partition_ids if each in self._parts}
        for part in parts.values():
            part.cutter.cut(self._reason)
        while not deadline.passed and not all(part.idle for part in parts.values()):
            self._start(parts)
            self._uploads.wait_any(parts.values(), min(UPLOAD_WAIT_SECONDS, deadline.remaining()))
            self._collect(parts)

    def _drop(self, partition_ids: Iterable[PartitionId], why: str) -> None:
        for partition_id in partition_ids:
            self._blocks.drop(partition_id)
            if part := self._parts.pop(partition_id, None):
                part.abandoned.set()
                self._log.info(why, **part.place, dropped=part.cutter.rows)

    def _collect(self, parts: Mapping[PartitionId, Partition]) -> None:
        for (topic, number), part in list(parts.items()):
            try:
                done = self._uploads.collect(part)
            except Abandoned:
                dropped = part.cutter.rows
                self._log.warning(
                    "slept too long: buffers dropped", topic=topic, partition=number, dropped=dropped
                )
                part.cutter.queue.clear()
                part.relocate = True
                continue
            except ForeignObject as error:
                self._blocks.obstruct((topic, number), part, error, self._liveness.now())
                continue
            if done:
                self._status.put(*done)
                self._blocks.settle((topic, number), part)

    def _start(self, parts: Mapping[PartitionId, Partition]) -> None:
        """Starts the next upload of each partition."""
        for part in parts.values():
            if part.upload is None and part.cutter.queue:
                part.cutter.join(self._limits)
                self._uploads.start(part)

    def _relocate(self) -> None:
        """Looks up the resume point of each marked partition again, once nothing of it is on its way."""
        marked = [each for each, part in self._parts.items() if part.relocate and part.idle]
        if not marked:
            return
        self._backpressure.resume()
        for partition_id in marked:
            self._parts[partition_id].abandoned.set()
            self._locate(partition_id)
        self._reposition(marked)

    def _reposition(self, moved: list[PartitionId]) -> None:
        """Reads every partition on after what is held or on S3."""
        self._source.reposition(moved, {each: part.cutter.expected for each, part in self._parts.items()})

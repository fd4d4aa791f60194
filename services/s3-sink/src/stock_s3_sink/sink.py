"""The sink's loop: consume, cut, put, in one thread; uploads run beside it.

`poll_once` blocks for a poll of half a second at most and, when Kafka or S3 do not answer, for the bound of one call. Nobody commits but
`_report` and `revoked`, and only for lag tools: positions come from S3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog

from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_objects.chain import Bucket, Chain
from stock_objects.errors import ObjectError
from stock_s3_sink.chunks import Limits, Reason
from stock_s3_sink.gate import Gate
from stock_s3_sink.poll_clock import PollClock
from stock_s3_sink.position import position
from stock_s3_sink.reports import Reports
from stock_s3_sink.source import Place, Source
from stock_s3_sink.uploads import TOPICS, Partition, Uploads
from stock_s3_sink.writer import Abandoned, LinkWriter

BATCH = 500
"""Records taken at once: their messages are gone again while they are still in the processor's cache (a fifth faster than 4,000)."""
POLL_SECONDS = 0.5
BUSY_POLL_SECONDS = 0.05
LOCATE_SECONDS = 60.0
REVOKE_SECONDS = 20.0
RETRY_SECONDS = 1.0


class Sink:
    """One sink of the group. Implements Listener: Kafka says which partitions are its own.

    `wait` sleeps up to so many seconds and returns True when the process is to stop.
    """

    def __init__(
        self,
        source: Source,
        bucket: Bucket,
        writer: LinkWriter,
        uploads: Uploads,
        reports: Reports,
        limits: Limits,
        buffer_bytes: int,
        poll_clock: PollClock,
        log: structlog.stdlib.BoundLogger,
        wait: Callable[[float], bool],
    ) -> None:
        self._source, self._bucket, self._writer, self._uploads, self._reports = source, bucket, writer, uploads, reports
        self._limits, self._gate, self._poll_clock, self._log, self._wait = limits, Gate(source, buffer_bytes), poll_clock, log, wait
        self._parts: dict[Place, Partition] = {}
        self._reason: Reason = "revoke"
        self._closing: Deadline | None = None
        source.subscribe(TOPICS, self)

    def poll_once(self) -> None:
        """One round: consume, cut what is due, collect and start uploads."""
        self._gate.wait(self._parts)
        busy = any(part.upload for part in self._parts.values())
        fetched = self._source.consume(BATCH, BUSY_POLL_SECONDS if busy else POLL_SECONDS)
        now = self._poll_clock.polled()
        for place, records in fetched.records.items():
            if part := self._parts.get(place):
                self._reports.consumed(place, len(records))
                part.cutter.append(records, now)
        for place in fetched.out_of_range & self._parts.keys():
            self._log.warning("position is not in the log any more", topic=place[0], partition=place[1])
            self._parts[place].cutter.cut("out_of_range")
            self._parts[place].relocate = True
        for part in self._parts.values():
            if reason := part.cutter.due(self._limits, now):
                part.cutter.cut(reason)
        self._collect(self._parts)
        self._gate.round(self._parts)
        self._start(self._parts)
        for place, part in list(self._parts.items()):
            if part.relocate and part.idle:
                self._relocate(place)
        self._reports.round(self._parts, self._source, self._gate.paused, now)

    def close(self, deadline: Deadline) -> None:
        """Flushes everything under the deadline, leaves the group, ends the threads."""
        self._reason = "shutdown"
        self._closing = Deadline(min(REVOKE_SECONDS, deadline.remaining()))
        self._flush(list(self._parts), self._closing)
        self._source.close()
        self._uploads.close()
        self._reports.close(min(2.0, deadline.remaining()))

    def assigned(self, places: list[Place]) -> Mapping[Place, int]:
        """Looks each partition's position up on S3. Raises FatalError when it cannot be known."""
        self._gate.open()
        offsets = {}
        for place in places:
            self._parts[place] = part = self._locate(place)
            offsets[place] = part.cutter.next_offset
            self._log.info("assigned", topic=place[0], partition=place[1], topic_id=part.cutter.chain.topic_id, offset=offsets[place])
        return offsets

    def revoked(self, places: list[Place]) -> None:
        """Puts what is held, under a deadline, and commits what is put."""
        self._flush(places, self._closing or Deadline(REVOKE_SECONDS))
        self._source.commit({place: self._parts[place].cutter.next_offset for place in places if place in self._parts}, wait=True)
        self._drop(places, "revoked")

    def lost(self, places: list[Place]) -> None:
        """Drops what is held."""
        self._drop(places, "lost")

    def _flush(self, places: Iterable[Place], deadline: Deadline) -> None:
        parts = {place: self._parts[place] for place in places if place in self._parts}
        for part in parts.values():
            part.cutter.cut(self._reason)
        while not deadline.passed and not all(part.idle for part in parts.values()):
            self._start(parts)
            self._uploads.wait_any(parts.values(), min(RETRY_SECONDS, deadline.remaining()))
            self._collect(parts)

    def _drop(self, places: Iterable[Place], why: str) -> None:
        for place in places:
            if part := self._parts.pop(place, None):
                part.abandoned.set()
                self._log.info(why, topic=place[0], partition=place[1], offset=part.cutter.next_offset, dropped=part.cutter.rows)

    def _collect(self, parts: Mapping[Place, Partition]) -> None:
        for place, part in list(parts.items()):
            try:
                done = self._uploads.collect(part)
            except Abandoned:
                self._log.warning("slept too long: buffers dropped", topic=place[0], partition=place[1], dropped=part.cutter.rows)
                part.cutter.queue.clear()
                part.relocate = True
                continue
            if done:
                self._reports.put(*done, part)

    def _start(self, parts: Mapping[Place, Partition]) -> None:
        """Starts the next upload of each partition."""
        for part in parts.values():
            if part.upload is None and part.cutter.queue:
                self._uploads.start(part)

    def _relocate(self, place: Place) -> None:
        self._gate.open()
        self._parts[place].abandoned.set()
        self._parts[place] = part = self._locate(place)
        self._source.reposition(place, part.cutter.next_offset)

    def _locate(self, place: Place) -> Partition:
        deadline = Deadline(LOCATE_SECONDS)
        while True:
            try:
                return self._located(place, deadline)
            except (ObjectError, Unreachable, Abandoned) as error:
                reason = str(error)
            if deadline.passed:
                raise FatalError(f"No position for {place[0]}/{place[1]} within {LOCATE_SECONDS:.0f} s: {reason}")
            if self._wait(RETRY_SECONDS):
                raise FatalError(f"Asked to stop before the position of {place[0]}/{place[1]} was known: {reason}")
            self._poll_clock.polled()

    def _located(self, place: Place, deadline: Deadline) -> Partition:
        topic, number = place
        topic_id = self._source.topic_ids([topic]).get(topic)
        if topic_id is None:
            # A broker that has just started lists no topics for a moment.
            raise Unreachable(f"Kafka does not list topic {topic}: run the topic job (python -m stock_kafka.topics)")
        found = position(self._bucket, Chain(topic, topic_id, number), *self._source.watermarks(place))
        part = Partition(found.cutter)
        if found.lost_until is not None and found.cutter.hour is not None:
            key = found.cutter.key_at(found.cutter.hour)
            put = self._writer.put_lost(TOPICS[topic], key, found.lost_until, lambda seconds: self._pause(seconds, deadline))
            found.cutter.settled(put.link)
            self._reports.lost(put)
        return part

    def _pause(self, seconds: float, deadline: Deadline) -> bool:
        return self._wait(min(seconds, deadline.remaining())) or deadline.passed

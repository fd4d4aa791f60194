"""What the sink tells of itself: metrics, log lines, status messages and committed offsets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import structlog

from stock_common.status import ChainStatus, Status
from stock_common.topics import SUNK
from stock_s3_sink.chunks import Chunk
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.source import Place
from stock_s3_sink.uploads import Partition
from stock_s3_sink.writer import Put

REPORT_SECONDS = 1.0
STATUS_SECONDS = 10.0


class Publisher(Protocol):
    def publish(self, state: Status) -> None: ...
    def close(self, seconds: float) -> None: ...


class Lag(Protocol):
    """What a report asks Kafka: the log's end as last heard, and to note positions for lag tools."""

    def end(self, place: Place) -> int: ...
    def commit(self, positions: Mapping[Place, int], wait: bool) -> None: ...


class Reports:
    """`wall` gives the time in UTC. Called from the loop's thread only."""

    def __init__(self, metrics: Metrics, publisher: Publisher, log: structlog.stdlib.BoundLogger, wall: Callable[[], datetime]) -> None:
        self._metrics, self._publisher, self._log, self._wall = metrics, publisher, log, wall
        self._put_at: dict[Place, tuple[datetime, str, datetime, datetime]] = {}
        self._published: dict[Place, tuple[int, float]] = {}
        self._committed: dict[Place, int] = {}
        self._next = 0.0

    def consumed(self, place: Place, count: int) -> None:
        self._metrics.consumed.labels(place[0]).inc(count)

    def put(self, chunk: Chunk, put: Put, part: Partition) -> None:
        """A chunk's turn is over: its link is on S3, ours or another's."""
        link, topic, now = put.link, put.link.key.topic, self._wall()
        first_time, last_time = (datetime.fromtimestamp(chunk.records.times[index] / 1000, UTC) for index in (0, -1))
        self._put_at[(topic, link.key.partition)] = (now, str(link.key), first_time, last_time)
        fields = {"topic": topic, "partition": link.key.partition, "offset": link.first, "last": link.last, "object": str(link.key)}
        if not put.ours:
            self._metrics.found.labels(topic).inc()
            self._log.info("link found", **fields)
            return
        self._metrics.objects.labels(topic, chunk.reason).inc()
        self._metrics.rows.labels(topic).inc(link.rows)
        self._metrics.bytes.labels(topic).inc(put.size)
        self._metrics.rounded.labels(topic).inc(put.rounded)
        self._metrics.unknown.labels(topic).inc(len(put.unknown))
        self._metrics.holes.labels(topic).inc(link.holes)
        self._metrics.put_seconds.observe(put.seconds)
        self._metrics.last_put.set(now.timestamp())
        for letter in put.rejected:
            self._metrics.rejected.labels(topic, letter.reason).inc()
        if link.holes:
            self._log.warning("offsets that the broker did not deliver", holes=link.holes, **fields)
        if put.rejected:
            self._log.warning("records dead-lettered", rejected=link.rejected, reason=put.rejected[0].reason, text=put.rejected[0].text, **fields)
        self._log.info("link put", rows=link.rows, bytes=put.size, reason=chunk.reason, **fields)

    def lost(self, put: Put) -> None:
        """A lost link: named loudly."""
        link = put.link
        self._metrics.lost.labels(link.key.topic).inc(link.lost)
        self._log.error(
            "offsets lost: retention took them before they were read",
            topic=link.key.topic,
            partition=link.key.partition,
            offset=link.first,
            last=link.last,
            object=str(link.key),
        )

    def retry(self, error: Exception) -> None:
        """A put or its dead letters are tried again. Called from worker threads: counters and loggers are thread-safe."""
        self._metrics.retries.inc()
        self._log.warning("put is tried again", reason=str(error))

    def round(self, parts: Mapping[Place, Partition], lag: Lag, paused: bool, now: float) -> None:
        """Gauges, status and commits, once a second. `now` is the loop's monotonic time."""
        if now < self._next:
            return
        self._next = now + REPORT_SECONDS
        wall = self._wall()
        self._gauges(parts, lag, paused, wall)
        moved = {place: part.cutter.next_offset for place, part in parts.items() if self._committed.get(place) != part.cutter.next_offset}
        lag.commit(moved, wait=False)
        self._committed = {place: part.cutter.next_offset for place, part in parts.items()}
        for place, part in parts.items():
            offset, at = self._published.get(place, (-1, -STATUS_SECONDS))
            if offset != part.cutter.next_offset or now - at >= STATUS_SECONDS:
                self._published[place] = (part.cutter.next_offset, now)
                self._publisher.publish(self._status(place, part, wall))

    def close(self, seconds: float) -> None:
        self._publisher.close(seconds)

    def _gauges(self, parts: Mapping[Place, Partition], lag: Lag, paused: bool, wall: datetime) -> None:
        oldest = min((held.times[0] for part in parts.values() if (held := part.cutter.oldest)), default=None)
        self._metrics.age.set(0 if oldest is None else max(0.0, wall.timestamp() - oldest / 1000))
        self._metrics.buffered.set(sum(part.cutter.size for part in parts.values()))
        self._metrics.paused.set(paused)
        for topic in SUNK:
            own = [place for place in parts if place[0] == topic.name]
            self._metrics.assigned.labels(topic.name).set(len(own))
            self._metrics.lag.labels(topic.name).set(sum(max(0, lag.end(place) - parts[place].cutter.next_offset) for place in own))

    def _status(self, place: Place, part: Partition, wall: datetime) -> ChainStatus:
        put_at, last_object, first_time, last_time = self._put_at.get(place, (None, None, None, None))
        return ChainStatus(
            at=wall,
            topic=place[0],
            topic_id=part.cutter.chain.topic_id,
            partition=place[1],
            last_offset=part.cutter.next_offset - 1,
            last_object=last_object,
            put_at=put_at,
            first_kafka_time=first_time,
            last_kafka_time=last_time,
            buffered=part.cutter.rows,
        )

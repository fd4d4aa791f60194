"""What the sink reports: metrics, log lines, status messages and committed offsets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import structlog

from stock_common.status import ChainStatus, Status
from stock_common.topics import SUNK
from stock_s3_sink.cutter import Chunk
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.gaps import Filled
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.uploads import Partition
from stock_s3_sink.writer import Put

REPORT_SECONDS = 1.0
STATUS_SECONDS = 10.0
NOTE_SECONDS = 60.0
AHEAD_SECONDS = 3600.0


class Publisher(Protocol):
    def publish(self, state: Status) -> None: ...
    def close(self, seconds: float) -> None: ...


class Offsets(Protocol):
    """What a report needs of Kafka: a commit for lag tools."""

    def commit(self, positions: Mapping[PartitionId, int]) -> None: ...


class Situation(NamedTuple):
    """paused: by back-pressure. faults: why a partition cannot go on. ends: the brokers' own end offsets."""

    paused: bool
    faults: Mapping[PartitionId, str]
    ends: Mapping[PartitionId, int]


class LastPut(NamedTuple):
    """A partition's last object: when it was put, its key, and the broker's times of its records."""

    at: datetime
    key: str
    first_time: datetime
    last_time: datetime


class StatusReporter:
    """`wall` gives the time in UTC. Called from the loop's thread only, except `retry`."""

    def __init__(
        self,
        metrics: Metrics,
        publisher: Publisher,
        log: structlog.stdlib.BoundLogger,
        wall: Callable[[], datetime],
    ) -> None:
        self._metrics, self._publisher, self._log, self._wall = metrics, publisher, log, wall
        self._last_put: dict[PartitionId, LastPut] = {}
        self._published: dict[PartitionId, tuple[int, float]] = {}
        self._committed: dict[PartitionId, int] = {}
        self._faults: Mapping[PartitionId, str] = {}
        self._noted: dict[str, float] = {}
        self._next = 0.0

    def consumed(self, partition_id: PartitionId, count: int) -> None:
        self._metrics.consumed.labels(partition_id[0]).inc(count)

    def note(self, text: str, now: float) -> None:
        """An error that the client may overcome by itself. Each text is logged once a minute at most."""
        if now - self._noted.get(text, float("-inf")) >= NOTE_SECONDS:
            self._noted = {each: at for each, at in self._noted.items() if now - at < NOTE_SECONDS}
            self._noted[text] = now
            self._log.warning("the Kafka client reports an error", reason=text)

    def filled(self, partition_id: PartitionId, filled: Filled) -> None:
        """Offsets that the client had left out."""
        topic, number = partition_id
        if filled.recovered:
            self._metrics.recovered.labels(topic).inc(len(filled.recovered))
            self._log.warning(
                "the client left records out: they were read again",
                topic=topic,
                partition=number,
                records=len(filled.recovered),
                offset=filled.recovered[0],
                last=filled.recovered[-1],
            )

    def stuck(self, partition_id: PartitionId, offset: int, end: int) -> None:
        """The client delivers nothing of a partition whose log goes on."""
        topic, number = partition_id
        self._metrics.stuck.labels(topic).inc()
        self._log.error(
            "partition stood still: it is assigned again",
            topic=topic,
            partition=number,
            offset=offset,
            end=end,
        )

    def passed_over(self, put: Put | None) -> None:
        """A link without rows was put over offsets without a record."""
        if put is not None:
            link = put.link
            self._metrics.holes.labels(link.key.topic).inc(link.holes)
            self._log.warning("offsets at which Kafka has no record", holes=link.holes, object=str(link.key))

    def strays(self, keys: list[str]) -> None:
        """Objects of strangers in a chain's folders."""
        self._metrics.strays.labels(keys[0].split("/")[1]).inc(len(keys))
        self._log.warning("objects that are no links", count=len(keys), object=keys[0])

    def put(self, chunk: Chunk, put: Put) -> None:
        """A chunk's link is on S3, put by this or another writer."""
        link, now, times = put.link, self._wall(), chunk.records.times
        topic, partition, key = link.key.topic, link.key.partition, str(link.key)
        self._last_put[topic, partition] = LastPut(now, key, _instant(times[0]), _instant(times[-1]))
        log = self._log.bind(topic=topic, partition=partition, offset=link.first, last=link.last, object=key)
        if not put.ours:
            self._metrics.found.labels(topic).inc()
            log.info("link found")
            return
        self._count(chunk, put, now)
        if (latest := max(times)) / 1000 - now.timestamp() > AHEAD_SECONDS:
            # The object's hour follows the broker's time all the same: a name that depended on this
            # sink's clock would let two sinks give one place two names.
            self._metrics.ahead.labels(topic).inc()
            log.error("the broker's clock is ahead", time=_instant(latest).isoformat())
        if link.holes:
            log.warning("offsets at which Kafka has no record", holes=link.holes)
        if put.rejected:
            first = put.rejected[0]
            log.warning("records dead-lettered", rejected=link.rejected, reason=first.reason, text=first.text)
        log.info("link put", rows=link.rows, bytes=put.size, reason=chunk.reason)

    def lost(self, put: Put) -> None:
        """A lost link was put: counted, and logged as an error."""
        link, key = put.link, put.link.key
        self._metrics.lost.labels(key.topic).inc(link.lost)
        self._log.error(
            "offsets lost: retention took them before they were read",
            topic=key.topic,
            partition=key.partition,
            offset=link.first,
            last=link.last,
            object=str(key),
        )

    def retry(self, error: Exception) -> None:
        """A put or its dead letters are tried again.

        Worker threads call it: counters and loggers are thread-safe.
        """
        self._metrics.retries.inc()
        self._log.warning("put is tried again", reason=str(error))

    def round(
        self, parts: Mapping[PartitionId, Partition], kafka: Offsets, situation: Situation, now: float
    ) -> None:
        """Sets gauges, publishes status and commits, once a second. `now` is the loop's monotonic time."""
        if now < self._next:
            return
        self._next = now + REPORT_SECONDS
        wall = self._wall()
        self._set_gauges(parts, situation, wall)
        offsets = {partition_id: part.cutter.next_offset for partition_id, part in parts.items()}
        kafka.commit(dict(offsets.items() - self._committed.items()))
        self._committed = offsets
        for partition_id, part in parts.items():
            published, at = self._published.get(partition_id, (-1, -STATUS_SECONDS))
            fault = situation.faults.get(partition_id)
            changed = published != offsets[partition_id] or fault != self._faults.get(partition_id)
            if changed or now - at >= STATUS_SECONDS:
                self._published[partition_id] = (offsets[partition_id], now)
                self._publisher.publish(self._chain_status(partition_id, part, wall, fault))
        self._faults = dict(situation.faults)

    def close(self, seconds: float) -> None:
        self._publisher.close(seconds)

    def _count(self, chunk: Chunk, put: Put, now: datetime) -> None:
        metrics, topic = self._metrics, put.link.key.topic
        metrics.objects.labels(topic, chunk.reason).inc()
        metrics.rows.labels(topic).inc(put.link.rows)
        metrics.bytes.labels(topic).inc(put.size)
        metrics.rounded.labels(topic).inc(put.rounded)
        metrics.unknown.labels(topic).inc(len(put.unknown))
        metrics.holes.labels(topic).inc(put.link.holes)
        metrics.put_seconds.observe(put.seconds)
        metrics.last_put.set(now.timestamp())
        for letter in put.rejected:
            metrics.rejected.labels(topic, letter.reason).inc()

    def _set_gauges(
        self, parts: Mapping[PartitionId, Partition], situation: Situation, wall: datetime
    ) -> None:
        held = (part.cutter.oldest for part in parts.values())
        oldest = min((records.times[0] for records in held if records and records.times[0]), default=None)
        self._metrics.age.set(0 if oldest is None else max(0.0, wall.timestamp() - oldest / 1000))
        self._metrics.buffered.set(sum(part.cutter.size for part in parts.values()))
        self._metrics.paused.set(situation.paused)
        for topic in SUNK:
            own = {each: part for each, part in parts.items() if each[0] == topic.name}
            self._set_progress(topic.name, own, situation)

    def _set_progress(self, topic: str, own: Mapping[PartitionId, Partition], situation: Situation) -> None:
        ends = situation.ends
        lags = [max(0, ends.get(each, 0) - part.cutter.next_offset) for each, part in own.items()]
        self._metrics.assigned.labels(topic).set(len(own))
        self._metrics.lag.labels(topic).set(sum(lags))
        self._metrics.longest_lag.labels(topic).set(max(lags, default=0))
        self._metrics.blocked.labels(topic).set(len(own.keys() & situation.faults.keys()))

    def _chain_status(
        self, partition_id: PartitionId, part: Partition, wall: datetime, fault: str | None
    ) -> ChainStatus:
        last_put = self._last_put.get(partition_id)
        return ChainStatus(
            at=wall,
            topic=partition_id[0],
            topic_id=part.cutter.chain.topic_id,
            partition=partition_id[1],
            last_offset=part.cutter.next_offset - 1,
            last_object=last_put and last_put.key,
            put_at=last_put and last_put.at,
            first_kafka_time=last_put and last_put.first_time,
            last_kafka_time=last_put and last_put.last_time,
            buffered=part.cutter.rows,
            fault=fault,
        )


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

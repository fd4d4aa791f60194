"""Where a partition is read from. The chain on S3 decides, not the committed offset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from stock_common import retry
from stock_common.deadline import Deadline
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.retry import Policy
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_objects.chain import Bucket, Chain, ForeignObject, links_backwards
from stock_objects.errors import ObjectError
from stock_s3_sink.continuity import require_same_log
from stock_s3_sink.cutter import Cutter
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.liveness import Liveness
from stock_s3_sink.source import Source
from stock_s3_sink.status import StatusReporter
from stock_s3_sink.uploads import TOPICS, Partition
from stock_s3_sink.writer import Abandoned, Empty, LinkWriter, Put

LOCATE_SECONDS = 60.0
PASS_OVER_SECONDS = 5.0
NEW_CHAIN = datetime(1970, 1, 1, tzinfo=UTC)
"""The hour of a link without rows that begins a chain. Two writers must give it one name."""
RETRY = Policy(first=1.0, longest=1.0, seconds=LOCATE_SECONDS)
_RETRYABLE = (ObjectError, Unreachable, Abandoned)


class ResumePoint(NamedTuple):
    """Where the chain goes on.

    lost_until: the last offset that retention removed before it was read, None when nothing is lost.
    epoch: the leader epoch of the chain's last link, -1 where it is not known.
    """

    cutter: Cutter
    lost_until: int | None
    epoch: int = -1


def resume_point(
    bucket: Bucket, chain: Chain, first: int, end: int, on_strays: Callable[[list[str]], None]
) -> ResumePoint:
    """The point after the chain's last link, in a log that now holds `first..end-1`.

    A new chain begins at offset 0. Strangers' objects cost no partition: they are passed over. Raises
    FatalError when the log ends before what S3 holds (truncated or replaced). Raises ObjectError when S3 does
    not answer.
    """
    link = _last_link(links_backwards(bucket, chain, on_strays), end, on_strays)
    cutter = Cutter(chain, 0, None) if link is None else Cutter(chain, link.last + 1, link.key.hour)
    if link is not None and cutter.next_offset > end:
        raise FatalError(
            f"Topic {chain.topic}, partition {chain.partition}: S3 holds offsets up to {link.last}, "
            f"but Kafka's log ends at {end - 1}. The log was truncated or restored from an older state: "
            "see docs/how-to/operations.md, 'log truncated'. Nothing was written."
        )
    lost_until = first - 1 if cutter.next_offset < first else None
    return ResumePoint(cutter, lost_until, link.leader_epoch if link else -1)


def _last_link(links: Iterator[Link], end: int, on_strays: Callable[[list[str]], None]) -> Link | None:
    """The last link that continues another one, where the last one of all is beyond the log's end.

    A log that was truncated has such a link, which continues the one before it. A forged one does not.
    """
    link = next(links, None)
    while link is not None and link.last >= end:
        before = next(links, None)
        if before is None or before.last + 1 == link.first:
            return link
        on_strays([str(link.key)])
        link = before
    return link


def require_topic(topic_ids: Callable[[Iterable[str]], Mapping[str, str]], key: ObjectKey) -> None:
    """Checks that the topic still has the id under which `key`'s records were read.

    Raises FatalError when the topic has another id. Raises Unreachable when the id cannot be known. A topic
    that is not listed may still exist: a broker that has just started lists no topics for a moment.
    """
    found = topic_ids([key.topic]).get(key.topic)
    if found is None:
        raise Unreachable(f"Kafka does not list topic {key.topic}")
    if found != key.topic_id:
        raise FatalError(
            f"Topic {key.topic} was deleted and made again while it was read (id {key.topic_id} is gone). "
            "Start the sink again."
        )


class TopicLog:
    """What a put must know of the log now. Raises Unreachable, or FatalError for a topic with another id."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def confirm(self, key: ObjectKey) -> None:
        """The topic is still the one that `key`'s records were read from."""
        require_topic(self._source.topic_ids, key)

    def end(self, key: ObjectKey) -> int:
        """One past the last offset of the log."""
        partition_id = (key.topic, key.partition)
        return self._source.ends([partition_id])[partition_id]


class Resumer:
    """Looks up resume points when partitions are assigned, and puts a lost link where retention came first.

    `status` hears of each lost link that was put, and of strangers' objects. `wait` sleeps up to so many
    seconds and returns True when the process is to stop.
    """

    def __init__(
        self,
        source: Source,
        bucket: Bucket,
        writer: LinkWriter,
        status: StatusReporter,
        liveness: Liveness,
        wait: Callable[[float], bool],
    ) -> None:
        self._source, self._bucket, self._writer = source, bucket, writer
        self._status, self._liveness, self._wait = status, liveness, wait

    def locate(self, partition_id: PartitionId) -> Partition:
        """The partition at its resume point. Tries again for a minute, then raises FatalError."""
        topic, number = partition_id
        deadline = Deadline(LOCATE_SECONDS)
        try:
            return retry.call(
                lambda: self._locate(partition_id, deadline),
                RETRY,
                retryable=_RETRYABLE,
                wait=self._wait_while_polling,
            )
        except retry.Stopped as stopped:
            reason = f"Asked to stop before the position of {topic}/{number} was known: {stopped.__cause__}"
        except _RETRYABLE as error:
            reason = f"No position for {topic}/{number} within {LOCATE_SECONDS:.0f} s: {error}"
        raise FatalError(reason)

    def _locate(self, partition_id: PartitionId, deadline: Deadline) -> Partition:
        topic, number = partition_id
        topic_id = self._source.topic_ids([topic]).get(topic)
        if topic_id is None:
            # A broker that has just started lists no topics for a moment.
            raise Unreachable(
                f"Kafka does not list topic {topic}: run the topic job (python -m stock_kafka.topics)"
            )
        chain = Chain(topic, topic_id, number)
        first, end = self._source.watermarks(partition_id)
        found = resume_point(self._bucket, chain, first, end, self._status.strays)
        cutter = found.cutter
        if found.lost_until is not None:
            try:
                put = self._put_empty(cutter, found.lost_until, deadline, lost=True)
            except ForeignObject as error:
                return Partition(cutter, obstacle=error)
            self._status.lost(put)
        elif cutter.next_offset > first:
            require_same_log(partition_id, cutter.next_offset - 1, found.epoch, self._source.reread)
        return Partition(cutter, epoch=found.epoch)

    def pass_over(self, part: Partition, last: int) -> Put | None:
        """Puts a link without rows up to `last`: Kafka has no record there, as after a transaction's end.

        None where S3 or Kafka do not answer in time: it is tried again later. Raises FatalError or
        ForeignObject.
        """
        try:
            return self._put_empty(part.cutter, last, Deadline(PASS_OVER_SECONDS), lost=False)
        except _RETRYABLE:
            return None

    def _put_empty(self, cutter: Cutter, last: int, deadline: Deadline, *, lost: bool) -> Put:
        key = cutter.key_at(cutter.hour or NEW_CHAIN)
        put = self._writer.put_empty(
            TOPICS[key.topic],
            key,
            Empty(last, lost),
            lambda seconds: self._wait(min(seconds, deadline.remaining())) or deadline.passed,
        )
        cutter.settled(put.link)
        return put

    def _wait_while_polling(self, seconds: float) -> bool:
        stopped = self._wait(seconds)
        if not stopped:
            # The lookup runs inside a poll, so the wait between two tries is no sleep of the process.
            self._liveness.polled()
        return stopped

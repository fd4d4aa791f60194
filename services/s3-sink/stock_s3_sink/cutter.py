"""The chunk cutter: records of one partition go in, contiguous chunks within one hour come out.

This module is pure: it knows no clock, broker or bucket, and times are arguments.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from stock_common.keys import ObjectKey, hour_of
from stock_common.links import Link
from stock_objects.chain import Chain

Reason = Literal["rows", "bytes", "age", "hour", "memory", "revoke", "shutdown", "out_of_range", "blocked"]
HOUR_MS = 3_600_000
NO_TIME = 0
"""The time of a record that the broker did not stamp. It moves no folder's hour and becomes a dead letter."""


def _int64() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Records:
    """Records of one partition in offset order. `times` are the broker's, in ms since 1970 UTC."""

    values: list[bytes] = field(default_factory=list)
    offsets: array[int] = field(default_factory=_int64)
    times: array[int] = field(default_factory=_int64)
    leader_epoch: int = -1
    size: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    def extend(self, other: Records) -> None:
        self.values += other.values
        self.offsets += other.offsets
        self.times += other.times
        self.leader_epoch = max(self.leader_epoch, other.leader_epoch)
        self.size += other.size

    def cut(self, start: int, end: int) -> Records:
        """A copy of the records at the indexes `start..end-1`."""
        values = self.values[start:end]
        return Records(
            values, self.offsets[start:end], self.times[start:end], self.leader_epoch, sum(map(len, values))
        )

    def pick(self, places: Sequence[int]) -> Records:
        """A copy of the records at these indexes, in their order."""
        values = [self.values[place] for place in places]
        offsets, times = (
            array("q", [numbers[place] for place in places]) for numbers in (self.offsets, self.times)
        )
        return Records(values, offsets, times, self.leader_epoch, sum(map(len, values)))

    def from_offset(self, offset: int) -> Records:
        """The records at `offset` and after it."""
        start = bisect_left(self.offsets, offset)
        return self if start == 0 else self.cut(start, len(self))


class Chunk(NamedTuple):
    """Records that become one link, and the reason for the cut at their end."""

    records: Records
    reason: Reason


class Limits(NamedTuple):
    """A chunk is cut at so many records or bytes of JSON, or so many seconds after its first record came."""

    rows: int
    size: int
    seconds: float


@dataclass(slots=True)
class Cutter:
    """One partition's progress along its chain.

    next_offset: the offset after the last one on S3.
    hour: the hour of the last link on S3, None for a new chain.
    buffer: records that are not cut yet.
    queue: chunks that are cut and not on S3 yet.
    """

    chain: Chain
    next_offset: int
    hour: datetime | None
    buffer: Records = field(default_factory=Records)
    queue: deque[Chunk] = field(default_factory=deque)
    _since: float | None = None

    @property
    def size(self) -> int:
        """Bytes of JSON held."""
        return self.buffer.size + sum(chunk.records.size for chunk in self.queue)

    @property
    def rows(self) -> int:
        """Records held."""
        return len(self.buffer) + sum(len(chunk.records) for chunk in self.queue)

    @property
    def expected(self) -> int:
        """The offset to come next: one past the last one that is held or on S3."""
        held = self.buffer or (self.queue[-1].records if self.queue else None)
        return held.offsets[-1] + 1 if held else self.next_offset

    @property
    def oldest(self) -> Records | None:
        """The records that have been held longest."""
        return self.queue[0].records if self.queue else self.buffer or None

    def append(self, records: Records, now: float) -> None:
        """Takes delivered records and drops those that the chain covers already.

        A record of a later hour than the chunk's ends the chunk. A record of an earlier hour does not,
        because a chain's hours never go back.
        """
        records = records.from_offset(self.next_offset)
        if not records:
            return
        start = 0
        hour = max((self.buffer or records).times[0] // HOUR_MS, self._last_hour())
        for index, time in enumerate(records.times if max(records.times) // HOUR_MS > hour else ()):
            if time // HOUR_MS > hour:
                self._take(records.cut(start, index), now)
                self.cut("hour")
                start, hour = index, time // HOUR_MS
        self._take(records if start == 0 else records.cut(start, len(records)), now)

    def due(self, limits: Limits, now: float) -> Reason | None:
        """Why the buffer must be cut now, or None. `now` is on the clock of `append`."""
        if not self.buffer:
            return None
        if len(self.buffer) >= limits.rows:
            return "rows"
        if self.buffer.size >= limits.size:
            return "bytes"
        return "age" if self._since is not None and now - self._since >= limits.seconds else None

    def cut(self, reason: Reason) -> None:
        """Moves the buffer to the queue as a chunk."""
        if self.buffer:
            self.queue.append(Chunk(self.buffer, reason))
            self.buffer, self._since = Records(), None

    def join(self, limits: Limits) -> None:
        """Joins the chunks that wait, as far as one object may hold them and their hour is one.

        An S3 that is slow would otherwise get many small objects where few would do.
        """
        while len(self.queue) > 1:
            first, second = self.queue[0], self.queue[1]
            hour = max(first.records.times[0] // HOUR_MS, self._link_hour())
            together = len(first.records) + len(second.records), first.records.size + second.records.size
            if (
                second.records.times[0] // HOUR_MS > hour
                or together[0] > limits.rows
                or together[1] > limits.size
            ):
                return
            self.queue.popleft()
            first.records.extend(second.records)
            self.queue[0] = Chunk(first.records, second.reason)

    def drop(self) -> None:
        """Forgets what is held. It is read again."""
        self.queue.clear()
        self.buffer, self._since = Records(), None

    def key(self, records: Records) -> ObjectKey:
        """The key of a link of these records.

        It begins after the previous link's last offset, so that it covers holes before its first record. Its
        hour is the previous link's or the first record's, whichever is later.
        """
        first_hour = hour_of(datetime.fromtimestamp(records.times[0] / 1000, UTC))
        return self.key_at(max(self.hour or first_hour, first_hour))

    def key_at(self, hour: datetime) -> ObjectKey:
        """The key of the next link, in `hour`."""
        return ObjectKey(*self.chain, hour, self.next_offset)

    def settled(self, link: Link) -> None:
        """Moves past `link`, which this or another writer put on S3, and drops the records that it covers."""
        if link.last < self.next_offset:
            raise ValueError(f"{link.key} is before offset {self.next_offset}")
        self.next_offset, self.hour = link.last + 1, link.key.hour
        while self.queue:
            chunk = self.queue.popleft()
            rest = chunk.records.from_offset(self.next_offset)
            if rest:
                self.queue.appendleft(Chunk(rest, chunk.reason))
                return
        self.buffer = self.buffer.from_offset(self.next_offset)
        if not self.buffer:
            self._since = None

    def _take(self, records: Records, now: float) -> None:
        if records:
            self._since = now if self._since is None else self._since
            self.buffer.extend(records)

    def _last_hour(self) -> int:
        queued = max((chunk.records.times[0] // HOUR_MS for chunk in self.queue), default=0)
        return max(queued, self._link_hour())

    def _link_hour(self) -> int:
        """The hour of the last link on S3, in hours since 1970. 0 for a new chain."""
        return int(self.hour.timestamp()) // 3600 if self.hour else 0

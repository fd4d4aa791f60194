"""The chunk cutter: pure. Records of one partition go in as they are delivered; contiguous chunks within one hour come out.

Nothing here knows a clock, a broker or a bucket: times are arguments.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from stock_common.keys import ObjectKey, hour_of
from stock_common.links import Link
from stock_objects.chain import Chain

Reason = Literal["rows", "bytes", "age", "hour", "memory", "revoke", "shutdown", "out_of_range"]
HOUR_MS = 3_600_000


def _int64() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Records:
    """Records of one partition, in offset order; times are the broker's, in ms since 1970 UTC."""

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
        """The records at `start..end-1`, as records of their own."""
        values = self.values[start:end]
        return Records(values, self.offsets[start:end], self.times[start:end], self.leader_epoch, sum(map(len, values)))

    def from_offset(self, offset: int) -> Records:
        """The records at `offset` and behind it."""
        start = bisect_left(self.offsets, offset)
        return self if start == 0 else self.cut(start, len(self))


class Chunk(NamedTuple):
    """Records that become one link, and why they were cut there."""

    records: Records
    reason: Reason


class Limits(NamedTuple):
    """When a chunk is cut: records, bytes of JSON, and seconds since its first record came."""

    rows: int
    size: int
    seconds: float


@dataclass(slots=True)
class Cutter:
    """One partition's place in its chain: what is on S3 (`next_offset`, `hour`), what is cut (`queue`), what is not yet (`buffer`)."""

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
    def oldest(self) -> Records | None:
        """The records held longest."""
        return self.queue[0].records if self.queue else self.buffer or None

    def append(self, records: Records, now: float) -> None:
        """Takes delivered records; those that the chain covers already are dropped. A record of a later hour ends a chunk."""
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
        """Why the buffer is to be cut now, or None."""
        if not self.buffer:
            return None
        if len(self.buffer) >= limits.rows:
            return "rows"
        if self.buffer.size >= limits.size:
            return "bytes"
        return "age" if self._since is not None and now - self._since >= limits.seconds else None

    def cut(self, reason: Reason) -> None:
        """Makes a chunk of the buffer."""
        if self.buffer:
            self.queue.append(Chunk(self.buffer, reason))
            self.buffer, self._since = Records(), None

    def key(self, records: Records) -> ObjectKey:
        """Where a link of these records stands: first = the previous link's last + 1; hour = the later of its hour and the first record's."""
        first_hour = hour_of(datetime.fromtimestamp(records.times[0] / 1000, UTC))
        return self.key_at(max(self.hour or first_hour, first_hour))

    def key_at(self, hour: datetime) -> ObjectKey:
        """The next link's place, in `hour`."""
        return ObjectKey(*self.chain, hour, self.next_offset)

    def settled(self, link: Link) -> None:
        """`link` is on S3, ours or another writer's: moves behind it and drops what it covers."""
        if link.last < self.next_offset:
            raise ValueError(f"{link.key} is behind {self.next_offset}")
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
        return max(queued, int(self.hour.timestamp()) // 3600 if self.hour else 0)

"""The fake S3 server's history: six chains of `stock-data` with a link a minute, eight hours a day.

All histories have the same number of rows, whatever their number of links. Objects are computed, not stored.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stock_common.keys import ObjectKey, hour_of
from stock_common.links import Link

TOPIC, TOPIC_ID, PARTITIONS = "stock-data", "0123456789abcdef" * 2, 6
BEGIN = datetime(2019, 1, 1, 13, tzinfo=UTC)
LINKS_AN_HOUR, HOURS_A_DAY = 60, 8
ROWS = 1_000_000
"""In all links together. Two histories differ in the number of objects, not of rows."""


class Wrong(Exception):
    """The benchmark is wrong, so its figures would be wrong too."""


def require(condition: bool, what: object) -> None:
    if not condition:
        raise Wrong(what)


class Entry(NamedTuple):
    """One object. `metadata` as the sink writes it."""

    key: str
    etag: str
    modified: datetime
    metadata: dict[str, str]


class History:
    """`size` objects, and those that were put since. Keys are in order and found by bisection."""

    def __init__(self, size: int) -> None:
        self.links, self.rows = size // PARTITIONS, rows_of(size)
        self._base = range(self.links * PARTITIONS)
        self._new_keys: list[str] = []
        self._new: dict[str, Entry] = {}

    def put(self, key: str, metadata: dict[str, str]) -> Entry:
        """Adds an object. Its metadata must be a link's."""
        entry = Entry(key, f"9{len(self._new):031}", datetime.now(UTC), metadata)
        if key not in self._new:
            insort(self._new_keys, key)
        self._new[key] = entry
        return entry

    def find(self, key: str) -> Entry | None:
        if key in self._new:
            return self._new[key]
        at = self._at(key)
        return self._entry(at) if at < len(self._base) and self._key(at) == key else None

    def from_key(self, key: str) -> Iterator[str]:
        """The keys from `key` on, in order."""
        at, new = self._at(key), bisect_left(self._new_keys, key)
        while at < len(self._base) or new < len(self._new_keys):
            old = self._key(at) if at < len(self._base) else None
            if new < len(self._new_keys) and (old is None or self._new_keys[new] < old):
                yield self._new_keys[new]
                new += 1
            elif old is not None:
                yield old
                at += 1

    def _at(self, key: str) -> int:
        return bisect_left(self._base, key, key=self._key)

    def _key(self, number: int) -> str:
        partition, at = divmod(number, self.links)
        return str(link(partition, at, self.rows).key)

    def _entry(self, number: int) -> Entry:
        partition, at = divmod(number, self.links)
        of = link(partition, at, self.rows)
        return Entry(
            str(of.key), f"{number:032}", of.key.hour + timedelta(minutes=at % LINKS_AN_HOUR), of.metadata()
        )


def rows_of(size: int) -> int:
    """Rows of each link in a history of `size` links."""
    return max(1, ROWS // size)


def link(partition: int, at: int, rows: int) -> Link:
    """The link number `at` of a partition."""
    return Link(_key(partition, at, at * rows), at * rows + rows - 1, rows, schema="stock-quote/1")


def new_link(partition: int, size: int, number: int) -> Link:
    """Link number `number` after the history. It has one rejected record, so that nothing is copied."""
    links, rows = size // PARTITIONS, rows_of(size)
    first = links * rows + number
    return Link(_key(partition, links + number, first), first, 0, 1, schema="stock-quote/1")


def _key(partition: int, at: int, first: int) -> ObjectKey:
    days, hour = divmod(at // LINKS_AN_HOUR, HOURS_A_DAY)
    return ObjectKey(TOPIC, TOPIC_ID, partition, hour_of(BEGIN + timedelta(days=days, hours=hour)), first)

"""The manifest of a day: which ranges of the chains its files hold, and why rows out differ from rows in.

A manifest is named after its ranges, and a file after its content. Both are put on condition that the name is
free. So two jobs that saw the same chain make the same objects, and none replaces another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import msgspec

from stock_common import keys
from stock_common.links import Link
from stock_lake.parallel import at_once
from stock_objects.chain import Chain
from stock_objects.errors import Exists
from stock_objects.store import ObjectInfo

ROOT = "lake/"
FORMAT = 1
_NAME = 32
"""Hexadecimal digits of a SHA-256 that stand in a key."""


class Bucket(Protocol):
    """What the lake needs of a store to keep its own objects."""

    def get(self, key: str) -> bytes | None: ...
    def objects(self, prefix: str, after: str | None = None, first: int = ...) -> Iterable[ObjectInfo]: ...
    def put_new(self, key: str, body: bytes, metadata: dict[str, str]) -> str: ...


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What a day holds of one chain: its links from `first_key` to `last_key`, without a gap."""

    topic_id: str
    partition: int
    first: int
    last: int
    links: int
    last_key: str

    @property
    def chain(self) -> str:
        return chain_name(self.topic_id, self.partition)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the day. `sha256` is of its bytes."""

    key: str
    sha256: str
    bytes: int
    rows: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One day of one table.

    rows_in: rows of the links. rows_out: rows of the files. They differ by `resent`, the rows that repeat
    another row of the day in every field.
    rejected, holes, lost: offsets of the ranges that have no row, as the links say.
    ends: the last key of each chain of the topic that the lake holds up to this day, or an earlier one.
    """

    format: int = FORMAT
    table: str
    topic: str
    day: date
    ranges: tuple[Range, ...]
    files: tuple[File, ...]
    rows_in: int
    rows_out: int
    resent: int
    rejected: int
    holes: int
    lost: int
    ends: dict[str, str]

    @property
    def key(self) -> str:
        return f"{prefix(self.table, self.day)}{digest(self.ranges)}.json"

    @property
    def offsets(self) -> int:
        return sum(each.last - each.first + 1 for each in self.ranges)

    def holds(self, key: keys.ObjectKey) -> bool:
        """Whether the link at the key is one of the day's."""
        chain = chain_name(key.topic_id, key.partition)
        return any(each.chain == chain and each.first <= key.first <= each.last for each in self.ranges)


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Manifest)


class BadManifest(Exception):
    """A manifest that is not one of this version. The text names it."""


def prefix(table: str, day: date | None = None) -> str:
    """Where the lake's objects of a table, or of one of its days, are."""
    return f"{ROOT}{table}/day={day.isoformat()}/" if day else f"{ROOT}{table}/day="


def chain_name(topic_id: str, partition: int) -> str:
    return f"{topic_id}/{partition}"


def digest(ranges: Iterable[Range]) -> str:
    """The name of a manifest, from what it holds."""
    return hashlib.sha256(msgspec.json.encode([FORMAT, sorted(ranges, key=_place)])).hexdigest()[:_NAME]


def _place(held: Range) -> tuple[str, int]:
    return held.topic_id, held.partition


def ranges_of(held: Sequence[tuple[Chain, Sequence[Link]]]) -> tuple[Range, ...]:
    """The ranges of the chains that have links."""
    found = [
        Range(
            topic_id=chain.topic_id,
            partition=chain.partition,
            first=links[0].first,
            last=links[-1].last,
            links=len(links),
            last_key=str(links[-1].key),
        )
        for chain, links in held
        if links
    ]
    return tuple(sorted(found, key=_place))


def file_key(table: str, day: date, sha256: str) -> str:
    return f"{prefix(table, day)}{sha256[:_NAME]}.parquet"


def put(bucket: Bucket, made: Manifest) -> Manifest:
    """Puts the manifest, and returns it. Where another job was first, returns that job's."""
    try:
        bucket.put_new(made.key, _encoder.encode(made), {"rows": str(made.rows_out)})
    except Exists:
        return read(bucket, made.key)
    return made


def read(bucket: Bucket, key: str) -> Manifest:
    """The manifest at the key. Raises BadManifest."""
    body = bucket.get(key)
    try:
        found = _decoder.decode(body or b"")
    except msgspec.DecodeError as error:
        raise BadManifest(f"{key} is no manifest ({error}): delete it, and run the job again.") from None
    if found.format != FORMAT or found.key != key:
        raise BadManifest(f"{key} is no manifest of this version: update stock-lake.")
    return found


def of_day(bucket: Bucket, table: str, day: date) -> Manifest | None:
    """The manifest that counts for the day: the one that holds most of the chains."""
    found = [item.key for item in bucket.objects(prefix(table, day)) if item.key.endswith(".json")]
    return most(read(bucket, key) for key in found)


def most(found: Iterable[Manifest]) -> Manifest | None:
    """The manifest that holds most, or None. Chains only grow, so a later one holds more."""
    return max(found, key=_weight, default=None)


def _weight(held: Manifest) -> tuple[int, str]:
    return held.offsets, held.key


def keys_by_day(bucket: Bucket, table: str) -> dict[date, list[str]]:
    """The keys of the manifests of each day, in order of the days. Raises BadManifest for one of no day."""
    start = prefix(table)
    found: dict[date, list[str]] = {}
    for item in bucket.objects(start):
        day, _, name = item.key.removeprefix(start).partition("/")
        if not name.endswith(".json"):
            continue
        try:
            found.setdefault(date.fromisoformat(day), []).append(item.key)
        except ValueError:
            raise BadManifest(f"{item.key} is no manifest: its folder is no day. Delete it.") from None
    return found


def current(bucket: Bucket, table: str) -> dict[date, Manifest]:
    """The manifest that counts for each day, in order of the days."""
    by_day = keys_by_day(bucket, table)
    every = [key for found in by_day.values() for key in found]
    held = dict(zip(every, at_once(lambda key: read(bucket, key), every), strict=True))
    return {day: max((held[key] for key in found), key=_weight) for day, found in by_day.items()}

"""Makes a closed day of a topic: its links become sorted files and a manifest.

Each step can be done again: files and manifests are named after what they hold, and are put only where the
name is free. A job that was killed leaves at most files that no manifest names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import pyarrow as pa

from stock_common import keys
from stock_common.links import Link
from stock_lake import files, links, manifest, sorting
from stock_lake.manifest import File, Manifest
from stock_lake.tables import Table
from stock_objects.chain import Chain, chains
from stock_objects.errors import Exists


class Bucket(links.Bucket, manifest.Bucket, Protocol):
    """What the job needs of a store."""


class NotNow(Exception):
    """The process is to stop: the day is made later."""


class Plan(NamedTuple):
    """What there is to do for a table: its open days, in order, and the ends to go on from."""

    days: list[date]
    ends: dict[str, str]


def plan(bucket: Bucket, table: Table, closed: date) -> Plan:
    """The days up to `closed`, included, that have links which the lake does not hold."""
    kept = manifest.keys_by_day(bucket, table.name)
    current = {max(kept): manifest.of_day(bucket, table.name, max(kept))} if kept else {}
    newest = next(iter(current.values()), None)
    ends = newest.ends if newest else {}

    def held(day: date) -> Manifest | None:
        if day in kept and day not in current:
            current[day] = manifest.of_day(bucket, table.name, day)
        return current.get(day)

    todo = set()
    for chain in chains(bucket, table.topic.name):
        end = ends.get(manifest.chain_name(chain.topic_id, chain.partition))
        since = keys.parse(end).hour.date() if end else date.min
        for day in links.days_of(bucket, chain):
            if since <= day <= closed and day not in todo and not _is_whole(bucket, chain, day, held(day)):
                todo.add(day)
    return Plan(sorted(todo), ends)


def _is_whole(bucket: Bucket, chain: Chain, day: date, held: Manifest | None) -> bool:
    """Whether the manifest holds all links that the chain has of the day."""
    ranges = held.ranges if held else ()
    last = next(
        (
            each.last_key
            for each in ranges
            if (each.topic_id, each.partition) == (chain.topic_id, chain.partition)
        ),
        None,
    )
    return not links.keys_of(bucket, links.prefix_of(chain, day), last)


class DayJob:
    """Makes days of one table.

    scratch: a folder for the rows of one day.
    go_on: called between objects. False: the process is to stop.
    """

    def __init__(self, bucket: Bucket, table: Table, scratch: Path, go_on: Callable[[], bool]) -> None:
        self._bucket = bucket
        self._table = table
        self._scratch = scratch
        self._go_on = go_on

    def make(self, day: date, ends: Mapping[str, str]) -> Manifest:
        """The day's manifest, put with its files.

        `ends` are those of the days before. Raises BrokenChain, and NotNow.
        """
        held = [
            (chain, links.of_day(self._bucket, chain, day))
            for chain in chains(self._bucket, self._table.topic.name)
        ]
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="day-") as folder:
            place = Path(folder)
            once = sorting.Once(self._table)
            found = [link for _, of_chain in held for link in of_chain]
            rows = sorting.sort(self._read(found), self._table, place)
            batches = sorting.with_day(once.rows(rows), self._table, day)
            written = files.write(batches, self._table, place)
            put = tuple(self._put(day, each) for each in written)
        made = self._manifest(day, held, put, once.resent)
        return manifest.put(self._bucket, _with_ends(made, ends))

    def _read(self, found: list[Link]) -> Iterator[pa.Table]:
        for rows in links.read_rows(self._bucket, (link for link in found if link.rows), self._table):
            if not self._go_on():
                raise NotNow
            yield rows

    def _put(self, day: date, written: files.Written) -> File:
        key = manifest.file_key(self._table.name, day, written.sha256)
        body = written.path.read_bytes()
        with suppress(Exists):  # an earlier try, or another job, put the same bytes
            self._bucket.put_new(key, body, {"rows": str(written.rows), "sha256": written.sha256})
        return File(key=key, sha256=written.sha256, bytes=len(body), rows=written.rows)

    def _manifest(
        self, day: date, held: list[tuple[Chain, list[Link]]], put: tuple[File, ...], resent: int
    ) -> Manifest:
        found = [link for _, of_chain in held for link in of_chain]
        made = Manifest(
            table=self._table.name,
            topic=self._table.topic.name,
            day=day,
            ranges=manifest.ranges_of(held),
            files=put,
            rows_in=sum(link.rows for link in found),
            rows_out=sum(each.rows for each in put),
            resent=resent,
            rejected=sum(link.rejected for link in found),
            holes=sum(link.holes for link in found),
            lost=sum(link.lost for link in found),
            ends={},
        )
        if made.rows_out != made.rows_in - made.resent:
            raise AssertionError(f"{made.key}: {made.rows_in} rows in, {made.rows_out} out, {resent} resent")
        return made


def _with_ends(made: Manifest, before: Mapping[str, str]) -> Manifest:
    own = {each.chain: each.last_key for each in made.ranges}
    ends = {chain: max(before.get(chain, ""), own.get(chain, "")) for chain in {*before, *own}}
    return msgspec.structs.replace(made, ends=ends)

"""Reads the chains of a topic day by day, and checks each link against its metadata and the one before it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stock_common import keys
from stock_common.links import Link
from stock_lake.parallel import at_once
from stock_lake.tables import Table
from stock_objects import chain as chains
from stock_objects.chain import Chain, ForeignObject


class Bucket(chains.Bucket, Protocol):
    """What the lake needs of a store to read chains."""

    def get(self, key: str) -> bytes | None: ...


class BrokenChain(Exception):
    """A chain that cannot be read on. The text names the object and says what is wrong with it."""


def prefix_of(chain: Chain, day: date) -> str:
    """Where the chain's links of a day are."""
    return f"{chain.prefix}dt={day.isoformat()}/"


def days_of(bucket: Bucket, chain: Chain) -> list[date]:
    """The days on which a link of the chain begins, in order."""
    names = [
        each.removeprefix(f"{chain.prefix}dt=").removesuffix("/") for each in bucket.prefixes(chain.prefix)
    ]
    return [found for name in names if (found := _day(name))]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None  # no folder of a link


def keys_of(bucket: Bucket, prefix: str, after: str | None = None) -> list[str]:
    """The keys of links under `prefix`, after the key `after`. What cannot be a link is passed over."""
    return [item.key for item in bucket.objects(prefix, after) if keys.is_link(item.key)]


def of_day(bucket: Bucket, chain: Chain, day: date) -> list[Link]:
    """The chain's links of the day, in order. Raises BrokenChain."""
    earlier = [each for each in days_of(bucket, chain) if each < day]
    before = None
    for each in reversed(earlier):
        if found := keys_of(bucket, prefix_of(chain, each)):
            before = read_links(bucket, found[-1:])[0]
            break
    links = read_links(bucket, keys_of(bucket, prefix_of(chain, day)))
    check_order(([before] if before else []) + links)
    return links


def read_links(bucket: Bucket, found: Sequence[str]) -> list[Link]:
    """The links at the keys, each with its metadata. Raises BrokenChain."""
    return list(at_once(lambda key: _link(bucket, key), found))


def _link(bucket: Bucket, key: str) -> Link:
    try:
        link = chains.link_at(bucket, key)
    except ForeignObject as error:
        raise BrokenChain(f"{error}. The auditor's table of findings has the repair.") from None
    if link is None:
        raise BrokenChain(f"{key} was deleted while the chain was read.")
    return link


def check_order(links: Sequence[Link]) -> None:
    """Raises BrokenChain where a link does not begin where the one before it ends."""
    for before, link in pairwise(links):
        if link.first != before.last + 1:
            what = "leaves offsets out" if link.first > before.last + 1 else "overlaps the link before it"
            raise BrokenChain(
                f"{link.key} {what}: it begins at offset {link.first}, and {before.key} ends at "
                f"{before.last}. The auditor's table of findings has the repair."
            )


def read_rows(bucket: Bucket, links: Iterable[Link], table: Table) -> Iterator[pa.Table]:
    """The rows of each link, in order. Raises BrokenChain where they are not what the metadata says."""
    return at_once(lambda link: rows_of(bucket, link, table), links)


def rows_of(bucket: Bucket, link: Link, table: Table) -> pa.Table:
    """The rows of a link, with the columns of this version. Raises BrokenChain."""
    body = bucket.get(str(link.key))
    if body is None:
        raise BrokenChain(f"{link.key} was deleted while the chain was read.")
    try:
        read = pq.read_table(io.BytesIO(body))
        fault = _unknown(read, table) or None
        rows = read if fault else _shaped(read, table)
        fault = fault or _fault(rows, link)
    except (pa.ArrowException, OSError) as error:
        raise BrokenChain(f"{link.key} cannot be read as Parquet of {table.topic.name}: {error}") from None
    if fault:
        raise BrokenChain(f"{link.key} {fault}")
    return rows


def _unknown(rows: pa.Table, table: Table) -> str | None:
    strange = sorted({*rows.column_names} - {*table.linked.names})
    return (
        f"has columns that this version of stock-lake does not know: {strange}. Update it."
        if strange
        else None
    )


def _shaped(rows: pa.Table, table: Table) -> pa.Table:
    """With the columns that were added since the object was written, as NULL."""
    columns = [
        rows[field.name] if field.name in rows.column_names else pa.nulls(len(rows), field.type)
        for field in table.linked
    ]
    return pa.table(columns, names=table.linked.names).cast(table.linked)


def _fault(rows: pa.Table, link: Link) -> str | None:
    """In what the rows are not those that the key and the metadata say."""
    if len(rows) != link.rows:
        return f"has {len(rows)} rows, and its metadata says {link.rows}."
    for name, value in (("kafka_topic_id", link.key.topic_id), ("kafka_partition", link.key.partition)):
        if pc.any(pc.not_equal(rows[name], value)).as_py():  # type: ignore[attr-defined]
            return f"has rows of another {name}."
    offsets = rows["kafka_offset"].combine_chunks()
    ends = pc.min_max(offsets).as_py()  # type: ignore[attr-defined]
    if len(offsets) and not (link.first <= ends["min"] and ends["max"] <= link.last):
        return f"has offsets from {ends['min']} to {ends['max']}, outside of {link.first} to {link.last}."
    falls = pc.less_equal(offsets[1:], offsets[:-1])  # type: ignore[attr-defined]
    return "has offsets that do not rise." if pc.any(falls).as_py() else None  # type: ignore[attr-defined]

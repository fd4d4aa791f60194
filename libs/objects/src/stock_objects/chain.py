"""Reading chains: the last link, the links behind a key, and which chains there are. `stock_common.keys` has the layout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from stock_common import keys, links
from stock_common.links import Link
from stock_objects.store import ObjectHead, ObjectInfo


class Bucket(Protocol):
    """What reading a chain needs of a store."""

    def head(self, key: str) -> ObjectHead | None: ...
    def objects(self, prefix: str, after: str | None = None, first: int = ...) -> Iterator[ObjectInfo]: ...
    def prefixes(self, prefix: str) -> list[str]: ...


class Chain(NamedTuple):
    """One partition's chain under one topic id."""

    topic: str
    topic_id: str
    partition: int

    @property
    def prefix(self) -> str:
        return keys.partition_prefix(self.topic, self.topic_id, self.partition)


class ForeignObject(ValueError):
    """An object among a chain's that is no link: its key or its metadata is not one."""


def last_link(bucket: Bucket, chain: Chain) -> Link | None:
    """The chain's last link, by descending through days and hours: 3 LISTs and a HEAD, whatever the history; None for a new chain.

    Raises ForeignObject when the last object is no link: nothing may be appended behind it.
    """
    # Some servers go on listing a folder whose last object was deleted: an empty one is not the chain's end.
    for day in reversed(bucket.prefixes(chain.prefix)):
        for hour in reversed(bucket.prefixes(day)):
            held = [info.key for info in bucket.objects(hour)]
            if held:
                return link_at(bucket, held[-1])
    return None


def link_at(bucket: Bucket, key: str) -> Link | None:
    """The link at `key`, None when there is no object. Raises ForeignObject."""
    try:
        parsed = keys.parse(key)
        head = bucket.head(key)
        return links.from_metadata(parsed, head.metadata) if head else None
    except ValueError as error:
        raise ForeignObject(str(error)) from None


def chains(bucket: Bucket, topic: str) -> list[Chain]:
    """Every chain of `topic` that has an object, of all its ids. Names that are no chain's are passed over: `objects` shows them."""
    found = []
    for id_prefix in bucket.prefixes(keys.topic_prefix(topic)):
        topic_id = id_prefix.removesuffix("/").rpartition("/")[2]
        for prefix in bucket.prefixes(id_prefix):
            number = prefix.removesuffix("/").rpartition("partition=")[2]
            if number.isdecimal() and keys.partition_prefix(topic, topic_id, int(number)) == prefix:
                found.append(Chain(topic, topic_id, int(number)))
    return found

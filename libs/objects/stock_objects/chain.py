"""Reading chains: the last link, the link at a key, and which chains there are.

`stock_common.keys` has the layout of the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from stock_common import keys, links
from stock_common.keys import Shape
from stock_common.links import Link
from stock_objects.store import ObjectHead, ObjectInfo


class Bucket(Protocol):
    """What reading a chain needs of a store."""

    def head(self, key: str) -> ObjectHead | None: ...
    def objects(self, prefix: str, after: str | None = None, first: int = ...) -> Iterator[ObjectInfo]: ...
    def prefixes(self, prefix: str, shape: Shape | None = None) -> list[str]: ...


class Chain(NamedTuple):
    """One partition's chain under one topic id."""

    topic: str
    topic_id: str
    partition: int

    @property
    def prefix(self) -> str:
        return keys.partition_prefix(self.topic, self.topic_id, self.partition)


class ForeignObject(ValueError):
    """An object under a chain's prefix whose key or metadata is not a link's."""


def links_backwards(
    bucket: Bucket, chain: Chain, on_strays: Callable[[list[str]], None] = lambda keys: None
) -> Iterator[Link]:
    """The chain's links, the last one first.

    The first one costs 3 LISTs and a HEAD, however long the chain is: it descends through days and hours.
    Objects that are no links are passed over, and `on_strays` is called with their keys.
    """
    # Some servers go on listing a folder whose last object was deleted. Such a folder is not the end.
    for day in reversed(bucket.prefixes(chain.prefix)):
        for hour in reversed(bucket.prefixes(day)):
            strays = []
            for key in reversed([info.key for info in bucket.objects(hour)]):
                try:
                    link = link_at(bucket, key)
                except ForeignObject:
                    strays.append(key)
                    continue
                if link is not None:
                    if strays:
                        on_strays(strays)
                        strays = []
                    yield link
            if strays:
                on_strays(strays)


def last_link(bucket: Bucket, chain: Chain) -> Link | None:
    """The chain's last link, None for a new chain."""
    return next(links_backwards(bucket, chain), None)


def link_at(bucket: Bucket, key: str) -> Link | None:
    """The link at `key`, None when there is no object. Raises ForeignObject."""
    try:
        parsed = keys.parse(key)
        head = bucket.head(key)
        return links.from_metadata(parsed, head.metadata) if head else None
    except ValueError as error:
        raise ForeignObject(str(error)) from None


def chains(bucket: Bucket, topic: str) -> list[Chain]:
    """Every chain of `topic` that has an object, of all its ids. What is no topic id's is passed over."""
    found = []
    for id_prefix in bucket.prefixes(keys.topic_prefix(topic), keys.TOPIC_ID_FOLDER):
        topic_id = id_prefix.removesuffix("/").rpartition("/")[2]
        if not keys.is_topic_id(topic_id):
            continue
        for prefix in bucket.prefixes(id_prefix, keys.PARTITION_FOLDER):
            number = prefix.removesuffix("/").rpartition("partition=")[2]
            if number.isdecimal() and keys.partition_prefix(topic, topic_id, int(number)) == prefix:
                found.append(Chain(topic, topic_id, int(number)))
    return found

"""What is new on S3: one LIST a partition from the last ledgered key on, and a HEAD for each new object, some at a time."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, Protocol

from stock_common import keys, links
from stock_objects.chain import Bucket, Chain, chains
from stock_objects.store import ObjectInfo
from stock_sf_loader.ledger import LedgerState
from stock_sf_loader.plan import Found

LIST_OBJECTS = 1000
"""One LIST answers with so many."""
HEAD_THREADS = 16
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Listing(NamedTuple):
    """The first objects of a chain behind its tail, in key order; `more`: there may be others behind them."""

    chain: Chain
    objects: list[ObjectInfo]
    more: bool


class Store(Bucket, Protocol):
    """Reading a bucket."""


def new_objects(bucket: Store, topics: Iterable[str], state: LedgerState) -> list[Listing]:
    """Every chain's objects that the ledger does not have. Raises what the bucket raises."""
    found = []
    for chain in (chain for topic in topics for chain in chains(bucket, topic)):
        tail = state.tails.get(chain)
        page = list(islice(bucket.objects(chain.prefix, tail.key if tail else None), LIST_OBJECTS))
        found.append(Listing(chain, [info for info in page if info.key not in state.strays], len(page) == LIST_OBJECTS))
    return found


def pick(listings: Sequence[Listing], files: int, size: int) -> tuple[dict[Chain, list[ObjectInfo]], bool]:
    """The oldest objects of all chains, by the hour in their keys and in key order within a chain: at most `files`, and about `size` bytes.

    Also whether any were left out. One object is picked whatever its size.
    """
    picked: dict[Chain, list[ObjectInfo]] = {}
    total = 0
    for count, (_, position, index) in enumerate(heapq.merge(*(_hours(listing, index) for index, listing in enumerate(listings)))):
        chain, objects, _ = listings[index]
        info = objects[position]
        total += info.size
        if count and (count >= files or total > size):
            return picked, True
        picked.setdefault(chain, []).append(info)
    return picked, any(listing.more for listing in listings)


def _hours(listing: Listing, index: int) -> Iterator[tuple[datetime, int, int]]:
    hour = _LONG_AGO
    for position, info in enumerate(listing.objects):
        with contextlib.suppress(ValueError):
            # Never backwards, so that the merge keeps the chain's own order whatever lies among its objects.
            hour = max(hour, keys.parse(info.key).hour)
        yield hour, position, index


class Heads:
    """What objects are, by HEAD; what was learned of objects that are still waiting is kept."""

    def __init__(self, bucket: Store, threads: int = HEAD_THREADS) -> None:
        self._bucket = bucket
        self._threads = threads
        self._known: dict[tuple[str, str], Found] = {}

    def find(self, picked: Mapping[Chain, Sequence[ObjectInfo]]) -> dict[Chain, list[Found]]:
        """Each chain's objects with their links, up to the first that has vanished since it was listed."""
        wanted = [info for objects in picked.values() for info in objects if (info.key, info.etag) not in self._known]
        with ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="head") as pool:
            fresh = {(info.key, info.etag): found for info, found in zip(wanted, pool.map(self._head, wanted), strict=True) if found}
        known = self._known | fresh
        answer: dict[Chain, list[Found]] = {}
        self._known = {}
        for chain, objects in picked.items():
            answer[chain] = []
            for info in objects:
                found = known.get((info.key, info.etag))
                if found is None:
                    break
                self._known[info.key, info.etag] = found
                answer[chain].append(found)
        return answer

    def _head(self, info: ObjectInfo) -> Found | None:
        try:
            parsed = keys.parse(info.key)
        except ValueError as error:
            return Found(info, None, str(error))
        head = self._bucket.head(info.key)
        if head is None:
            return None
        # What HEAD says is what the metadata belong to: the object may have been replaced since it was listed.
        info = ObjectInfo(head.key, head.size, head.etag, head.modified)
        try:
            return Found(info, links.from_metadata(parsed, head.metadata))
        except ValueError as error:
            return Found(info, None, str(error))

"""The new objects on S3: a LIST of each partition after its last ledgered key, and a HEAD of each link.

A listing always moves forward by key, whatever lies there. Only a key that a link may have gets a HEAD.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from stock_common import keys, links
from stock_common.run import FatalError
from stock_objects.chain import Bucket, Chain, chains
from stock_objects.errors import Conflict, ObjectError
from stock_objects.store import PAGE, ObjectInfo
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.load.plan import Found

LIST_PAGES = 20
"""LISTs of one chain in a row. If that many show no new link, the next cycle goes on where this one ended."""
HEAD_THREADS = 16
HEADS_FAILED = 16
"""If so many HEADs fail and none succeeds, the store is at fault, not the objects."""


class Foreign(NamedTuple):
    """Objects after a chain's tail whose keys are no link's. They are counted and never asked for.

    objects: the least there are. A listing may pass over more than a page of them.
    """

    objects: int = 0
    example: str = ""

    def plus(self, keys: Sequence[str]) -> Foreign:
        return Foreign(self.objects + len(keys), self.example or keys[0]) if keys else self


class Listing(NamedTuple):
    """The first objects of a chain after its tail that may be links, in key order.

    more: the next listing may return others.
    replaced: quarantined objects after the tail that are not the same any more.
    """

    chain: Chain
    objects: list[ObjectInfo]
    more: bool
    foreign: Foreign = Foreign()
    replaced: int = 0


class Scanner:
    """Lists chains. It remembers where a listing among too many foreign objects ended."""

    def __init__(self, bucket: Bucket, go_on: Callable[[], None] = lambda: None) -> None:
        self._bucket, self._go_on = bucket, go_on
        self._ended_at: dict[Chain, str] = {}

    def new_objects(self, topics: Iterable[str], state: LedgerState) -> list[Listing]:
        """The objects of every chain that are not in the ledger. Raises what the bucket and `go_on` raise."""
        return [
            self._list(chain, state.tails.get(chain), state)
            for topic in topics
            for chain in chains(self._bucket, topic)
        ]

    def _list(self, chain: Chain, tail: Tail | None, state: LedgerState) -> Listing:
        objects: list[ObjectInfo] = []
        foreign, replaced = Foreign(), 0
        goes_on, start = self._ended_at.pop(chain, ""), tail.key if tail else None
        for _ in range(LIST_PAGES):
            self._go_on()
            page = list(islice(self._bucket.objects(chain.prefix, start), PAGE))
            candidates, others = _by_name(page)
            foreign = foreign.plus(others)
            objects += [info for info in candidates if info.key not in state.strays]
            replaced += sum((state.etags.get(info.key) or info.etag) != info.etag for info in candidates)
            start = _next_start(chain, page)
            if start is None or len(objects) >= PAGE:
                return Listing(chain, objects, start is not None, foreign, replaced)
            # The first LIST has seen what was put after the tail meanwhile.
            start = max(start, goes_on)
        self._ended_at[chain] = start or ""
        return Listing(chain, objects, bool(objects), foreign, replaced)


def _by_name(page: Sequence[ObjectInfo]) -> tuple[list[ObjectInfo], list[str]]:
    """The objects that may be links, and the keys of the others."""
    candidates = [info for info in page if keys.is_link(info.key)]
    return candidates, [info.key for info in page if not keys.is_link(info.key)]


def _next_start(chain: Chain, page: Sequence[ObjectInfo]) -> str | None:
    """The key after which the next LIST begins, None where there is nothing more."""
    if len(page) < PAGE:
        return None
    return keys.next_start(chain.prefix, keys.LINK, page[-1].key)


def pick(listings: Sequence[Listing], files: int, size: int) -> tuple[dict[Chain, list[ObjectInfo]], bool]:
    """The oldest objects of all chains, at most `files` and about `size` bytes, and whether others are left.

    Chains are merged by the hour in their objects' keys. Within a chain the order is that of the keys.
    At least one object is picked, whatever its size.
    """
    picked: dict[Chain, list[ObjectInfo]] = {}
    total = 0
    for count, (_, position, index) in enumerate(
        heapq.merge(*(_hours(listing, index) for index, listing in enumerate(listings)))
    ):
        chain, info = listings[index].chain, listings[index].objects[position]
        total += info.size
        if count and (count >= files or total > size):
            return picked, True
        picked.setdefault(chain, []).append(info)
    return picked, any(listing.more for listing in listings)


def _hours(listing: Listing, index: int) -> Iterator[tuple[datetime, int, int]]:
    for position, info in enumerate(listing.objects):
        yield keys.parse(info.key).hour, position, index


class Looked(NamedTuple):
    """What HEADs have shown of each chain, up to the first object that did not answer.

    cut: the chains that such an object cuts, with the store's error, None where it has vanished since its
        LIST. What follows it in its chain waits.
    """

    found: dict[Chain, list[Found]]
    cut: dict[Chain, Exception | None]


class Heads:
    """Looks at objects by HEAD. It keeps the answers of the last call, as some of those objects wait."""

    def __init__(
        self, bucket: Bucket, go_on: Callable[[], None] = lambda: None, threads: int = HEAD_THREADS
    ) -> None:
        self._bucket, self._go_on, self._threads = bucket, go_on, threads
        self._known: dict[tuple[str, str], Found] = {}

    def find(self, picked: Mapping[Chain, Sequence[ObjectInfo]]) -> Looked:
        """The objects of each chain with their links. All keys must be those of links.

        Raises ObjectError when no HEAD succeeds, and what `go_on` raises.
        """
        known, errors = self._asked([info for objects in picked.values() for info in objects])
        known = self._known | known
        self._known = {}
        looked = Looked({}, {})
        for chain, objects in picked.items():
            looked.found[chain] = list(self._kept(objects, known))
            if len(looked.found[chain]) < len(objects):
                looked.cut[chain] = errors.get(objects[len(looked.found[chain])].key)
        return looked

    def look(self, names: Sequence[str]) -> dict[str, Found]:
        """The objects with these keys that there are. All must be keys of links. Raises what HEAD raises."""
        with ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="head") as pool:
            return {found.info.key: found for found in pool.map(self._head, names) if found}

    def _asked(
        self, objects: Sequence[ObjectInfo]
    ) -> tuple[dict[tuple[str, str], Found], dict[str, Exception]]:
        """The answers, and the errors by key. One object's error is its own."""
        answers: dict[tuple[str, str], Found] = {}
        errors: dict[str, Exception] = {}
        pool = ThreadPoolExecutor(max_workers=self._threads, thread_name_prefix="head")
        try:
            wanted = [info for info in objects if (info.key, info.etag) not in self._known]
            for future in as_completed(asked := {pool.submit(self._head, info.key): info for info in wanted}):
                self._go_on()
                info = asked[future]
                try:
                    if found := future.result():
                        answers[info.key, info.etag] = found
                except (ObjectError, Conflict, FatalError) as error:
                    errors[info.key] = error
                    if not answers and len(errors) == HEADS_FAILED:
                        raise ObjectError(str(error)) from None
        finally:
            pool.shutdown(cancel_futures=True)
        return answers, errors

    def _kept(self, objects: Sequence[ObjectInfo], known: Mapping[tuple[str, str], Found]) -> Iterator[Found]:
        for info in objects:
            found = known.get((info.key, info.etag))
            if found is None:
                return
            self._known[info.key, info.etag] = found
            yield found

    def _head(self, key: str) -> Found | None:
        head = self._bucket.head(key)
        if head is None:
            return None
        # The metadata belong to the object that HEAD saw. It may have been replaced since it was listed.
        info = ObjectInfo(head.key, head.size, head.etag, head.modified)
        try:
            return Found(info, links.from_metadata(keys.parse(key), head.metadata))
        except ValueError as error:
            return Found(info, None, str(error))

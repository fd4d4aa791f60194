"""Reads chains from S3.

One LIST reads 1,000 links. A HEAD is needed only for a link that the ledger does not have under its ETag.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from stock_auditor.compare.evidence import LedgerRow, Stored, held_rows
from stock_common import keys
from stock_common.links import Link
from stock_objects.chain import Bucket, Chain, ForeignObject, chains, link_at
from stock_objects.store import ObjectInfo

HEADS_AT_ONCE = 16
STEP_PAGE = 10
"""Objects that a LIST asks for to find the next chain. The first one is enough."""


class BucketReader:
    """Remembers the HEADs of links that are not ledgered yet, so that each is asked for once.

    Raises what the store raises.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._heads: dict[Chain, dict[str, Stored]] = {}

    def chains(self, topic: str) -> set[Chain]:
        """The chains of the topic that have an object."""
        return set(chains(self._bucket, topic))

    def read(
        self, chain: Chain, after: str | None, ledger: Iterable[LedgerRow], every_head: bool
    ) -> tuple[Stored, ...]:
        """The chain's objects after the key `after`, in key order.

        What a ledgered object of the same ETag covers is taken from the ledger. With `every_head` it is taken
        from the object's metadata instead.
        """
        vouched: dict[str, LedgerRow] = {}
        remembered: dict[str, Stored] = {}
        if not every_head:
            vouched = {row.key: row for row in held_rows(ledger)}
            remembered = self._heads.get(chain, {})
        listed = list(self._bucket.objects(chain.prefix, after))
        found = {item.key: _known(item, vouched, remembered) for item in listed}
        asked = self._ask([item for item in listed if found[item.key] is None])
        heads = {**remembered, **asked}
        self._heads[chain] = {key: heads[key] for key in heads.keys() & (found.keys() - vouched.keys())}
        found |= asked
        return tuple(stored for stored in found.values() if stored)

    def strays(self, known: Collection[Chain], prefix: str = keys.ROOT) -> list[str]:
        """Keys under `prefix` that are in no chain of `known`. Each chain costs one LIST, which skips it."""
        prefixes = sorted(chain.prefix for chain in known)
        found: list[str] = []
        after: str | None = None
        while True:
            inside = None
            for item in self._bucket.objects(prefix, after, STEP_PAGE):
                inside = next((each for each in prefixes if item.key.startswith(each)), None)
                if inside:
                    break
                found.append(item.key)
            if inside is None:
                return found
            # The least key after every key of the chain: 0 follows / in ASCII.
            after = inside.removesuffix("/") + "0"

    def _ask(self, items: Sequence[ObjectInfo]) -> dict[str, Stored]:
        with ThreadPoolExecutor(HEADS_AT_ONCE, "head") as pool:
            return {stored.key: stored for stored in pool.map(self._head, items) if stored}

    def _head(self, item: ObjectInfo) -> Stored | None:
        try:
            link = link_at(self._bucket, item.key)
        except ForeignObject as error:
            return _no_link(item, error)
        # None: the object was deleted since it was listed. The next audit reports it.
        return Stored(item.key, item.etag, item.modified, link) if link else None


def _no_link(item: ObjectInfo, error: ValueError) -> Stored:
    # The texts begin with the key, as it is or quoted.
    fault = str(error).removeprefix(item.key).removeprefix(repr(item.key)).strip()
    return Stored(item.key, item.etag, item.modified, None, fault)


def _known(
    item: ObjectInfo, vouched: Mapping[str, LedgerRow], remembered: Mapping[str, Stored]
) -> Stored | None:
    """What is known of a listed object without a HEAD."""
    row = vouched.get(item.key)
    if row is not None and row.etag == item.etag:
        try:
            link = Link(keys.parse(item.key), row.last, row.rows, row.rejected, row.holes, row.lost)
        except ValueError as error:
            return _no_link(item, error)
        return Stored(item.key, item.etag, item.modified, link)
    seen = remembered.get(item.key)
    return seen if seen is not None and seen.etag == item.etag else None

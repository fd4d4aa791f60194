"""Reading chains from S3: one LIST for each 1,000 links, a HEAD only for a link that the ledger does not vouch for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from stock_auditor.evidence import QUARANTINED, LedgerRow, Stored
from stock_common import keys
from stock_common.links import Link
from stock_objects.chain import Bucket, Chain, ForeignObject, chains, link_at
from stock_objects.store import ObjectInfo

HEADS_AT_ONCE = 16
STEP_PAGE = 10
"""Objects that a LIST asks for where a chain is to be stepped over: its first one tells."""


class BucketReader:
    """Remembers the HEADs of links that are not ledgered yet, so that each is asked for once. Raises what the store raises."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._heads: dict[Chain, dict[str, Stored]] = {}

    def chains(self, topic: str) -> set[Chain]:
        return set(chains(self._bucket, topic))

    def read(self, chain: Chain, after: str | None, ledger: Iterable[LedgerRow], every_head: bool) -> tuple[Stored, ...]:
        """The chain's objects behind the key `after`, in key order.

        What a ledgered object of the same ETag covers is taken from the ledger, or with `every_head` from its metadata all the same.
        """
        vouched = {} if every_head else {row.key: row for row in ledger if row.status != QUARANTINED}
        remembered = {} if every_head else self._heads.get(chain, {})
        listed = list(self._bucket.objects(chain.prefix, after))
        known = {item.key: _known(item, vouched, remembered) for item in listed}
        with ThreadPoolExecutor(HEADS_AT_ONCE, "head") as pool:
            asked = {stored.key: stored for stored in pool.map(self._head, [item for item in listed if known[item.key] is None]) if stored}
        self._heads[chain] = {key: stored for key, stored in {**remembered, **asked}.items() if key in known and key not in vouched}
        return tuple(stored for item in listed if (stored := known[item.key] or asked.get(item.key)))

    def strays(self, known: Collection[Chain], prefix: str = keys.ROOT) -> list[str]:
        """Keys under `prefix` in no chain of `known`, by one LIST a chain: each chain is stepped over."""
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
            # The least key behind every key of the chain: 0 follows / in ASCII.
            after = inside.removesuffix("/") + "0"

    def _head(self, item: ObjectInfo) -> Stored | None:
        try:
            link = link_at(self._bucket, item.key)
        except ForeignObject as error:
            return _no_link(item, error)
        # Deleted since it was listed: the next audit will tell.
        return Stored(item.key, item.etag, item.modified, link) if link else None


def _no_link(item: ObjectInfo, error: ValueError) -> Stored:
    # The texts begin with the key, as it is or quoted.
    fault = str(error).removeprefix(item.key).removeprefix(repr(item.key)).strip()
    return Stored(item.key, item.etag, item.modified, None, fault)


def _known(item: ObjectInfo, vouched: Mapping[str, LedgerRow], remembered: Mapping[str, Stored]) -> Stored | None:
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

"""The next batch for a transaction, chosen from the new objects. Pure but for the HEADs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from stock_objects.chain import Chain
from stock_sf_loader.load.ledger import Entry, LedgerState
from stock_sf_loader.load.listing import Heads, Listing, pick
from stock_sf_loader.load.plan import Found, Gap, plan
from stock_sf_loader.load.refused_files import RefusedFiles

BATCH_BYTES = 2 * 1024**3
"""An X-SMALL warehouse loads so much well within the statement timeout. No link has as much."""
LEAST_PICKED = 64
"""So many objects are looked at even for a small batch: a link that fits may follow some that do not."""


class Batch(NamedTuple):
    """`entries` in chain order. `left`: there is more to load after this batch.

    gaps: the chains that wait for a missing link.
    cut: the chains that wait for an object that could not be looked at, with the store's error if there was.
    """

    entries: list[Entry]
    gaps: dict[Chain, Gap]
    cut: dict[Chain, Exception | None]
    left: bool


class Held(NamedTuple):
    """What this cycle leaves for the next one: chains that wait, and refused files it has tried."""

    chains: set[Chain]
    files: set[str]

    def without(self, listings: Sequence[Listing]) -> list[Listing]:
        return [listing for listing in listings if listing.chain not in self.chains]


def next_batch(
    listings: Sequence[Listing],
    heads: Heads,
    state: LedgerState,
    refused: RefusedFiles,
    held: Held,
    limit: int,
) -> Batch:
    """A batch of at most `limit` entries, without the chains and files in `held` and what follows them.

    A refused file comes alone, when nothing else is left to load: it cannot spoil a batch of good files.
    """
    picked, left = pick(held.without(listings), max(limit, LEAST_PICKED), BATCH_BYTES)
    looked = heads.find(picked)
    sound: list[Entry] = []
    alone: list[Entry] = []
    gaps: dict[Chain, Gap] = {}
    for chain, objects in looked.found.items():
        unfit = {**refused.corrupt(chain.topic), **_too_large(objects)}
        entries, gap = plan(chain, state.tails.get(chain), objects, unfit)
        if gap:
            gaps[chain] = gap
        cut = _first_of(refused.waiting(chain.topic), entries)
        sound += entries[:cut]
        if cut < len(entries) and entries[cut].key not in held.files:
            alone.append(entries[cut])
    if sound:
        return Batch(sound[:limit], gaps, looked.cut, any((left, len(sound) > limit, alone)))
    return Batch(alone[:1], gaps, looked.cut, any((left, alone, gaps, looked.cut)))


def _too_large(objects: Sequence[Found]) -> Mapping[str, str]:
    return {
        item.info.key: f"it has {item.info.size} bytes, which no link has"
        for item in objects
        if item.info.size > BATCH_BYTES
    }


def _first_of(keys: Collection[str], entries: Sequence[Entry]) -> int:
    """The index of the first entry to be copied whose key is in `keys`, len(entries) when there is none."""
    return next(
        (index for index, entry in enumerate(entries) if entry.key in keys and entry.is_copied), len(entries)
    )

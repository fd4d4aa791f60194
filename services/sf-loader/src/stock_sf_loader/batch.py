"""The next batch for a transaction, out of what is new. Pure but for the HEADs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stock_objects.chain import Chain
from stock_sf_loader.ledger import Entry, LedgerState
from stock_sf_loader.listing import Heads, Listing, pick
from stock_sf_loader.plan import Gap, plan
from stock_sf_loader.suspects import Suspects

BATCH_BYTES = 2 * 1024**3
"""What an X-SMALL warehouse loads well within the statement timeout."""
LEAST_PICKED = 64
"""So many are looked at however small the batch is to be: a link that fits may lie behind some that do not."""


class Batch(NamedTuple):
    """`entries` in chain order; `gaps` by chain; `left`: there is more to be done after it."""

    entries: list[Entry]
    gaps: dict[Chain, Gap]
    left: bool


class Pass(NamedTuple):
    """What a cycle leaves for the next one: chains that wait at a gap, and suspect files that were tried already."""

    chains: set[Chain]
    files: set[str]


def next_batch(listings: Sequence[Listing], heads: Heads, state: LedgerState, suspects: Suspects, held: Pass, limit: int) -> Batch:
    """At most `limit` entries. A suspect file comes alone, when nothing else is left to do; what is in `held`, and behind it, does not come."""
    picked, left = pick([listing for listing in listings if listing.chain not in held.chains], max(limit, LEAST_PICKED), BATCH_BYTES)
    sound: list[Entry] = []
    alone: list[Entry] = []
    gaps: dict[Chain, Gap] = {}
    for chain, objects in heads.find(picked).items():
        entries, gap = plan(chain, state.tails.get(chain), objects, suspects.corrupt(chain.topic))
        if gap:
            gaps[chain] = gap
        waiting = suspects.waiting(chain.topic)
        cut = next((index for index, entry in enumerate(entries) if entry.key in waiting and entry.is_copied), len(entries))
        sound += entries[:cut]
        if cut < len(entries) and entries[cut].key not in held.files:
            alone.append(entries[cut])
    if sound:
        return Batch(sound[:limit], gaps, left or len(sound) > limit or bool(alone))
    return Batch(alone[:1], gaps, left or bool(alone) or bool(gaps))

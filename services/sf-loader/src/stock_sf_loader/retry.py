"""Quarantined objects, tried again because somebody says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stock_objects.store import ObjectInfo
from stock_sf_loader import ledger, marks
from stock_sf_loader.copy_into import BatchRefused, FileRefused
from stock_sf_loader.ledger import QUARANTINED, Entry, LedgerState
from stock_sf_loader.listing import Heads
from stock_sf_loader.plan import Found, placed
from stock_sf_loader.repair import Contradiction, Repair, Replacement, replace

UNCHANGED = (FileRefused, BatchRefused, Contradiction)


class Tried(NamedTuple):
    """`outcome`: loaded; released (its mark is gone, the loader decides anew); refused. `text` is for a person."""

    key: str
    outcome: str
    text: str


def retry(repair: Repair, wanted: Sequence[str]) -> list[Tried]:
    """Tries the objects with the keys `wanted`, or all that are quarantined, each in a transaction of its own.

    An object with a place in its chain is loaded, and its row of the ledger replaced. One without is released when it is gone or lies behind what
    is loaded; in front of that it has no place, whatever it holds. Raises what a session, a bucket or `go_on` raises.
    """
    there = [entry.key for entry in repair.again(lambda: marks.quarantined(repair.session))]
    tried = [Tried(key, "refused", "is not quarantined") for key in wanted if key not in there]
    for key in [key for key in there if not wanted or key in wanted]:
        tried.append(_one(repair, key))
        repair.tell(f"{key}: {tried[-1].text}")
    return tried


def _one(repair: Repair, key: str) -> Tried:
    def work() -> Tried:
        state = ledger.read(repair.session)
        entry = next((entry for entry in marks.quarantined(repair.session) if entry.key == key), None)
        if entry is None:
            # Not for the first time here: the answer to COMMIT was lost, or a loader released it.
            return Tried(key, "loaded", "is no longer quarantined")
        return _decide(repair, entry, state)

    try:
        return repair.again(work)
    except UNCHANGED as error:
        return Tried(key, "refused", f"stays quarantined: {error}")


def _decide(repair: Repair, entry: Entry, state: LedgerState) -> Tried:
    found = _find(repair, entry)
    if entry.first is None:
        tail = state.tails.get(entry.chain)
        if found is not None and tail is not None and entry.key < tail.key:
            return Tried(entry.key, "refused", f"stays quarantined: {found.fault or 'its place in the chain is taken'}")
        replace(repair, Replacement(entry.chain, QUARANTINED, [entry], []), state.fence)
        return Tried(entry.key, "released", "is left to the loader" if found else "is gone from S3 and now from the ledger")
    if found is None:
        return Tried(entry.key, "refused", "stays quarantined: it is not on S3")
    link = found.link
    if link is None:
        return Tried(entry.key, "refused", f"stays quarantined: {found.fault}")
    if (link.first, link.last) != (entry.first, entry.last):
        covers = f"it covers {link.first} to {link.last}, its place in the chain is {entry.first} to {entry.last}"
        return Tried(entry.key, "refused", f"stays quarantined: {covers}")
    replace(repair, Replacement(entry.chain, QUARANTINED, [entry], [placed(entry.chain, found, link, None)]), state.fence)
    return Tried(entry.key, "loaded", f"loaded, {link.rows} rows")


def _find(repair: Repair, entry: Entry) -> Found | None:
    """The object as it is now; None when it is gone."""
    head = repair.bucket.head(entry.key)
    if head is None:
        return None
    info = ObjectInfo(head.key, head.size, head.etag, head.modified)
    found = Heads(repair.bucket, threads=1).find({entry.chain: [info]})[entry.chain]
    return found[0] if found else None

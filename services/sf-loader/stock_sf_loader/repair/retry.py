"""Retry: loads quarantined objects that are correct now, and releases those without a place in the chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from stock_common import keys
from stock_common.ledger import QUARANTINED, TABLES
from stock_sf_loader.load import ledger, transaction
from stock_sf_loader.load.copy_into import BatchRefused, FileRefused
from stock_sf_loader.load.ledger import Entry, LedgerState
from stock_sf_loader.load.listing import Heads
from stock_sf_loader.load.plan import Found, placed
from stock_sf_loader.repair import ledger_rows
from stock_sf_loader.repair.base import Contradiction, Repair, Replacement, replace

UNCHANGED = (FileRefused, BatchRefused, Contradiction)
RELEASED_AT_ONCE = 1000
"""Objects without a place that one transaction releases."""


class Tried(NamedTuple):
    """`text` is for a person. `outcome` is one of:

    loaded: the object's rows are in the table.
    released: its ledger row is deleted, so the loader decides again.
    refused: it stays quarantined.
    """

    key: str
    outcome: str
    text: str


def retry(repair: Repair, wanted: Collection[str]) -> list[Tried]:
    """Tries the objects with the keys `wanted`, or all quarantined ones.

    An object with a place in its chain is loaded, and its ledger row replaced, each in one transaction. One
    without a place is released if it is gone from S3, or if its key is after the chain's end in the ledger.
    Before that end it has no place, whatever it holds. A key that no link has is released in any case: the
    loader passes over it. Raises what a session, a bucket or `go_on` raises.
    """
    held = {entry.key: entry for entry in repair.retried(lambda: ledger_rows.quarantined(repair.session))}
    tried = [Tried(key, "refused", "is not quarantined") for key in wanted if key not in held]
    return tried + _try(repair, [held[key] for key in (wanted or held) if key in held])


def _try(repair: Repair, entries: Sequence[Entry]) -> list[Tried]:
    tried: list[Tried] = []
    strays = [entry for entry in entries if entry.is_stray]
    for begin in range(0, len(strays), RELEASED_AT_ONCE):
        tried += _release(repair, strays[begin : begin + RELEASED_AT_ONCE])
    return tried + [_one(repair, entry) for entry in entries if not entry.is_stray]


def _release(repair: Repair, entries: Sequence[Entry]) -> list[Tried]:
    foreign = [Tried(entry.key, "released", "") for entry in entries if not keys.is_link(entry.key)]
    ours = [entry for entry in entries if keys.is_link(entry.key)]

    def work() -> list[Tried]:
        state = ledger.read(repair.session)
        found = Heads(repair.bucket).look([entry.key for entry in ours])
        tried = [*foreign, *(_verdict(entry, found.get(entry.key), state) for entry in ours)]
        if released := [one.key for one in tried if one.outcome == "released"]:
            with transaction.alone(repair.session, state.fence, repair.new_holder()):
                ledger_rows.release(repair.session, released)
        return tried

    tried = repair.retried(work)
    if foreign:
        such = f"{len(foreign)} foreign objects, such as {foreign[0].key}"
        repair.tell(f"{such}: gone from the ledger, the loader passes over them")
    for one in tried[len(foreign) :]:
        repair.tell(f"{one.key}: {one.text}")
    return tried


def _verdict(entry: Entry, found: Found | None, state: LedgerState) -> Tried:
    tail = state.tails.get(entry.chain)
    if found is not None and tail is not None and entry.key < tail.key:
        return _stays(entry.key, found.fault or "its place in the chain is taken")
    text = "is left to the loader" if found else "is gone from S3 and now from the ledger"
    return Tried(entry.key, "released", text)


def _one(repair: Repair, entry: Entry) -> Tried:
    tried = _tried(repair, entry)
    repair.tell(f"{entry.key}: {tried.text}")
    return tried


def _tried(repair: Repair, entry: Entry) -> Tried:
    if (
        entry.first is None
        or entry.last is None
        or entry.chain.topic not in TABLES
        or not keys.is_link(entry.key)
    ):
        return _stays(entry.key, "no loader has written its row in the ledger")

    def work() -> Tried:
        state = ledger.read(repair.session)
        rows = ledger_rows.between(repair.session, entry.chain, entry.key, entry.key)
        held = next((row for row in rows if row.status == QUARANTINED), None)
        if held is None:
            # An earlier attempt was committed although its answer was lost, or a loader has released it.
            return Tried(entry.key, "loaded", "is no longer quarantined")
        return _load(repair, held, Heads(repair.bucket).look([entry.key]).get(entry.key), state)

    try:
        return repair.retried(work)
    except UNCHANGED as error:
        return _stays(entry.key, str(error))


def _load(repair: Repair, entry: Entry, found: Found | None, state: LedgerState) -> Tried:
    if found is None:
        return _stays(entry.key, "it is not on S3")
    link = found.link
    if link is None:
        return _stays(entry.key, found.fault)
    if (link.first, link.last) != (entry.first, entry.last):
        covers = f"it covers {link.first} to {link.last}"
        return _stays(entry.key, f"{covers}, its place in the chain is {entry.first} to {entry.last}")
    new = placed(entry.chain, found, link, None)
    replace(repair, Replacement(entry.chain, QUARANTINED, [entry], [new]), state.fence)
    return Tried(entry.key, "loaded", f"loaded, {link.rows} rows")


def _stays(key: str, reason: str) -> Tried:
    return Tried(key, "refused", f"stays quarantined: {reason}")

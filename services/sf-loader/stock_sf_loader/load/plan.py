"""The verdict on the new objects of a chain: load, quarantine, or wait. Pure. A verdict is a ledger.Entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stock_common.ledger import LOADED, QUARANTINED
from stock_common.links import Link
from stock_objects.chain import Chain
from stock_objects.store import ObjectInfo
from stock_sf_loader.load.ledger import Entry, LedgerState, Tail


class Found(NamedTuple):
    """One new object as a link. `link` is None for an object that is no link, and `fault` says why."""

    info: ObjectInfo
    link: Link | None
    fault: str = ""


class Gap(NamedTuple):
    """A missing link. The next one must begin at `expected`, but the next object, `key`, begins at `found`.

    Nothing after a gap is loaded.
    """

    expected: int
    found: int
    key: str


class ChainPlan(NamedTuple):
    entries: list[Entry]
    gap: Gap | None


def plan(chain: Chain, tail: Tail | None, objects: Sequence[Found], corrupt: Mapping[str, str]) -> ChainPlan:
    """Verdicts on `objects`, the chain's objects after `tail` in key order.

    corrupt: key → reason, for the objects that cannot be loaded.

    - A link that begins where the last one ended takes its place. A corrupt one takes it too, in quarantine:
      its range is known, so the chain goes on.
    - A link that begins earlier overlaps the ledger. It is quarantined, without a place.
    - A link that begins later waits. If a link with a greater key fits, the waiting one was never part of the
      chain: it is quarantined.
    - An object that is no link is quarantined, without a place.
    A chain without a tail begins with its first link.
    """
    expected = tail.last + 1 if tail else None
    entries: list[Entry] = []
    waiting: list[tuple[Found, Link]] = []
    for item in objects:
        link = item.link
        if link is None or link.last < link.first:
            entries.append(_stray(chain, item, item.fault or "it covers no offsets"))
        elif expected is None or link.first == expected:
            entries += [_stray(chain, other, _out_of_order(early, link)) for other, early in waiting]
            waiting.clear()
            entries.append(placed(chain, item, link, corrupt.get(item.info.key)))
            expected = link.last + 1
        elif link.first < expected:
            entries.append(_stray(chain, item, _overlap(link, expected)))
        else:
            waiting.append((item, link))
    return ChainPlan(entries, _gap(expected, waiting))


def _gap(expected: int | None, waiting: Sequence[tuple[Found, Link]]) -> Gap | None:
    if expected is None or not waiting:
        return None
    item, link = waiting[0]
    return Gap(expected, link.first, item.info.key)


def _out_of_order(early: Link, later: Link) -> str:
    return f"it begins at {early.first}, out of order: {later.key} with a greater key begins earlier"


def _overlap(link: Link, expected: int) -> str:
    return f"it covers {link.first} to {link.last}, which overlaps what is ledgered up to {expected - 1}"


def fits(entries: Sequence[Entry], state: LedgerState) -> bool:
    """Whether the plan of `entries` still fits the ledger.

    Every placed entry must follow the one before it, and no stray may be in the ledger yet.
    """
    last = {chain: tail.last for chain, tail in state.tails.items()}
    for entry in entries:
        if entry.first is None or entry.last is None:
            if entry.key in state.strays:
                return False
            continue
        if entry.first != last.get(entry.chain, entry.first - 1) + 1 or entry.last < entry.first:
            return False
        last[entry.chain] = entry.last
    return True


def placed(chain: Chain, item: Found, link: Link, fault: str | None) -> Entry:
    """The verdict on a link in its place: loaded, or quarantined for `fault`."""
    info = item.info
    counts = (link.rows, link.rejected, link.holes, link.lost)
    return Entry(
        chain,
        info.key,
        info.etag,
        info.size,
        info.modified,
        link.first,
        link.last,
        *counts,
        QUARANTINED if fault else LOADED,
        fault,
    )


def _stray(chain: Chain, item: Found, reason: str) -> Entry:
    info, link = item.info, item.link
    counts = (link.rows, link.rejected, link.holes, link.lost) if link else (0, 0, 0, 0)
    return Entry(
        chain, info.key, info.etag, info.size, info.modified, None, None, *counts, QUARANTINED, reason
    )

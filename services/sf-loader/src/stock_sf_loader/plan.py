"""What to do with the new objects of a chain: load, quarantine, or wait. Pure; `ledger.Entry` is the verdict on one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stock_common.links import Link
from stock_objects.chain import Chain
from stock_objects.store import ObjectInfo
from stock_sf_loader.ledger import LOADED, QUARANTINED, Entry, LedgerState, Tail


class Found(NamedTuple):
    """One new object. `link` is what it covers; None: it is no link, for the reason in `fault`."""

    info: ObjectInfo
    link: Link | None
    fault: str = ""


class Gap(NamedTuple):
    """The chain's next link must begin at `expected`, but the next there is, `key`, begins at `found`: nothing is loaded behind a gap."""

    expected: int
    found: int
    key: str


class ChainPlan(NamedTuple):
    entries: list[Entry]
    gap: Gap | None


def plan(chain: Chain, tail: Tail | None, objects: Sequence[Found], corrupt: Mapping[str, str]) -> ChainPlan:
    """Verdicts on `objects`, which are the chain's behind `tail` in key order. `corrupt` are keys that cannot be loaded, with the reason.

    - The link that begins where the last one ended takes its place. A corrupt one too, in quarantine: its range is known, so the chain goes on.
    - One that begins earlier overlaps what is ledgered: quarantined, without a place.
    - One that begins later waits. Should a link with a greater key fit, the waiting one was never part of the chain: quarantined.
    - What is no link is quarantined, without a place.
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
            entries += [
                _stray(chain, other, f"it begins at {early.first}, out of order: {link.key} with a greater key begins earlier")
                for other, early in waiting
            ]
            waiting.clear()
            entries.append(placed(chain, item, link, corrupt.get(item.info.key)))
            expected = link.last + 1
        elif link.first < expected:
            entries.append(_stray(chain, item, f"it covers {link.first} to {link.last}, which overlaps what is ledgered up to {expected - 1}"))
        else:
            waiting.append((item, link))
    gap = Gap(expected, waiting[0][1].first, waiting[0][0].info.key) if waiting and expected is not None else None
    return ChainPlan(entries, gap)


def fits(entries: Sequence[Entry], state: LedgerState) -> bool:
    """Whether the ledger is still where the plan of `entries` began: every placed entry follows the one before it, and none is in already."""
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
    """The verdict that `link` is in its place; with a `fault` it is not loaded."""
    info = item.info
    counts = (link.rows, link.rejected, link.holes, link.lost)
    return Entry(chain, info.key, info.etag, info.size, info.modified, link.first, link.last, *counts, QUARANTINED if fault else LOADED, fault)


def _stray(chain: Chain, item: Found, reason: str) -> Entry:
    info, link = item.info, item.link
    counts = (link.rows, link.rejected, link.holes, link.lost) if link else (0, 0, 0, 0)
    return Entry(chain, info.key, info.etag, info.size, info.modified, None, None, *counts, QUARANTINED, reason)

"""What loading a day again comes to, chain by chain. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from stock_objects.chain import Chain
from stock_sf_loader.batch import BATCH_BYTES
from stock_sf_loader.copy_into import FILES_LIMIT
from stock_sf_loader.ledger import LOADED, Entry
from stock_sf_loader.plan import Found, placed
from stock_sf_loader.repair import Replacement


class DayPlan(NamedTuple):
    """`notes` and `faults` are for a person; with faults there is nothing to replace: no half of a day is loaded again."""

    replacements: list[Replacement]
    notes: list[str]
    faults: list[str]


def plan_day(chain: Chain, ledgered: Sequence[Entry], found: Sequence[Found]) -> DayPlan:
    """`ledgered` are the chain's rows of the day, `found` its objects of the day up to where the ledger ends; both in key order.

    - What is ledgered as loaded is loaded again, with the range and the counts that its object has now. All of it must be there.
    - A link that the ledger lacks although later ones are in it is loaded too, where its offsets are free.
    - What is quarantined or pruned stays as it is: `retry` is for the one, and the other was taken out on purpose.
    """
    others = {entry.key: entry for entry in ledgered if entry.status != LOADED}
    old = [entry for entry in ledgered if entry.status == LOADED]
    there = {item.info.key: item for item in found if item.info.key not in others}
    notes = [f"{status} and left as they are: {count}" for status, count in _count(others).items()]
    new, faults = _again(chain, old, there)
    notes += [f"{entry.key} was replaced on S3 since it was loaded" for entry in _replaced(old, new)]
    taken = sorted([*new, *(entry for entry in others.values() if entry.first is not None)], key=_first)
    faults += [
        f"{after.key} begins within {before.key}: nothing of the day is loaded again" for before, after in pairwise(taken) if _meet(before, after)
    ]
    known = {entry.key for entry in old}
    for key, item in there.items():
        if key in known:
            continue
        entry = placed(chain, item, item.link, None) if item.link else None
        if entry is None or any(_meet(entry, other) for other in taken):
            notes.append(f"{key} is not in the ledger and has no place there: {item.fault or 'its offsets are taken'}")
        else:
            notes.append(f"{key} was not in the ledger")
            new.append(entry)
            taken.append(entry)
    return DayPlan([] if faults else list(_batches(chain, old, sorted(new, key=lambda entry: entry.key))), notes, faults)


def _again(chain: Chain, old: Sequence[Entry], there: Mapping[str, Found]) -> tuple[list[Entry], list[str]]:
    new: dict[str, Entry] = {}
    faults = []
    for entry in old:
        item = there.get(entry.key)
        if item is None:
            faults.append(f"{entry.key} is in the ledger but not on S3: bring it back from the bucket's versions")
        elif item.link is None:
            faults.append(f"{entry.key} is in the ledger but is no link: {item.fault}")
        else:
            new[entry.key] = placed(chain, item, item.link, None)
    return list(new.values()), faults


def _replaced(old: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    etags = {entry.key: entry.etag for entry in new}
    return [entry for entry in old if etags.get(entry.key, entry.etag) != entry.etag]


def _batches(chain: Chain, old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[Replacement]:
    batch: list[Entry] = []
    size = 0
    for entry in new:
        if batch and (len(batch) == FILES_LIMIT or size + entry.size > BATCH_BYTES):
            yield _replacement(chain, old, batch)
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield _replacement(chain, old, batch)


def _replacement(chain: Chain, old: Sequence[Entry], batch: Sequence[Entry]) -> Replacement:
    return Replacement(chain, LOADED, [entry for entry in old if batch[0].key <= entry.key <= batch[-1].key], list(batch))


def _meet(one: Entry, other: Entry) -> bool:
    return _first(one) <= _last(other) and _first(other) <= _last(one)


def _first(entry: Entry) -> int:
    return -1 if entry.first is None else entry.first


def _last(entry: Entry) -> int:
    return -1 if entry.last is None else entry.last


def _count(others: Mapping[str, Entry]) -> dict[str, int]:
    statuses = [entry.status for entry in others.values()]
    return {status: statuses.count(status) for status in sorted(set(statuses))}

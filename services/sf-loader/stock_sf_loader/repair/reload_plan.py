"""The plan of a reload: which objects of a day are loaded again in one chain. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from stock_common.ledger import LOADED
from stock_objects.chain import Chain
from stock_sf_loader.load.batch import BATCH_BYTES
from stock_sf_loader.load.copy_into import FILES_LIMIT
from stock_sf_loader.load.ledger import Entry
from stock_sf_loader.load.plan import Found, placed
from stock_sf_loader.repair.base import Replacement


class DayPlan(NamedTuple):
    """`notes` and `faults` are sentences for a person. With a fault nothing of the day is replaced."""

    replacements: list[Replacement]
    notes: list[str]
    faults: list[str]


def plan_day(chain: Chain, ledgered: Sequence[Entry], found: Sequence[Found]) -> DayPlan:
    """The plan for one chain and day.

    ledgered: the chain's ledger rows of the day. found: its objects of the day, up to the end of the ledger.
    Both are in key order.

    - A loaded object is loaded again, with the range and the counts that it has now. All of them must exist.
    - A link that the ledger lacks, although later ones are in it, is loaded too if its offsets are free.
    - A quarantined or pruned object stays as it is. `retry` is for the one, the other was deleted on purpose.
    """
    old, others = _by_status(ledgered)
    objects = {item.info.key: item for item in found if item.info.key not in others}
    new, faults = _loaded_again(chain, old, objects)
    taken = sorted([*new, *filter(_has_place, others.values())], key=_first)
    faults += _overlaps(taken)
    missing = objects.keys() - {entry.key for entry in old}
    added, remarks = _added(chain, [objects[key] for key in sorted(missing)], taken)
    notes = [*_left_alone(others.values()), *_changed(old, new), *remarks]
    wanted = sorted([*new, *added], key=lambda entry: entry.key)
    return DayPlan([] if faults else list(_batches(chain, old, wanted)), notes, faults)


def _by_status(ledgered: Sequence[Entry]) -> tuple[list[Entry], dict[str, Entry]]:
    """The loaded entries, and the others by key."""
    old = [entry for entry in ledgered if entry.status == LOADED]
    return old, {entry.key: entry for entry in ledgered if entry.status != LOADED}


def _loaded_again(
    chain: Chain, old: Sequence[Entry], objects: Mapping[str, Found]
) -> tuple[list[Entry], list[str]]:
    new: dict[str, Entry] = {}
    faults = []
    for entry in old:
        item = objects.get(entry.key)
        if item is None:
            advice = "bring it back from the bucket's versions"
            faults.append(f"{entry.key} is in the ledger but not on S3: {advice}")
        elif item.link is None:
            faults.append(f"{entry.key} is in the ledger but is no link: {item.fault}")
        else:
            new[entry.key] = placed(chain, item, item.link, None)
    return list(new.values()), faults


def _overlaps(taken: Sequence[Entry]) -> list[str]:
    return [
        f"{after.key} begins within {before.key}: nothing of the day is loaded again"
        for before, after in pairwise(taken)
        if _meet(before, after)
    ]


def _added(chain: Chain, missing: Iterable[Found], taken: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """The objects that the ledger lacks and that have a free place, and a note on each of `missing`."""
    added: list[Entry] = []
    notes = []
    for item in missing:
        key = item.info.key
        entry = placed(chain, item, item.link, None) if item.link else None
        if entry is None or any(_meet(entry, other) for other in (*taken, *added)):
            reason = item.fault or "its offsets are taken"
            notes.append(f"{key} is not in the ledger and has no place there: {reason}")
        else:
            notes.append(f"{key} was not in the ledger")
            added.append(entry)
    return added, notes


def _changed(old: Sequence[Entry], new: Sequence[Entry]) -> list[str]:
    etags = {entry.key: entry.etag for entry in new}
    return [
        f"{entry.key} was replaced on S3 since it was loaded"
        for entry in old
        if etags.get(entry.key, entry.etag) != entry.etag
    ]


def _left_alone(others: Iterable[Entry]) -> list[str]:
    counts = Counter(entry.status for entry in others)
    return [f"{status} and left as they are: {count}" for status, count in sorted(counts.items())]


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
    within = [entry for entry in old if batch[0].key <= entry.key <= batch[-1].key]
    return Replacement(chain, LOADED, within, list(batch))


def _meet(one: Entry, other: Entry) -> bool:
    return _first(one) <= _last(other) and _first(other) <= _last(one)


def _has_place(entry: Entry) -> bool:
    return entry.first is not None


def _first(entry: Entry) -> int:
    return -1 if entry.first is None else entry.first


def _last(entry: Entry) -> int:
    return -1 if entry.last is None else entry.last

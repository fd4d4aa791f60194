"""What can be done to the chain of A, B and C, and what is found then."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from world import CHAIN, NOW, OLD, World, link

from stock_auditor.compare.evidence import LedgerRow, Log, Readable, Stored
from stock_common.ledger import QUARANTINED

A, B, C = link(0, 100), link(100, 100), link(200, 100)
KA, KB, KC = str(A.key), str(B.key), str(C.key)
GONE = (
    f"topic made anew: {CHAIN.topic_id} is no longer the topic id of Kafka's stock-data:"
    " what S3 did not have of it is gone"
)


def whole() -> World:
    return World([A, B, C])


class Wrong(NamedTuple):
    """What is done to the whole chain of A, B and C, and exactly what is found."""

    corrupt: Callable[[World], None]
    findings: tuple[str, ...]
    missing: int = 0
    doubled: int = 0


def both(*corruptions: Callable[[World], None]) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for each in corruptions:
            each(world)

    return corrupt


def delete(*keys: str, ledger: bool = False) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for key in keys:
            del (world.ledger if ledger else world.objects)[key]

    return corrupt


def delete_before_loading(world: World) -> None:
    del world.objects[KB], world.ledger[KB]
    for offset in range(100, 200):
        del world.table[offset]


def rows(*offsets: int, copies: int) -> Callable[[World], None]:
    return lambda world: world.table.update(dict.fromkeys(offsets, copies))


def without_rows(*offsets: int) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for offset in offsets:
            del world.table[offset]

    return corrupt


def log(first: int, end: int, due: int) -> Callable[[World], None]:
    return lambda world: setattr(world, "log", Log(first, end, due))


def stored(key: str, **changes: object) -> Callable[[World], None]:
    return lambda world: world.objects.update({key: world.objects[key]._replace(**changes)})


def ledgered(key: str, **changes: object) -> Callable[[World], None]:
    return lambda world: world.ledger.update({key: world.ledger[key]._replace(**changes)})


def foreign(world: World) -> None:
    key = f"{CHAIN.prefix}report.csv"
    world.objects[key] = Stored(key, "x", NOW, None, "is not the key of a link")


def quarantined_foreign(world: World) -> None:
    foreign(world)
    key = f"{CHAIN.prefix}report.csv"
    world.ledger[key] = LedgerRow(key, -1, -1, 0, status=QUARANTINED, reason="not the key of a link")


def kafka(**found: object) -> Callable[[World], None]:
    """What reading the log itself finds: `probe` and `readable` of Evidence."""
    return lambda world: world.found.update(found)


HOLED = link(300, 10, rejected=5, holes=5, hour=10)


def holes_that_are_records(world: World) -> None:
    world.put(HOLED)
    world.load(HOLED)
    world.log = Log(0, 320, 320)
    world.found["readable"] = {str(HOLED.key): Readable(18)}


ZOMBIE = link(250, 60, hour=10)
LATE = link(300, 50, hour=10)


def zombie(quarantined: bool) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        world.put(ZOMBIE)
        world.log = Log(0, 310, 310)
        if quarantined:
            world.load(ZOMBIE, QUARANTINED)
            world.ledger[str(ZOMBIE.key)] = world.ledger[str(ZOMBIE.key)]._replace(reason="overlaps")

    return corrupt


def late(modified_old: bool, again: bool = False) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        world.put(LATE, modified=OLD if modified_old else NOW)
        world.log = Log(0, 350, 350)
        if again:
            after = link(350, 10, hour=11)
            world.put(after)
            world.load(after)
            world.log = Log(0, 360, 360)

    return corrupt


def foreign_in_place(world: World) -> None:
    world.objects[KB] = Stored(KB, "other", NOW, None, "has no metadata 'last-offset'")


def replaced_with_other_range(world: World) -> None:
    world.objects[KC] = Stored(KC, "other", NOW, link(200, 80))


def lost(world: World) -> None:
    world.put(link(300, 0, lost=20, hour=10))
    world.load(link(300, 0, lost=20, hour=10))
    world.log = Log(320, 350, 320)


def loaded_twice(world: World) -> None:
    world.put(ZOMBIE)
    world.load(ZOMBIE)
    world.log = Log(0, 310, 310)


def out_of_order(world: World) -> None:
    world.put(link(300, 10, hour=8))
    world.log = Log(0, 310, 310)

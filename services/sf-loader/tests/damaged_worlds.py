"""Worlds to repair: sound ones, what can be damaged in them, and the repairs that the tests run."""

from __future__ import annotations

from datetime import date
from functools import cache

from deaths import Trouble
from fake_bucket import no_hook
from prometheus_client import CollectorRegistry
from world import World, drain

from stock_sf_loader.load.cycle import Loader
from stock_sf_loader.load.ledger import Session
from stock_sf_loader.load.refused_files import RefusedFiles
from stock_sf_loader.metrics import Metrics
from stock_sf_loader.repair.rebuild import Options, rebuild
from stock_sf_loader.repair.reload import Reloaded, reload

DAY = date(2026, 3, 2)


TOPICS = ("stock-data", "stock-alerts", "stock-bars")


@cache
def three_days() -> World:
    """Three chains of three days, and alerts on the first. One file of that day is quarantined."""
    world = World()
    for chain in world.quotes:
        for number in range(9):
            world.bucket.link(
                chain,
                5 * number,
                5 * number + 4,
                hour=8 * number,
                corrupt=chain.partition == 1 and number == 1,
            )
    world.bucket.link(world.alerts, 0, 2)
    world.bucket.link(world.alerts, 3, 4, lost=2)
    drain(world.loader())
    world.check()
    assert [
        key
        for key in world.bucket.stored
        if "dt=2026-03-02/" in key and "partition=00000" in key and "stock-data" in key
    ]
    return world


def again(world: World, *topics: str, **options: bool) -> Reloaded:
    return reload(world.repair(), DAY, topics or TOPICS, **options)


def key_of(world: World, partition: int, first: int) -> str:
    return next(
        row["key"]
        for row in world.snowflake.data.ledger
        if row["chain"] == world.quotes[partition] and row["first"] == first
    )


def doubled(world: World) -> None:
    world.snowflake.data.rows["STOCK_QUOTES"].append((key_of(world, 0, 5), 7))


def deleted(world: World) -> None:
    world.snowflake.data.rows["STOCK_QUOTES"].remove((key_of(world, 0, 5), 7))


def unledgered(world: World) -> None:
    key = key_of(world, 0, 5)
    world.snowflake.data.ledger[:] = [row for row in world.snowflake.data.ledger if row["key"] != key]


def skipped(world: World) -> None:
    key = key_of(world, 0, 5)
    unledgered(world)
    table = world.snowflake.data.rows["STOCK_QUOTES"]
    table[:] = [row for row in table if row[0] != key]


def false_counts(world: World) -> None:
    next(row for row in world.snowflake.data.ledger if row["key"] == key_of(world, 0, 5))["rows"] = 3


def twice(world: World) -> None:
    world.snowflake.data.ledger.append(
        dict(next(row for row in world.snowflake.data.ledger if row["key"] == key_of(world, 0, 5)))
    )


@cache
def two_chains() -> World:
    world = World()
    for number in range(4):
        world.bucket.link(world.quotes[0], 5 * number, 5 * number + 4, hour=4 * number)
    world.bucket.link(world.alerts, 0, 2)
    drain(world.loader())
    return world


def correct(world: World) -> None:
    for key, stored in list(world.bucket.stored.items()):
        world.bucket.stored[key] = stored._replace(corrupt=False)


def with_corrupt_files() -> World:
    """Two quarantined files in a chain of four, and one of another topic."""
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.link(chain, 5, 9, corrupt=True)
    world.bucket.link(chain, 10, 14)
    world.bucket.link(chain, 15, 19, corrupt=True)
    world.bucket.link(world.alerts, 0, 4, corrupt=True)
    drain(world.loader())
    assert [status for *_, status in world.ledger(chain)] == [
        "loaded",
        "quarantined",
        "loaded",
        "quarantined",
    ]
    return world


ALL = Options()


def rebuilt(
    world: World, hook: Trouble = no_hook, topics: tuple[str, ...] = TOPICS, options: Options = ALL
) -> list[str]:
    def new_loader(session: Session, topic: str, refused: RefusedFiles) -> Loader:
        return world.loader_of(session, [topic], hook, Metrics(CollectorRegistry(), [topic]), refused)

    return rebuild(world.repair(hook), topics, new_loader, options)


def nothing_is_beside(world: World) -> bool:
    beside = world.snowflake.data.beside
    return beside is not None and not beside.ledger and not any(beside.rows.values())

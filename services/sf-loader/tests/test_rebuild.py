"""Tables rebuilt from S3: equal or refused, killed at every line, beside a loader that goes on."""

from __future__ import annotations

from datetime import date

import pytest
from damaged_worlds import (
    TOPICS,
    deleted,
    doubled,
    false_counts,
    key_of,
    nothing_is_beside,
    rebuilt,
    three_days,
    twice,
    unledgered,
)
from deaths import Trouble
from world import World, drain

from stock_sf_loader.repair.prune import prune
from stock_sf_loader.repair.rebuild import Options


def test_equal_tables_are_replaced() -> None:
    world = three_days().copy()
    world.bucket.put(f"{world.quotes[0].prefix}dt=2099-12-31/hour=23/o{7:020d}.parquet", {}, [])
    drain(world.loader())
    ranges = {chain: world.ledger(chain) for chain in world.quotes}
    copies, strays = world.snowflake.statements.count("COPY"), world.strays()
    assert rebuilt(world) == []
    world.check()
    assert {chain: world.ledger(chain) for chain in world.quotes} == ranges, "what was quarantined too"
    assert world.strays() == strays
    assert len(strays) == 1
    assert world.snowflake.statements.count("COPY") == copies + 2, "what is known to be corrupt is not tried"
    assert nothing_is_beside(world)
    assert drain(world.loader()).entries == []
    assert [line for line in world.lines if "equal" in line] == [
        f"{topic}: replaced, it is equal" for topic in TOPICS
    ]


def test_pruned_objects_stay_out_whether_they_are_on_s3_or_not() -> None:
    for gone in (False, True):
        world = three_days().copy()
        prune(world.repair(), date(2026, 3, 3), TOPICS)
        for key in [key for key in world.bucket.stored if gone and "dt=2026-03-02/" in key]:
            del world.bucket.stored[key]
        before = {chain: world.ledger(chain) for chain in world.quotes}
        assert rebuilt(world) == []
        assert {chain: world.ledger(chain) for chain in world.quotes} == before
        world.check_ranges()


def test_what_is_new_on_s3_comes_too() -> None:
    world = three_days().copy()
    world.bucket.link(world.quotes[0], 45, 49, hour=90)
    assert rebuilt(world) == []
    assert world.offsets(world.quotes[0]) == list(range(50))
    world.check()
    assert drain(world.loader()).entries == []


def gone(world: World) -> None:
    del world.bucket.stored[key_of(world, 0, 5)]


def first_gone(world: World) -> None:
    del world.bucket.stored[key_of(world, 0, 0)]


def replaced(world: World) -> None:
    world.bucket.link(world.quotes[0], 5, 9, hour=8)


@pytest.mark.parametrize(
    "damage", [doubled, deleted, unledgered, false_counts, twice, gone, first_gone, replaced]
)
def test_what_differs_is_not_replaced(damage: Trouble) -> None:
    world = three_days().copy()
    damage(world)  # type: ignore[arg-type]
    before = world.snowflake.data
    ledger, rows = list(before.ledger), {name: list(held) for name, held in before.rows.items()}
    found = rebuilt(world)
    assert found
    assert (before.ledger, before.rows) == (ledger, rows) or all(
        row in ledger for row in before.ledger if row["chain"][0] == "stock-data"
    )
    assert rows["STOCK_QUOTES"] == before.rows["STOCK_QUOTES"]
    assert not nothing_is_beside(world)
    assert any(line.startswith("stock-data: not replaced") for line in world.lines)


@pytest.mark.parametrize("damage", [doubled, deleted, unledgered, false_counts, twice, replaced])
def test_what_differs_is_replaced_when_that_is_accepted(damage: Trouble) -> None:
    world = three_days().copy()
    damage(world)  # type: ignore[arg-type]
    assert rebuilt(world)
    copies = world.snowflake.statements.count("COPY")
    assert rebuilt(world, topics=("stock-data",), options=Options(accept=True))
    assert world.snowflake.statements.count("COPY") == copies, "what was rebuilt is not loaded once more"
    world.check()
    world.check_ranges()
    assert nothing_is_beside(world)


def test_a_dry_run_replaces_nothing() -> None:
    world = three_days().copy()
    doubled(world)
    rows = {name: list(held) for name, held in world.snowflake.data.rows.items()}
    (difference,) = rebuilt(world, options=Options(dry_run=True))
    assert difference.startswith("stock-data/0")
    assert "46 rows in the table, 45 rebuilt" in difference
    assert world.snowflake.data.rows == rows
    assert nothing_is_beside(world)


def test_leftovers_are_forgotten_on_request() -> None:
    world = three_days().copy()
    deleted(world)
    rebuilt(world)
    beside = world.snowflake.data.beside
    assert beside
    beside.rows["STOCK_QUOTES"].clear()
    world.snowflake.data.rows["STOCK_QUOTES"].append((key_of(world, 0, 5), 7))
    assert rebuilt(world), "what is beside was spoiled"
    assert rebuilt(world, options=Options(restart=True)) == []
    world.check()

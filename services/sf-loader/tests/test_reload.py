"""A day loaded again: what it repairs, what it refuses, and deaths at every line."""

from __future__ import annotations

import pytest
from damaged_worlds import (
    again,
    deleted,
    doubled,
    false_counts,
    key_of,
    skipped,
    three_days,
    twice,
    unledgered,
)
from deaths import Trouble
from world import World, drain

from stock_sf_loader.repair import reload_plan


def new_world() -> World:
    return three_days().copy()


def files_of_the_day(world: World) -> int:
    return sum("dt=2026-03-02/" in key and not stored.corrupt for key, stored in world.bucket.stored.items())


def test_a_sound_day_is_loaded_again_and_nothing_else_is_touched() -> None:
    world = new_world()
    before = {row["key"]: id(row) for row in world.snowflake.data.ledger}
    done = again(world)
    assert (done.files, done.faults) == (files_of_the_day(world), [])
    assert done.rows == done.deleted > 0
    renewed = {row["key"] for row in world.snowflake.data.ledger if before[row["key"]] != id(row)}
    assert {key.partition("/dt=")[2][:10] for key in renewed} == {"2026-03-02"}
    assert len(renewed) == done.files
    world.check()
    assert drain(world.loader()).entries == []


def test_only_the_topic_that_is_asked_for() -> None:
    world = new_world()
    assert again(world, "stock-alerts").files == 2
    assert world.snowflake.statements.count("COPY") == 1


def test_a_dry_run_changes_nothing() -> None:
    world = new_world()
    fence = world.snowflake.data.lease["fence"]
    done = again(world, dry_run=True)
    assert (done.files, done.deleted) == (files_of_the_day(world), 0)
    assert world.snowflake.data.lease["fence"] == fence
    assert set(world.snowflake.statements) <= {
        "READ_LEASE",
        "READ_NEWEST",
        "READ_TAILS",
        "READ_STRAYS",
        "READ_KEYS",
    }
    assert any("would be loaded again" in line for line in world.lines)


@pytest.mark.parametrize("damage", [doubled, deleted, unledgered, skipped, false_counts, twice])
def test_what_it_repairs(damage: Trouble) -> None:
    world = new_world()
    damage(world)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        world.check_ranges()
        world.check()
    assert again(world).faults == []
    world.check_ranges()
    world.check()


def test_an_object_that_is_gone_leaves_its_chain_as_it_is() -> None:
    world = new_world()
    key = key_of(world, 0, 5)
    del world.bucket.stored[key]
    before = world.ledger(world.quotes[0]), world.offsets(world.quotes[0])
    done = again(world)
    assert done.faults == [f"{key} is in the ledger but not on S3: bring it back from the bucket's versions"]
    assert (world.ledger(world.quotes[0]), world.offsets(world.quotes[0])) == before
    assert done.files == files_of_the_day(world) - 1


def test_a_replaced_object_is_reported() -> None:
    world = new_world()
    key = world.bucket.link(world.quotes[0], 5, 9, hour=8)
    again(world)
    assert f"{key} was replaced on S3 since it was loaded" in world.lines
    assert (
        next(row["etag"] for row in world.snowflake.data.ledger if row["key"] == key)
        == world.bucket.stored[key].info.etag
    )
    world.check()


def test_an_object_that_would_take_a_neighbours_offsets_is_refused() -> None:
    world = new_world()
    world.bucket.link(world.quotes[0], 5, 12, hour=8)
    (fault,) = again(world).faults
    assert "cover offsets 0 to 12, and so does" in fault
    world.check_ranges()
    assert world.offsets(world.quotes[0]) == list(range(45))


def test_foreign_objects_and_zombies_stay_out() -> None:
    world = new_world()
    zombie = world.bucket.link(world.quotes[0], 7, 30, hour=9)
    for number in range(50):
        world.bucket.put(f"{world.quotes[0].prefix}dt=2026-03-02/hour=14/part-{number:05d}", {}, [])
    assert again(world).faults == []
    assert sum("has no place there" in line for line in world.lines) == 1
    assert f"50 foreign objects are passed over: {world.quotes[0].prefix}dt=2026-03-02/" in world.lines
    assert any(line.startswith(zombie) for line in world.lines)
    assert world.offsets(world.quotes[0]) == list(range(45))


def test_a_corrupt_object_leaves_its_chain_as_it_is() -> None:
    world = new_world()
    key = key_of(world, 0, 5)
    world.bucket.stored[key] = world.bucket.stored[key]._replace(corrupt=True)
    (fault,) = again(world).faults
    assert fault.startswith(f"{key}: ")
    assert world.offsets(world.quotes[0]) == list(range(45))
    world.check_ranges()


def test_what_is_new_is_left_to_the_loader() -> None:
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    drain(world.loader())
    world.bucket.link(chain, 5, 9)
    assert again(world).files == 1
    assert world.offsets(chain) == list(range(5))
    drain(world.loader())
    world.check()


def test_many_files_go_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_plan, "FILES_LIMIT", 3)
    world = World()
    for first in range(0, 40, 4):
        world.bucket.link(world.quotes[0], first, first + 3)
    drain(world.loader())
    begun = world.snowflake.statements.count("BEGIN")
    assert again(world).files == 10
    assert world.snowflake.statements.count("BEGIN") == begun + 4
    world.check()

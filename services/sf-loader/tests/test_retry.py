"""Quarantined objects tried again on command."""

from __future__ import annotations

from functools import cache

import pytest
from conftest import World, drain
from deaths import Trouble, answers_lost, killed

from stock_sf_loader.retry import retry


def mend(world: World) -> None:
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
    assert [status for *_, status in world.ledger(chain)] == ["loaded", "quarantined", "loaded", "quarantined"]
    return world


def run(world: World, hook: Trouble) -> object:
    return retry(world.repair(hook), [])


def all_loaded(world: World) -> bool:
    rows = world.snowflake.data.ledger
    return len(rows) == 5 and {row["status"] for row in rows} == {"loaded"} and {row["reason"] for row in rows if row["first"] == 5} == {None}


def test_mended_files_are_loaded_and_their_rows_replaced() -> None:
    world = with_corrupt_files()
    mend(world)
    assert [(tried.outcome, tried.text) for tried in retry(world.repair(), [])] == [("loaded", "loaded, 5 rows")] * 3
    assert all_loaded(world)
    world.check()
    assert drain(world.loader()).entries == []


def test_only_what_is_asked_for() -> None:
    world = with_corrupt_files()
    mend(world)
    key = next(row["key"] for row in world.snowflake.data.ledger if row["first"] == 5)
    (other, tried) = retry(world.repair(), [key, "raw/x"])
    assert (other.key, other.outcome, other.text) == ("raw/x", "refused", "is not quarantined")
    assert (tried.key, tried.outcome) == (key, "loaded")
    assert [status for *_, status in world.ledger(world.quotes[0])] == ["loaded", "loaded", "loaded", "quarantined"]


def test_files_that_are_still_bad_stay_as_they_are_and_hold_up_no_other() -> None:
    world = with_corrupt_files()
    keys = [row["key"] for row in world.snowflake.data.ledger if row["status"] == "quarantined" and row["first"]]
    world.bucket.stored[keys[1]] = world.bucket.stored[keys[1]]._replace(corrupt=False)
    before = [row for row in world.snowflake.data.ledger if row["key"] == keys[0]]
    outcomes = {tried.key: tried for tried in retry(world.repair(), keys)}
    assert outcomes[keys[0]].outcome == "refused"
    assert "stays quarantined" in outcomes[keys[0]].text
    assert outcomes[keys[1]].outcome == "loaded"
    assert [row for row in world.snowflake.data.ledger if row["key"] == keys[0]] == before


def test_another_range_or_no_object_is_refused() -> None:
    world = with_corrupt_files()
    mend(world)
    chain = world.quotes[0]
    world.bucket.link(chain, 5, 8)
    gone = next(key for key in world.bucket.stored if key.endswith("o00000000000000000015.parquet"))
    del world.bucket.stored[gone]
    texts = [tried.text for tried in retry(world.repair(), []) if tried.outcome == "refused"]
    assert texts == ["stays quarantined: it covers 5 to 8, its place in the chain is 5 to 9", "stays quarantined: it is not on S3"]
    assert world.ledger(chain)[1][2] == world.ledger(chain)[3][2] == "quarantined"


@pytest.mark.parametrize("mended", [True, False])
def test_an_object_without_a_place(mended: bool) -> None:
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    behind = world.bucket.link(chain, 5, 9, says=3)
    drain(world.loader())
    assert set(world.strays()) == {behind}
    if mended:
        world.bucket.link(chain, 5, 9)
    else:
        del world.bucket.stored[behind]
    assert [(tried.key, tried.outcome) for tried in retry(world.repair(), [])] == [(behind, "released")]
    drain(world.loader())
    assert world.strays() == {}
    assert world.offsets(chain) == list(range(10 if mended else 5))
    world.check()


def test_what_lies_before_the_loaded_end_stays_out() -> None:
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 9)
    world.bucket.link(chain, 10, 19, hour=1)
    drain(world.loader())
    zombie = world.bucket.link(chain, 12, 25, hour=2)
    world.bucket.link(chain, 20, 29, hour=3)
    drain(world.loader())
    (tried,) = retry(world.repair(), [])
    assert (tried.key, tried.outcome) == (zombie, "refused")
    assert set(world.strays()) == {zombie}
    world.check()


broken = cache(with_corrupt_files)


def mended() -> World:
    world = broken().copy()
    mend(world)
    return world


def test_killed_at_any_line() -> None:
    count = 0
    for world in killed(mended, run):
        count += 1
        world.check_ranges()
        retry(world.repair(), [])
        assert all_loaded(world)
        world.check()
    assert count > 30


def test_an_answer_lost_at_any_line() -> None:
    for world in answers_lost(mended, run):
        retry(world.repair(), [])
        assert all_loaded(world)
        world.check()


def test_the_running_loader_between_any_two_lines() -> None:
    for step in range(0, 60, 3):
        world = mended()
        loader = world.loader()
        seen: list[str] = []

        def hook(name: str, seen: list[str] = seen, step: int = step, world: World = world, loader: object = loader) -> None:
            seen.append(name)
            if len(seen) == step:
                world.bucket.link(world.quotes[0], 20, 24)
                loader.cycle()  # type: ignore[attr-defined]

        retry(world.repair(hook), [])
        drain(loader)
        assert {row["status"] for row in world.snowflake.data.ledger} == {"loaded"}
        world.check()


def test_the_fence_is_raised() -> None:
    world = mended()
    fence = world.snowflake.data.lease["fence"]
    retry(world.repair(), [])
    assert world.snowflake.data.lease["fence"] == fence + 3

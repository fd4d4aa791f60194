"""Quarantined objects tried again on command."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from damaged_worlds import correct, with_corrupt_files
from deaths import Trouble, answers_lost, killed
from world import World, drain

from stock_sf_loader.repair.retry import retry


def run(world: World, hook: Trouble) -> object:
    return retry(world.repair(hook), [])


def all_loaded(world: World) -> bool:
    rows = world.snowflake.data.ledger
    return (
        len(rows) == 5
        and {row["status"] for row in rows} == {"loaded"}
        and {row["reason"] for row in rows if row["first"] == 5} == {None}
    )


def test_corrected_files_are_loaded_and_their_rows_replaced() -> None:
    world = with_corrupt_files()
    correct(world)
    assert [(tried.outcome, tried.text) for tried in retry(world.repair(), [])] == [
        ("loaded", "loaded, 5 rows")
    ] * 3
    assert all_loaded(world)
    world.check()
    assert drain(world.loader()).entries == []


def test_only_what_is_asked_for() -> None:
    world = with_corrupt_files()
    correct(world)
    key = next(row["key"] for row in world.snowflake.data.ledger if row["first"] == 5)
    (other, tried) = retry(world.repair(), [key, "raw/x"])
    assert (other.key, other.outcome, other.text) == ("raw/x", "refused", "is not quarantined")
    assert (tried.key, tried.outcome) == (key, "loaded")
    assert [status for *_, status in world.ledger(world.quotes[0])] == [
        "loaded",
        "loaded",
        "loaded",
        "quarantined",
    ]


def test_files_that_are_still_bad_stay_as_they_are_and_hold_up_no_other() -> None:
    world = with_corrupt_files()
    keys = [
        row["key"] for row in world.snowflake.data.ledger if row["status"] == "quarantined" and row["first"]
    ]
    world.bucket.stored[keys[1]] = world.bucket.stored[keys[1]]._replace(corrupt=False)
    before = [row for row in world.snowflake.data.ledger if row["key"] == keys[0]]
    outcomes = {tried.key: tried for tried in retry(world.repair(), keys)}
    assert outcomes[keys[0]].outcome == "refused"
    assert "stays quarantined" in outcomes[keys[0]].text
    assert outcomes[keys[1]].outcome == "loaded"
    assert [row for row in world.snowflake.data.ledger if row["key"] == keys[0]] == before


def test_another_range_or_no_object_is_refused() -> None:
    world = with_corrupt_files()
    correct(world)
    chain = world.quotes[0]
    world.bucket.link(chain, 5, 8)
    gone = next(key for key in world.bucket.stored if key.endswith("o00000000000000000015.parquet"))
    del world.bucket.stored[gone]
    texts = [tried.text for tried in retry(world.repair(), []) if tried.outcome == "refused"]
    assert texts == [
        "stays quarantined: it covers 5 to 8, its place in the chain is 5 to 9",
        "stays quarantined: it is not on S3",
    ]
    assert world.ledger(chain)[1][2] == world.ledger(chain)[3][2] == "quarantined"


@pytest.mark.parametrize("corrected", [True, False])
def test_an_object_without_a_place(corrected: bool) -> None:
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    later = world.bucket.link(chain, 5, 9, says=3)
    drain(world.loader())
    assert set(world.strays()) == {later}
    if corrected:
        world.bucket.link(chain, 5, 9)
    else:
        del world.bucket.stored[later]
    assert [(tried.key, tried.outcome) for tried in retry(world.repair(), [])] == [(later, "released")]
    drain(world.loader())
    assert world.strays() == {}
    assert world.offsets(chain) == list(range(10 if corrected else 5))
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


def test_thousands_of_strangers_files_are_released_in_a_few_transactions() -> None:
    """A former version has put them into the ledger."""
    world = World()
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 9)
    drain(world.loader())
    row = world.snowflake.data.ledger[0] | {"first": None, "last": None, "rows": 0, "status": "quarantined"}
    names = [f"{chain.prefix}dt=2026-03-02/hour=14/part-{number:05d}" for number in range(2500)]
    zombies = [world.bucket.link(chain, 3, 5 + number, hour=-1 - number) for number in range(100)]
    world.snowflake.data.ledger.extend(row | {"key": name} for name in (*names, *zombies))
    for name in names:
        world.bucket.put(name, {}, [])
    del world.bucket.stored[zombies[7]]
    asked: list[str] = []
    world.bucket.hook = asked.append
    world.snowflake.statements.clear()
    outcomes = Counter(tried.outcome for tried in retry(world.repair(), []))
    assert outcomes == {"released": 2501, "refused": 99}
    assert asked.count("HEAD") == 100, "only what may be a link is looked at"
    assert world.snowflake.statements.count("BEGIN") == 3
    assert len(world.snowflake.statements) < 60
    assert [line for line in world.lines if "foreign" in line] == [
        f"{count} foreign objects, such as {names[at]}: gone from the ledger, the loader passes over them"
        for at, count in ((0, 900), (900, 1000), (1900, 600))
    ]
    drain(world.loader())
    assert set(world.strays()) == {*zombies} - {zombies[7]}
    world.check(chain)


broken = cache(with_corrupt_files)


def corrected() -> World:
    world = broken().copy()
    correct(world)
    return world


def test_killed_at_any_line() -> None:
    count = 0
    for world in killed(corrected, run):
        count += 1
        world.check_ranges()
        retry(world.repair(), [])
        assert all_loaded(world)
        world.check()
    assert count > 30


def test_an_answer_lost_at_any_line() -> None:
    for world in answers_lost(corrected, run):
        retry(world.repair(), [])
        assert all_loaded(world)
        world.check()


def test_the_running_loader_between_any_two_lines() -> None:
    for step in range(0, 60, 3):
        world = corrected()
        loader = world.loader()
        seen: list[str] = []

        def hook(
            name: str, seen: list[str] = seen, step: int = step, world: World = world, loader: object = loader
        ) -> None:
            seen.append(name)
            if len(seen) == step:
                world.bucket.link(world.quotes[0], 20, 24)
                loader.cycle()  # type: ignore[attr-defined]

        retry(world.repair(hook), [])
        drain(loader)
        assert {row["status"] for row in world.snowflake.data.ledger} == {"loaded"}
        world.check()


def test_the_fence_is_raised() -> None:
    world = corrected()
    fence = world.snowflake.data.lease["fence"]
    retry(world.repair(), [])
    assert world.snowflake.data.lease["fence"] == fence + 3

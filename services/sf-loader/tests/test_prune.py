"""Old rows are deleted, the chains hold, and nothing is loaded again."""

from __future__ import annotations

from datetime import date

from damaged_worlds import TOPICS, again, three_days, two_chains
from deaths import Trouble, answers_lost, killed
from world import World, drain

from stock_sf_loader.repair.prune import prune
from stock_sf_loader.repair.retry import retry

BEFORE = date(2026, 3, 3)
"""All objects of 2 March go."""


def is_old(key: str) -> bool:
    return key.partition("/dt=")[2] < BEFORE.isoformat()


def is_done(world: World) -> bool:
    """Whether everything old is deleted. Fails when only a part is."""
    statuses = {(is_old(row["key"]), row["status"]) for row in world.snowflake.data.ledger}
    old_rows = [key for rows in world.snowflake.data.rows.values() for key, _ in rows if is_old(key)]
    done = (True, "pruned") in statuses
    assert statuses - {(False, "quarantined")} == (
        {(True, "pruned"), (False, "loaded")} if done else {(True, "loaded"), (False, "loaded")}
    )
    assert bool(old_rows) is not done
    world.check_ranges()
    return done


def test_old_rows_go_and_the_chains_hold() -> None:
    world = three_days().copy()
    ranges = [(first, last) for chain in world.quotes for first, last, _ in world.ledger(chain)]
    done = prune(world.repair(), BEFORE, TOPICS)
    assert is_done(world)
    assert (done.files, done.rows) == (8, 5 * 5 + 3)
    assert [(first, last) for chain in world.quotes for first, last, _ in world.ledger(chain)] == ranges
    world.check()
    assert drain(world.loader()).entries == []
    assert world.metric("quarantined_files") == 0, "the quarantined file of a pruned day is over"
    world.bucket.link(world.quotes[0], 45, 49, hour=90)
    drain(world.loader())
    world.check()


def test_again_and_a_dry_run_change_nothing() -> None:
    world = three_days().copy()
    fence = world.snowflake.data.lease["fence"]
    assert prune(world.repair(), BEFORE, TOPICS, dry_run=True)[1:] == (8, 28)
    assert world.snowflake.data.lease["fence"] == fence
    prune(world.repair(), BEFORE, TOPICS)
    assert prune(world.repair(), BEFORE, TOPICS) == ([], 0, 0)
    assert world.snowflake.data.lease["fence"] == fence + 1


def test_one_topic_only() -> None:
    world = three_days().copy()
    assert prune(world.repair(), BEFORE, ["stock-alerts"])[1:] == (2, 3)
    assert {row["status"] for row in world.snowflake.data.ledger if row["chain"] != world.alerts} == {
        "loaded",
        "quarantined",
    }


def test_other_repairs_leave_it_out() -> None:
    world = three_days().copy()
    prune(world.repair(), BEFORE, TOPICS)
    assert again(world).files == 0
    assert retry(world.repair(), []) == []
    assert is_done(world)


def test_its_objects_may_go() -> None:
    world = three_days().copy()
    prune(world.repair(), BEFORE, TOPICS)
    for key in [key for key in world.bucket.stored if is_old(key)]:
        del world.bucket.stored[key]
    world.bucket.link(world.quotes[0], 45, 49, hour=90)
    assert drain(world.loader()).fault is None
    assert world.offsets(world.quotes[0]) == list(range(10, 50))


def small() -> World:
    return two_chains().copy()


def run(world: World, hook: Trouble) -> object:
    return prune(world.repair(hook), BEFORE, TOPICS)


def test_killed_at_any_line() -> None:
    seen = set()
    for world in killed(small, run):
        seen.add(is_done(world))
        prune(world.repair(), BEFORE, TOPICS)
        assert is_done(world)
    assert seen == {True, False}


def test_an_answer_lost_at_any_line() -> None:
    for world in answers_lost(small, run):
        assert is_done(world)


def test_the_running_loader_between_any_two_lines() -> None:
    for step in range(1, 30):
        world = small()
        loader = world.loader()
        drain(loader)
        seen: list[str] = []

        def hook(
            name: str, seen: list[str] = seen, step: int = step, world: World = world, loader: object = loader
        ) -> None:
            seen.append(name)
            if len(seen) == step:
                world.bucket.link(world.quotes[0], 20, 24, hour=80)
                loader.cycle()  # type: ignore[attr-defined]

        prune(world.repair(hook), BEFORE, TOPICS)
        drain(loader)
        assert is_done(world)
        world.check()

"""Tables rebuilt from S3: deaths, lost answers and a running loader at every line."""

from __future__ import annotations

from functools import cache, partial

from damaged_worlds import nothing_is_beside, rebuilt
from deaths import at, killed
from fake_data import Died, network_error
from world import World, drain

from stock_sf_loader.load.cycle import Loader


@cache
def two_chains() -> World:
    world = World()
    for number in range(4):
        world.bucket.link(world.quotes[0], 5 * number, 5 * number + 4, hour=4 * number, corrupt=number == 2)
    world.bucket.link(world.quotes[1], 0, 2)
    drain(world.loader())
    return world


def small() -> World:
    return two_chains().copy()


quotes_only = partial(rebuilt, topics=("stock-data",))


def test_killed_at_any_line_and_run_again() -> None:
    count = 0
    for world in killed(small, quotes_only):
        count += 1
        world.check_ranges()
        world.check()
        assert quotes_only(world) == []
        world.check()
        assert nothing_is_beside(world)
    assert count > 60


def test_an_answer_lost_at_any_line() -> None:
    for step in range(200):
        world = small()

        def fail(name: str) -> None:
            if name.startswith(("before", "after")):
                raise network_error()

        hook, seen = at(step, fail)
        assert quotes_only(world, hook) == []
        world.check()
        assert nothing_is_beside(world)
        if len(seen) <= step:
            return
    raise AssertionError("the run does not end")


def test_the_running_loader_between_any_two_lines() -> None:
    for step in range(1, 110):
        world = small()
        loader = world.loader()
        drain(loader)

        def load(_: str, world: World = world, loader: Loader = loader) -> None:
            world.bucket.link(world.quotes[0], 20, 24, hour=80)
            loader.cycle()

        hook, _ = at(step, load)
        assert quotes_only(world, hook) == []
        drain(loader)
        world.check_ranges()
        world.check()


def test_a_rebuild_that_stood_still_while_the_server_ended_its_transaction() -> None:
    for step in range(1, 110, 2):
        world = small()
        loader = world.loader()
        drain(loader)

        def stand_still(_: str, world: World = world, loader: Loader = loader) -> None:
            world.snowflake.abort_all()
            world.bucket.link(world.quotes[0], 20, 24, hour=80)
            loader.cycle()

        hook, _ = at(step, stand_still)
        assert quotes_only(world, hook) == []
        drain(loader)
        world.check()


def test_deaths_one_after_the_other_come_to_an_end() -> None:
    world = small()
    deaths = 0
    for step in range(5, 200, 7):

        def die(_: str) -> None:
            raise Died

        hook, _ = at(step, die)
        try:
            assert quotes_only(world, hook) == []
            break
        except Died:
            deaths += 1
            world.snowflake.abort_all()
    assert deaths > 5
    world.check()
    assert nothing_is_beside(world)

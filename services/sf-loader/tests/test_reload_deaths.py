"""A day loaded again: deaths, lost answers and a running loader at every line."""

from __future__ import annotations

from datetime import date

from damaged_worlds import DAY, TOPICS, again, doubled, skipped, two_chains
from deaths import Trouble, answers_lost, killed
from fake_bucket import no_hook
from world import World, drain

from stock_sf_loader.load.cycle import Loader
from stock_sf_loader.repair.reload import reload


def damaged() -> World:
    world = two_chains().copy()
    for damage in (doubled, skipped):
        damage(world)
    return world


def run(world: World, hook: Trouble) -> object:
    return reload(world.repair(hook), DAY, TOPICS)


def test_killed_at_any_line_and_run_again() -> None:
    count = 0
    for world in killed(damaged, run):
        count += 1
        assert again(world).faults == []
        world.check_ranges()
        world.check()
    assert count > 40


def test_killed_at_any_line_nobody_sees_half() -> None:
    for world in killed(lambda: two_chains().copy(), run):
        world.check_ranges()
        world.check()


def test_an_answer_lost_at_any_line() -> None:
    for world in answers_lost(damaged, run):
        world.check_ranges()
        world.check()


def test_the_running_loader_between_any_two_lines() -> None:
    """It adds objects to the very day."""
    for step in range(1, 80, 3):
        world = damaged()
        loader = world.loader()
        drain(loader)
        seen: list[str] = []

        def hook(
            name: str, seen: list[str] = seen, step: int = step, world: World = world, loader: Loader = loader
        ) -> None:
            seen.append(name)
            if len(seen) in (step, step + 20):
                world.bucket.link(
                    world.quotes[0], 20 + 5 * (len(seen) > step), 24 + 5 * (len(seen) > step), hour=13
                )
                loader.cycle()

        world.bucket.hook = hook
        assert reload(world.repair(hook), date(2026, 3, 3), TOPICS).faults == []
        world.bucket.hook = no_hook
        assert again(world).faults == []
        drain(loader)
        world.check_ranges()
        world.check()

"""Trouble at one line of a run: at each of them in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fake_data import Died, network_error
from world import World

Trouble = Callable[[str], None]


def at(step: int, trouble: Trouble) -> tuple[Trouble, list[str]]:
    """A hook that causes trouble at one step, and the steps seen so far."""
    seen: list[str] = []

    def hook(name: str) -> None:
        seen.append(name)
        if len(seen) == step + 1:
            trouble(name)

    return hook, seen


def every_step(
    new_world: Callable[[], World], run: Callable[[World, int], list[str]], most: int = 300
) -> Iterator[World]:
    """Worlds in which `run(world, step)` had trouble at step 0, 1, 2 … until it got through without."""
    for step in range(most):
        world = new_world()
        if len(run(world, step)) <= step:
            return
        yield world
    raise AssertionError("the run does not end")


def killed(new_world: Callable[[], World], work: Callable[[World, Trouble], object]) -> Iterator[World]:
    """Worlds in which `work(world, hook)` was killed at step 0, 1, 2 …

    The server has ended the detached transactions.
    """

    def run(world: World, step: int) -> list[str]:
        def die(_: str) -> None:
            raise Died

        hook, seen = at(step, die)
        world.bucket.hook = hook
        try:
            work(world, hook)
        except Died:
            world.snowflake.abort_all()
        world.bucket.hook = lambda _: None
        return seen

    return every_step(new_world, run)


def answers_lost(new_world: Callable[[], World], work: Callable[[World, Trouble], object]) -> Iterator[World]:
    """Worlds in which the answer to a statement of `work(world, hook)` was lost once, at step 0, 1, 2 …"""

    def run(world: World, step: int) -> list[str]:
        def fail(name: str) -> None:
            if name.startswith(("before", "after")):
                raise network_error()

        hook, seen = at(step, fail)
        work(world, hook)
        return seen[: step + 1] if step < 100 else []

    return every_step(new_world, run)

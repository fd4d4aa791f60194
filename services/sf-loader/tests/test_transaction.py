"""Deaths, lost answers, two loaders, a loader that stood still: nothing is lost, nothing is in twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fake_data import Died, network_error
from fake_snowflake import WORK, Cursor
from snowflake.connector.errors import ProgrammingError
from world import World, drain, fill

from stock_common.run import FatalError

Trouble = Callable[[str], None]


def at(step: int, trouble: Trouble) -> tuple[Trouble, list[str]]:
    """A hook that causes trouble at one step, and the steps seen so far."""
    seen: list[str] = []

    def hook(name: str) -> None:
        seen.append(name)
        if len(seen) == step + 1:
            trouble(name)

    return hook, seen


def every_step(run: Callable[[World, int], list[str]]) -> Iterator[World]:
    """Worlds in which `run(world, step)` had trouble at step 0, 1, 2 … until it got through without."""
    for step in range(200):
        world = World()
        fill(world)
        if len(run(world, step)) <= step:
            return
        yield world
    raise AssertionError("the run does not end")


def test_a_cycle_loads_everything_once(world: World) -> None:
    fill(world)
    loader = world.loader()
    assert loader.cycle().outcome == "loaded"
    world.check()
    assert world.snowflake.statements.count("BEGIN") == 1
    assert world.snowflake.statements.count("COPY") == 2
    statements = len(world.snowflake.statements)
    assert loader.cycle().outcome == "idle"
    assert len(world.snowflake.statements) == statements, "nothing new, and yet the warehouse was woken"


def test_killed_at_any_line_and_started_again() -> None:
    def run(world: World, step: int) -> list[str]:
        def die(_: str) -> None:
            raise Died

        hook, seen = at(step, die)
        world.bucket.hook = hook
        try:
            world.loader(hook).cycle()
        except Died:
            world.bucket.hook = lambda _: None
        return seen

    count = 0
    for world in every_step(run):
        count += 1
        if any(connection.holds_lease for connection in world.snowflake.open):
            assert world.loader().cycle().outcome == "locked", "a detached transaction still has the lease"
        world.snowflake.abort_all()
        drain(world.loader())
        world.check()
    assert count > 30


@pytest.mark.parametrize("session_survives", [False, True], ids=["session ended", "session detached"])
def test_an_answer_lost_at_any_line(session_survives: bool) -> None:
    def run(world: World, step: int) -> list[str]:
        def fail(name: str) -> None:
            if not name.startswith(("before", "after")):
                return
            if session_survives:
                world.snowflake.abort = lambda connection: None  # type: ignore[method-assign]
            raise network_error()

        hook, seen = at(step, fail)
        loader = world.loader(hook)
        loader.cycle()
        if session_survives and "abort" in vars(world.snowflake):
            del world.snowflake.abort
            world.snowflake.abort_all()
        drain(loader)
        return seen[: step + 1]

    for world in every_step(lambda world, step: run(world, step) if step < 80 else []):
        world.check()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(390112, id="session expired"),
        pytest.param(390114, id="token expired"),
        pytest.param(390111, id="session gone"),
        pytest.param(250002, id="connection closed"),
    ],
)
def test_a_session_that_ends_at_any_line(code: int) -> None:
    """A new session goes on. An open transaction is rolled back with its session: the next cycle loads."""
    outcomes = set()

    def run(world: World, step: int) -> list[str]:
        def expire(name: str) -> None:
            if name.startswith("before"):
                world.snowflake.abort_all()
                raise ProgrammingError(
                    "Authentication token has expired. The user must authenticate again.",
                    errno=code,
                    sqlstate="08001",
                )

        hook, seen = at(step, expire)
        loader = world.loader(hook)
        outcomes.add(loader.cycle().outcome)
        drain(loader)
        return seen[: step + 1]

    for world in every_step(lambda world, step: run(world, step) if step < 80 else []):
        world.check()
    assert {"loaded", "unavailable", "unknown"} <= outcomes <= {"loaded", "unavailable", "unknown", "idle"}


def test_an_unknown_commit_is_read_and_not_repeated() -> None:
    for moment in ("before COMMIT", "after COMMIT"):
        world = World()
        fill(world)
        armed = [True]

        def hook(name: str, moment: str = moment, armed: list[bool] = armed) -> None:
            if name == moment and armed:
                armed.clear()
                raise network_error()

        loader = world.loader(hook)
        assert loader.cycle().outcome == "unknown"
        copies = world.snowflake.statements.count("COPY")
        drain(loader)
        world.check()
        assert world.snowflake.statements.count("COPY") == (
            copies if moment == "after COMMIT" else 2 * copies
        )


def test_another_loader_at_any_line() -> None:
    def run(world: World, step: int) -> list[str]:
        other = world.loader()
        outcomes = []
        hook, seen = at(step, lambda _: outcomes.append(other.cycle().outcome))
        first = world.loader(hook)
        outcomes.append(first.cycle().outcome)
        assert set(outcomes) <= {"loaded", "idle", "locked", "stale"}
        drain(first)
        drain(other)
        return seen[: step + 1]

    for world in every_step(lambda world, step: run(world, step) if step < 80 else []):
        world.check()


def test_a_loader_that_stood_still_while_the_server_gave_its_lease_away() -> None:
    """The server aborts the idle transaction. Only autocommit off and the lease keep COPY from being left."""
    lost = []

    def run(world: World, step: int) -> list[str]:
        other = world.loader()

        def stand_still(_: str) -> None:
            world.snowflake.abort_all()
            other.cycle()

        hook, seen = at(step, stand_still)
        first = world.loader(hook)
        lost.append(first.cycle().outcome)
        drain(first)
        drain(other)
        return seen[: step + 1]

    for world in every_step(lambda world, step: run(world, step) if step < 80 else []):
        world.check()
    assert "locked" in lost


def test_a_lease_that_is_not_one_row_stops_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:

    def none(cursor: Cursor, *_: object) -> None:
        cursor.rowcount = 0

    fill(world)
    monkeypatch.setitem(WORK, "TAKE_LEASE", none)
    with pytest.raises(FatalError, match="migrate"):
        world.loader().cycle()
    assert world.snowflake.data.ledger == []


def test_a_stage_that_cannot_be_read_blames_no_file(world: World) -> None:
    fill(world)
    loader = world.loader()
    world.snowflake.copy_error = ProgrammingError(
        "Failure using stage area. Access Denied", errno=91003, sqlstate="22000"
    )
    for _ in range(6):
        cycle = loader.cycle()
        assert cycle.outcome == "refused"
        assert "stage area" in (cycle.fault or "")
    assert world.snowflake.data.ledger == []
    world.snowflake.copy_error = None
    drain(loader)
    world.check()

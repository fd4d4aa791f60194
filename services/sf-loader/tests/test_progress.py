"""What /healthz says when objects go on waiting, a cycle does not end, or the process hangs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from loop_parts import Clock, Cycles, Publisher, Warehouse, loop
from world import World

from stock_common import logs
from stock_common.health import Health
from stock_objects.chain import Chain
from stock_sf_loader import progress
from stock_sf_loader.load.cycle import Cycle
from stock_sf_loader.metrics import Waiting
from stock_sf_loader.progress import CYCLE_SECONDS, STALLED_SECONDS, Progress, leave_when_hung

CHAIN, OTHER = Chain("stock-data", "a" * 32, 3), Chain("stock-bars", "a" * 32, 0)


def waits(key: str, files: int = 2) -> Waiting:
    return Waiting(files, key, datetime(2026, 3, 2, tzinfo=UTC))


def run(subject: Progress, clock: Clock, seconds: float, **waiting: str) -> None:
    """Cycles of 100 s in which these keys are the first of their chains that wait."""
    chains = {"chain": CHAIN, "other": OTHER}
    for _ in range(int(seconds / 100)):
        subject.began()
        clock.now += 100
        subject.ended({chains[name]: waits(key) for name, key in waiting.items()}, is_whole=True)


def test_the_same_object_first_for_three_intervals_is_named() -> None:
    clock = Clock()
    subject = Progress(900, clock)
    run(subject, clock, 2800, chain="raw/first", other="raw/other")
    assert subject.fault() is None
    run(subject, clock, 100, other="raw/other")
    run(subject, clock, 100, chain="raw/first", other="raw/another")
    assert subject.fault() is None, "both went on"
    run(subject, clock, 2800, chain="raw/first", other="raw/yet another")
    clock.now += 1
    fault = subject.fault() or ""
    assert "stock-data/3 stands still for 2801 s: 2 objects wait, raw/first is the first" in fault
    assert "stock-bars/0 stands still for 2701 s" in fault
    run(subject, clock, 100)
    assert subject.fault() is None


def test_short_intervals_leave_time_for_a_long_statement() -> None:
    clock = Clock()
    subject = Progress(1, clock)
    run(subject, clock, STALLED_SECONDS, chain="raw/first")
    assert subject.fault() is None
    run(subject, clock, 300, chain="raw/first")
    assert subject.fault()


def test_while_snowflake_is_away_nothing_stands_still() -> None:
    clock = Clock()
    subject = Progress(60, clock)
    for _ in range(100):
        subject.began()
        clock.now += 100
        subject.ended({CHAIN: waits("raw/first")}, is_whole=False)
    assert subject.fault() is None


def test_a_cycle_that_does_not_end_is_unhealthy_although_it_beats() -> None:
    clock, health = Clock(), Health()
    subject = Progress(900, clock)
    health.watch(subject.fault)
    subject.began()
    clock.now += CYCLE_SECONDS
    health.beat()
    assert health.fault() is None
    clock.now += 1
    assert health.fault() == f"a cycle has lasted for {CYCLE_SECONDS + 1:.0f} s"
    subject.ended({}, is_whole=True)
    assert health.fault() is None


def test_more_to_load_begins_the_next_cycle_at_once() -> None:
    clock, publisher = Clock(), Publisher()

    class Backlog(Cycles):
        def cycle(self) -> Cycle:
            return super().cycle()._replace(left=len(self.began) < 3, notice="foreign objects")

    subject = loop(clock, loader := Backlog(clock, "loaded"), 900, Warehouse(), publisher, Health())
    while len(loader.began) < 4:
        subject.step()
    assert loader.began == [0, 1, 2, 902]
    assert [status.fault for status in publisher.sent] == ["foreign objects"] * 4, "a status after each"


def test_the_loop_tells_health_what_stands_still() -> None:
    clock, health = Clock(), Health()

    class Waits(Cycles):
        def cycle(self) -> Cycle:
            return super().cycle()._replace(waiting={CHAIN: waits("raw/first")})

    subject = loop(clock, Waits(clock, "idle"), 900, Warehouse(), Publisher(), health)
    subject.step()
    clock.now += 2701
    assert "stock-data/3 stands still" in (health.fault() or "")


def test_a_process_that_hangs_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.001)
    clock, left = Clock(), []
    health = Health(clock=clock)
    thread = leave_when_hung(health, logs.logger("test"), left.append)
    clock.now += progress.HUNG_SECONDS
    thread.join(0.1)
    assert thread.is_alive() and left == []
    clock.now += 1
    thread.join(5)
    assert left == [1]


def test_a_long_backlog_is_loaded_in_several_cycles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = world.quotes[0]
    for first in range(0, 300, 2):
        world.bucket.link(chain, first, first + 1)
    monkeypatch.setattr("stock_sf_loader.load.cycle.FILES_LIMIT", 40)
    now = iter(range(0, 10_000, 35))
    loader = world.loader(clock=lambda: next(now))
    cycles = [loader.cycle()]
    while cycles[-1].left:
        cycles.append(loader.cycle())
    assert [len(cycle.entries) for cycle in cycles] == [40, 40, 40, 30]
    assert {cycle.outcome for cycle in cycles} == {"loaded"}
    world.check()
    assert loader.load_all().outcome == "idle"

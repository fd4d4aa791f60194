from __future__ import annotations

from datetime import timedelta

import pytest
from loop_parts import CHAIN, KEY, NOW, STATE, Clock, Cycles, Publisher, Warehouse, loop
from world import World, fill

from stock_common.deadline import Deadline
from stock_common.health import Health
from stock_common.ledger import LOADED
from stock_common.run import Stop
from stock_sf_loader.app import exit_in_time, progress
from stock_sf_loader.load.cycle import Cycle
from stock_sf_loader.load.ledger import Entry
from stock_sf_loader.loop import NAP_SECONDS, RETRY_SECONDS
from stock_sf_loader.status import StatusReport


@pytest.mark.parametrize(
    ("outcomes", "interval", "expected"),
    [
        pytest.param(["idle"], 60, [0, 60, 120], id="from start to start"),
        pytest.param(
            ["unavailable"],
            900,
            [0, 1 + RETRY_SECONDS, 2 + 3 * RETRY_SECONDS, 3 + 7 * RETRY_SECONDS],
            id="cut short: sooner, then less often",
        ),
        pytest.param(
            ["locked", "loaded", "locked", "idle"], 900, [0, 6, 906, 912, 1812], id="a good cycle resets it"
        ),
        pytest.param(["unavailable"], 2, [0, 2, 4], id="never later than the interval"),
        pytest.param(["refused"], 60, [0, 60], id="what Snowflake refuses is not hurried"),
    ],
)
def test_when_cycles_begin(outcomes: list[str], interval: float, expected: list[float]) -> None:
    clock = Clock()
    loader = Cycles(clock, *outcomes)
    subject = loop(clock, loader, interval, Warehouse(), Publisher(), Health())
    while len(loader.began) < len(expected):
        before = clock.now
        subject.step()
        assert clock.now - before <= max(NAP_SECONDS, 1), "a step that waits is short"
    assert loader.began == expected


def test_status_after_each_cycle() -> None:
    clock, publisher, warehouse, health = Clock(), Publisher(), Warehouse(), Health(("s3", "snowflake"))
    subject = loop(clock, Cycles(clock, "idle"), 60, warehouse, publisher, health)
    subject.step()
    (status,) = publisher.sent
    assert status.partitions[0].last_offset == 9
    assert status.partitions[0].rows == 8
    assert status.partitions[0].last_kafka_time == NOW
    assert (status.quarantined, status.loaded_at, status.warehouse_seconds_today, status.fault) == (
        1,
        NOW,
        5.0,
        None,
    )
    assert health.waiting_for() is None
    subject.close(Deadline(3, clock))
    assert warehouse.closed
    assert publisher.closed_within == 3


def test_the_status_says_how_long_the_oldest_object_waited_for_the_last_load() -> None:
    def entry(seconds: float, rows: int = 5) -> Entry:
        return Entry(CHAIN, KEY, "etag", 1, NOW - timedelta(seconds=seconds), 0, 4, rows, 0, 0, 0, LOADED)

    report = StatusReport(60, lambda: NOW)
    entries = [entry(7), entry(31), entry(90, rows=0)]
    report.update(Warehouse(), STATE, Cycle("loaded", entries, 1, None))  # type: ignore[arg-type]
    assert report.status(5.0, None).waited_seconds == 31
    report.update(Warehouse(), STATE, Cycle("idle", [], 0, None))  # type: ignore[arg-type]
    assert report.status(5.0, None).waited_seconds == 31, "the last load's figure stays"


def test_a_warehouse_that_fails_after_the_cycle_changes_no_verdict() -> None:
    clock, publisher, warehouse = Clock(), Publisher(), Warehouse()
    warehouse.fails = True
    loop(clock, Cycles(clock, "idle"), 60, warehouse, publisher, Health()).step()
    assert publisher.sent[0].partitions[0].last_kafka_time is None


def test_an_outage_does_not_blank_the_status() -> None:
    report = StatusReport(60, lambda: NOW)
    report.update(Warehouse(), STATE, Cycle("idle", [], 0, None))  # type: ignore[arg-type]
    report.update(Warehouse(), None, Cycle("unavailable", [], 0, "down"))  # type: ignore[arg-type]
    status = report.status(7.0, "down")
    assert (len(status.partitions), status.fault) == (1, "down")


def test_warehouse_seconds_are_of_the_utc_day() -> None:
    times = iter([NOW, NOW + timedelta(seconds=30), NOW + timedelta(minutes=2), NOW + timedelta(minutes=3)])
    report = StatusReport(60, lambda: next(times))
    assert [report.status(seconds, None).warehouse_seconds_today for seconds in (4.0, 6.0, 9.0, 10.5)] == [
        4.0,
        6.0,
        0.0,
        1.5,
    ]


def test_a_stop_ends_the_cycle_before_the_next_statement(world: World) -> None:
    fill(world)
    stop, health = Stop(), Health()
    go_on = progress(stop, health)

    def hook(name: str) -> None:
        if name == "after TAKE_LEASE":
            stop.set()
        if name == "go on":
            go_on()

    assert world.loader(hook).cycle().outcome == "stopped"
    assert world.snowflake.statements[-1] == "ROLLBACK"
    assert world.snowflake.data.ledger == []


def test_what_cannot_be_interrupted_is_left() -> None:
    stop, left = Stop(), []
    thread = exit_in_time(stop, lambda: left.append("warned"), 0.01, left.append)
    assert left == []
    stop.set()
    thread.join(5)
    assert left == ["warned", 1]

from __future__ import annotations

import pytest
from loop_setup import Setup
from world import CHAIN, NOW, World, link

from stock_auditor.loop import CATCH_UP_SECONDS, STALE_SECONDS
from stock_common.deadline import Deadline
from stock_common.run import FatalError

A, B = link(0, 100), link(100, 100)


def test_everything_is_compared_first_then_kafka_and_s3_at_the_interval() -> None:
    setup = Setup(World([A, B], loaded=1))
    first, second = setup.steps(61)
    assert (first.complete, first.full, first.warehouse_at, first.partitions[0].in_flight_warehouse) == (
        True,
        True,
        NOW,
        100,
    )
    assert (second.complete, second.full, second.partitions) == (True, False, first.partitions)
    assert setup.pipe.warehouse.asked == [(CHAIN, -1, False)]
    assert setup.health.waiting_for() is None


def test_a_loader_that_begins_later_is_heard() -> None:
    setup = Setup(World([A, B], loaded=0))
    setup.steps(1)
    setup.world.load(A)
    setup.loaded(1, 99)
    (status,) = setup.steps(1)
    assert (status.full, status.partitions[0].warehouse_last) == (False, 99)


def test_a_load_is_compared_at_once_and_only_what_is_new() -> None:
    setup = Setup(World([A, B], loaded=1))
    setup.loaded(1, 99)
    (first,) = setup.steps(1)
    assert (first.full, first.complete, first.partitions[0].warehouse_last) == (True, True, 99)
    assert setup.health.waiting_for() is None
    assert setup.steps(10) == []
    setup.world.load(B)
    setup.loaded(2, 199)
    (second,) = setup.steps(1)
    assert (second.full, second.partitions[0].warehouse_last, second.partitions[0].rows) == (False, 199, 200)
    assert setup.pipe.warehouse.asked == [(CHAIN, -1, False), (CHAIN, 100, False)]


def test_everything_is_compared_again_after_its_interval_and_when_something_is_quarantined() -> None:
    setup = Setup(World([A, B]))
    setup.loaded(1, 199)
    setup.steps(1)
    setup.world.table[5] += 1
    setup.loaded(2, 199)
    assert [status.complete for status in setup.steps(1)] == [True]
    setup.loaded(3, 199, quarantined=1)
    assert [(status.full, status.complete) for status in setup.steps(1)] == [(True, False)]
    setup.world.table[5] -= 1
    setup.loaded(4, 199, quarantined=1)
    assert [(status.full, status.complete) for status in setup.steps(1)] == [(False, True)]
    setup.world.table[5] += 1
    setup.status.now += 3600
    setup.loaded(5, 199, quarantined=1)
    assert [(status.full, status.complete) for status in setup.steps(1)] == [(True, False)]


def test_the_first_audit_waits_to_hear_of_the_loader_but_not_for_ever() -> None:
    setup = Setup(World([A]))
    setup.status.caught_up = False
    assert setup.steps(int(CATCH_UP_SECONDS) - 1) == []
    assert len(setup.steps(1)) == 1


@pytest.mark.parametrize("stage", ["kafka", "s3", "snowflake"])
def test_a_stage_that_is_down_is_a_fault_and_the_old_verdict_keeps_its_age(stage: str) -> None:
    setup = Setup(World([A, B]))
    setup.loaded(1, 199)
    setup.steps(1)
    part = {"kafka": setup.pipe.kafka, "s3": setup.pipe.bucket, "snowflake": setup.pipe.warehouse}[stage]
    part.down = True
    setup.loaded(2, 199, quarantined=1)
    (status,) = setup.steps(1)
    assert status.fault is not None
    assert status.fault.startswith(f"{stage}: ")
    assert (status.complete, status.warehouse_at) == (True, NOW)
    assert setup.metric("failures_total", stage=stage) == 1
    assert setup.steps(58) == []
    part.down = False
    (again,) = setup.steps(2)
    assert (again.fault, again.full) == (None, True)


@pytest.mark.parametrize("stage", ["kafka", "s3"])
def test_an_auditor_that_compares_nothing_is_not_healthy(stage: str) -> None:
    setup = Setup(World([A, B]))
    part = setup.pipe.kafka if stage == "kafka" else setup.pipe.bucket
    part.down = True
    setup.steps(int(STALE_SECONDS + 180))
    assert setup.health.fault() is None
    setup.steps(1)
    assert setup.health.fault() == "Kafka and S3 were not compared for 1081 s"
    part.down = False
    setup.steps(60)
    assert setup.health.fault() is None


def test_without_snowflake_kafka_and_s3_are_still_compared() -> None:
    setup = Setup(World([A, B]))
    setup.loaded(1, 199)
    setup.steps(1)
    setup.pipe.warehouse.down = True
    for load in range(2, 25):
        setup.loaded(load, 199)
        setup.steps(60)
    assert setup.health.fault() is None


def test_before_any_verdict_a_fault_is_not_complete() -> None:
    setup = Setup(World([A]))
    setup.pipe.bucket.down = True
    (status,) = setup.steps(1)
    assert (status.complete, status.partitions, status.fault) == (
        False,
        [],
        "s3: s3://bucket/: connection refused",
    )


def test_what_only_an_operator_can_change_ends_the_loop() -> None:
    setup = Setup(World([A]))

    def refuse(topic: str) -> set:
        raise FatalError("S3 refuses s3://bucket/: access is denied.")

    setup.pipe.auditor._stages.bucket.chains = refuse
    with pytest.raises(FatalError, match="access is denied"):
        setup.steps(1)


def test_an_audit_is_given_up_when_the_process_is_to_stop() -> None:
    setup = Setup(World([A, B]))
    setup.loaded(1, 199)
    setup.pipe.goes_on = False
    assert setup.steps(1) == []
    setup.pipe.goes_on = True
    assert [status.full for status in setup.steps(60)] == [True]


def test_the_verdict_is_in_the_metrics() -> None:
    setup = Setup(World([A, link(100, 90, rejected=10)]))
    setup.pipe.kafka.letters = 10
    assert str(setup.metric("complete")) == "nan"
    setup.world.table[5] += 1
    del setup.world.table[7]
    setup.loaded(1, 199)
    setup.steps(1)
    place = {"topic": "stock-data", "partition": "0"}
    values = {
        name: setup.metric(f"{name}_offsets", **place)
        for name in ("missing", "doubled", "lost", "rejected", "hole", "snowflake")
    }
    assert values == {"missing": 1, "doubled": 1, "lost": 0, "rejected": 10, "hole": 0, "snowflake": 189}
    assert setup.metric("complete") == 0
    assert setup.metric("findings", kind="doubled rows") == 1
    assert setup.metric("findings", kind="hole in the chain") == 0
    assert setup.metric("dead_letters") == 10
    assert setup.metric("last_comparison_timestamp_seconds", stage="snowflake") == NOW.timestamp()
    assert setup.metric("comparison_seconds_count", stage="snowflake") == 1


def test_findings_are_bounded_in_the_message() -> None:
    setup = Setup(World([link(first, 1) for first in range(80)]))
    setup.world.objects.clear()
    (status,) = setup.steps(1)
    assert (len(status.partitions[0].findings), status.partitions[0].findings[-1]) == (21, "and 60 more")
    assert setup.metric("findings", kind="deleted object") == 80


def test_closing_hands_the_last_verdict_over() -> None:
    setup = Setup(World([A]))
    setup.loop.close(Deadline(2.0, lambda: 0.0))
    assert setup.status.closed == ["2", "0"]

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_lake.lake import last_closed
from stock_lake.links import BrokenChain
from stock_lake.loop import LakeLoop, Schedule
from stock_lake.manifest import Manifest
from stock_lake.metrics import Metrics
from stock_lake.tables import QUOTES, Table

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


class Runs:
    """A lake whose quotes fail while `fault` is set."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[tuple[str, date]] = []

    def run(self, table: Table, closed: date) -> Iterator[Manifest]:
        self.asked.append((table.name, closed))
        if table is QUOTES and self.fault:
            raise self.fault
        counts = dict.fromkeys(("rejected", "holes", "lost"), 0)
        yield Manifest(
            table=table.name, topic=table.topic.name, day=closed, ranges=(), files=(), ends={},
            rows_in=5, rows_out=3, resent=2, **counts,
        )  # fmt: skip


class World:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []
        self.lake = Runs()
        self.registry = CollectorRegistry()
        self.health = Health(("s3",))

        def wait(seconds: float) -> bool:
            self.waited.append(seconds)
            return False

        schedule = Schedule(600, 3_600, lambda: self.seconds, lambda: NOW, wait)
        metrics = Metrics(self.registry)
        log: Any = structlog.get_logger()
        self.loop = LakeLoop(self.lake, schedule, metrics, self.health, log)  # type: ignore[arg-type]

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"stock_lake_{name}", labels)


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        (datetime(2026, 11, 25, 0, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 25, 1, 0, tzinfo=UTC), date(2026, 11, 24)),
    ],
)
def test_a_day_is_closed_an_hour_after_its_end(now: datetime, closed: date) -> None:
    assert last_closed(now, 3_600) == closed


def test_it_runs_when_it_is_due_and_sleeps_otherwise() -> None:
    world = World()
    world.loop.step()
    assert world.lake.asked == [(name, date(2026, 11, 24)) for name in ("quotes", "alerts", "bars")]
    world.loop.step()
    assert len(world.lake.asked) == 3 and world.waited == [1.0]
    world.seconds = 600
    world.loop.step()
    assert len(world.lake.asked) == 6
    assert world.value("days_total", table="quotes") == 2
    assert world.value("rows_total", table="quotes") == 6
    assert world.value("rows_resent_total", table="bars") == 4
    assert world.value("newest_day_timestamp_seconds", table="quotes") == 1_795_478_400
    assert world.value("last_run_timestamp_seconds") == NOW.timestamp()
    assert world.health.not_ready() is None


def test_a_table_that_fails_keeps_no_other_from_its_day() -> None:
    world = World()
    world.lake.fault = BrokenChain("raw/… leaves offsets out")
    world.loop.step()
    assert world.value("failed", table="quotes") == 1 and world.value("failed", table="bars") == 0
    assert world.value("days_total", table="bars") == 1
    assert world.value("last_run_timestamp_seconds") == 0
    world.lake.fault, world.seconds = None, 600
    world.loop.step()
    assert world.value("failed", table="quotes") == 0
    assert world.value("last_run_timestamp_seconds") == NOW.timestamp()

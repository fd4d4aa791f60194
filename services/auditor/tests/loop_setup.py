"""The auditor's loop over stages in memory, with its clock."""

from __future__ import annotations

from datetime import timedelta

import structlog
from memory_stages import Pipeline
from prometheus_client import CollectorRegistry
from world import CHAIN, NOW, World

from stock_auditor.loop import AuditLoop, Schedule, StatusTopic
from stock_auditor.metrics import Metrics
from stock_common.health import Health
from stock_common.status import AuditStatus, Loaded, LoaderStatus, Status


class MemoryStatus:
    """Status topic and clock: polling takes a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.caught_up = True
        self.states: dict[str, Status] = {}
        self.published: list[AuditStatus] = []
        self.closed: list[str] = []

    def poll(self, seconds: float) -> int:
        self.now += seconds
        return 0

    def publish(self, state: Status) -> None:
        assert isinstance(state, AuditStatus)
        self.published.append(state)

    def close(self, seconds: float = 0.0) -> None:
        self.closed.append(f"{seconds:g}")


class Setup:
    def __init__(self, world: World) -> None:
        self.world = world
        self.pipe = Pipeline(world)
        self.status = MemoryStatus()
        self.registry = CollectorRegistry()
        self.health = Health(("kafka", "s3", "snowflake"))
        self.loop = AuditLoop(
            self.pipe.auditor,
            StatusTopic(self.status, self.status),
            Metrics(self.registry),
            self.health,
            Schedule(60, 3600, lambda: self.status.now, lambda: NOW),
            structlog.stdlib.get_logger("stock.auditor"),
        )

    def loaded(self, loads: int, last: int, quarantined: int = 0) -> None:
        parts = [
            Loaded(
                topic=CHAIN.topic,
                topic_id=CHAIN.topic_id,
                partition=CHAIN.partition,
                last_offset=last,
                rows=last + 1,
            )
        ]
        self.status.states["loader"] = LoaderStatus(
            at=NOW,
            loads=loads,
            loaded_at=NOW + timedelta(seconds=loads),
            interval_seconds=5,
            partitions=parts,
            quarantined=quarantined,
            warehouse_seconds_today=0,
        )

    def steps(self, count: int) -> list[AuditStatus]:
        """What the steps publish."""
        before = len(self.status.published)
        for _ in range(count):
            self.loop.step()
        return self.status.published[before:]

    def metric(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"stock_auditor_{name}", labels)
        assert value is not None
        return value

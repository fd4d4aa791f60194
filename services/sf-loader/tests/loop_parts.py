"""What a loop of the loader is made of: a clock, cycles, a warehouse and a publisher that tests set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry
from world import SETTINGS

from stock_common import logs
from stock_common.health import Health
from stock_common.run import Stop
from stock_common.service import Context
from stock_common.status import LoaderStatus
from stock_objects.chain import Chain
from stock_sf_loader.load.cycle import Cycle
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.loop import Loop, Schedule
from stock_sf_loader.status import StatusReport
from stock_warehouse.errors import WarehouseUnavailable

NOW = datetime(2026, 3, 2, 23, 59, 0, tzinfo=UTC)
CHAIN = Chain("stock-data", "a" * 32, 0)
KEY = f"raw/stock-data/{'a' * 32}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
STATE = LedgerState({CHAIN: Tail(9, KEY, 8, 0, NOW)}, frozenset(["stray"]))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Naps(Stop):
    """A stop that never comes, and whose waits are noted."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, seconds: float) -> bool:
        self.clock.now += seconds
        return False


class Cycles:
    """Stands for the loader: outcomes in order, the last one for ever. A cycle takes a second."""

    def __init__(self, clock: Clock, *outcomes: str) -> None:
        self.clock, self.outcomes = clock, list(outcomes)
        self.began: list[float] = []
        self.state: LedgerState | None = STATE

    def cycle(self) -> Cycle:
        self.began.append(self.clock.now - 100)
        self.clock.now += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        return Cycle(outcome, [], 0, None)


class Warehouse:
    statement_seconds = 5.0
    closed = False
    fails = False

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        if self.fails:
            raise WarehouseUnavailable("down")
        assert params == (datetime(2026, 3, 1, 14, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
        return (
            [{"kafka_topic_id": "a" * 32, "kafka_partition": 0, "kafka_time": NOW}]
            if "STOCK_QUOTES" in sql
            else []
        )

    def close(self) -> None:
        self.closed = True


class Publisher:
    def __init__(self) -> None:
        self.sent: list[LoaderStatus] = []
        self.closed_within = -1.0

    def publish(self, state: LoaderStatus) -> None:
        self.sent.append(state)

    def close(self, seconds: float) -> None:
        self.closed_within = seconds


def loop(
    clock: Clock, loader: Cycles, interval: float, warehouse: Warehouse, publisher: Publisher, health: Health
) -> Loop:
    report, schedule = StatusReport(interval, lambda: NOW), Schedule(interval, clock, lambda: 1.0)
    context: Any = Context(SETTINGS, logs.logger("test"), Naps(clock), CollectorRegistry(), health)
    return Loop(loader, warehouse, report, publisher, schedule, context)  # type: ignore[arg-type]

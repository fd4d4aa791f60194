"""The backfill in memory, over what outlives the command."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.records import Bar, decode
from stock_common.settings import load
from stock_kafka.config import KafkaSettings
from stock_producer.backfill.calls import parts
from stock_producer.backfill.run import Access, Backfill, Progress, Result
from stock_producer.metrics import Metrics, Telemetry
from stock_producer.outbox.delivery import Delivery
from stock_producer.outbox.outbox import Outbox
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.vendor.alphavantage.history import history
from stock_producer.vendor.alphavantage.settings import DESCRIPTION
from stock_producer.vendor.base import Answer, Plan, Request
from support.world import Broker, Client, Clock, Vendor, die_once

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 20)


class Bench:
    """What outlives the command, and `run`, which is the command."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        self.clock, self.vendor, self.broker = Clock(), Vendor(), Broker()
        self.shown: list[Progress] = []
        self.days = (FIRST, LAST)

    def run(
        self,
        symbols: list[str],
        fetch: object = None,
        wait: bool = False,
        dying: tuple[str, str, bool] | None = None,
    ) -> Result:
        """`dying`: the part, its method, and whether the process dies after its first call or before."""
        telemetry = Telemetry(
            Metrics(CollectorRegistry()), Health(["kafka"]), structlog.stdlib.get_logger("t")
        )
        outbox = Outbox(self.path / "outbox.sqlite", 50_000_000)
        usage = UsageFile(self.path / "budget.sqlite")
        client: Any = lambda config: Client(self.broker, config)  # noqa: E731
        delivery = Delivery(load(KafkaSettings), outbox, telemetry, self.clock, client)
        budget = Budget(self.plan, usage, self.clock())
        if dying:
            part, method, after = dying
            die_once(
                {"budget": budget, "outbox": outbox, "client": delivery._producer}[part], method, after=after
            )
        try:
            access = Access("simulated", DESCRIPTION, fetch or self.fetch, budget)  # type: ignore[arg-type]
            filler = Backfill(access, outbox, delivery, self.clock, self.sleep, self.shown.append)
            found = history(self.plan, "daily", *self.days, self.clock().date())
            wanted = parts(found, symbols, "daily")
            result = filler.run(wanted, wait=wait)
            assert filler.deliver()
            return result
        finally:
            outbox.close()
            usage.close()

    def fetch(self, request: Request) -> Answer:
        return self.vendor(request, self.clock())

    def sleep(self, seconds: float) -> bool:
        self.clock.advance(max(seconds, 0.01) if seconds < 0.2 else 60)
        return False

    def bars(self) -> list[Bar]:
        return [decode(value, Bar) for _, _, value in self.broker.log]

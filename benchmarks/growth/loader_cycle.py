"""The loader's cycles: the first after a start, one without news, one with an object in each partition."""

from __future__ import annotations

import logging

import structlog
from prometheus_client import CollectorRegistry

from benchmarks.growth.fake_s3_history import PARTITIONS, new_link, require
from benchmarks.growth.harness import SIZE, measure, put
from benchmarks.growth.statements import count_statements
from stock_common.health import Health
from stock_common.run import Stop
from stock_common.service import Context
from stock_sf_loader.app import build
from stock_sf_loader.config import LoaderSettings


def main() -> None:
    logging.disable(logging.CRITICAL)
    count_statements()
    log = structlog.stdlib.get_logger("stock.sf-loader")
    settings = LoaderSettings()  # type: ignore[call-arg]
    loader, warehouse = build(Context(settings, log, Stop(), CollectorRegistry(), Health()))
    warehouse.query("SELECT 1 AS CONNECTED")

    def cycle(outcome: str, entries: int = 0) -> None:
        done = loader.cycle()
        require((done.outcome, len(done.entries), done.fault) == (outcome, entries, None), done)

    def forget(_: int) -> None:
        loader.state = None

    def more(run: int) -> None:
        for partition in range(PARTITIONS):
            put(new_link(partition, SIZE, run))

    cycle("idle")
    measure("loader: first cycle", lambda: cycle("idle"), forget)
    measure("loader: nothing new", lambda: cycle("idle"))
    measure("loader: 6 new objects", lambda: cycle("loaded", PARTITIONS), more)
    warehouse.close()


if __name__ == "__main__":
    main()

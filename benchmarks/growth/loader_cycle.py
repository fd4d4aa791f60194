"""The loader's cycles: the first one after a start, one with nothing new, one with a new object in each of six partitions."""

from __future__ import annotations

import logging

import structlog
from prometheus_client import CollectorRegistry

from growth.history import PARTITIONS, new_link, require
from growth.probe import SIZE, measure, put
from growth.statements import count_statements
from stock_common.health import Health
from stock_common.run import Stop
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.wiring import build


def main() -> None:
    logging.disable(logging.CRITICAL)
    count_statements()
    loader, warehouse = build(LoaderSettings(), CollectorRegistry(), Health(), Stop(), structlog.stdlib.get_logger("stock.sf-loader"))  # type: ignore[call-arg]
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

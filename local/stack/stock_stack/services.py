"""The services of services.yaml and the loader's jobs as components."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stock_stack import ready
from stock_stack.brokers import broker, certificates, names, topics, users, zookeeper
from stock_stack.component import Component
from stock_stack.infrastructure import bucket, market, object_store, snowflake
from stock_stack.layout import OWNER, Layout, base, labelled, objects, page, service, warehouse
from stock_stack.registry import REPOSITORY, services

INFRASTRUCTURE: dict[str, Callable[[Layout], Component]] = {
    "zookeeper": zookeeper,
    "kafka": broker,
    "s3": object_store,
    "snowflake": snowflake,
    "market": market,
}
SERVICES = tuple(services())
"""Their names, in the order of services.yaml."""
ALL = (*INFRASTRUCTURE, *SERVICES)
"""The parts of a whole stack that keep running, without the jobs."""
STOP_SECONDS = 30.0
"""A service closes within 25 s of SIGTERM."""


def launcher(name: str) -> str:
    return str(REPOSITORY / "services" / name / ".venv" / "bin" / f"stock-{name}")


def database(layout: Layout) -> Component:
    python = str(Path(launcher("sf-loader")).with_name("python"))
    script = str(Path(__file__).with_name("database.py"))
    accounts = {
        warehouse(layout, entry.snowflake)["SNOWFLAKE_USER"]
        for entry in services().values()
        if entry.snowflake
    }
    keys = (str(layout.keys), *sorted(accounts)) if layout.secure else ()
    environment = base() | objects(layout) | warehouse(layout)
    return Component("database", (python, script, *keys), environment, needs=("snowflake",), job=True)


def migrations(layout: Layout) -> Component:
    return Component(
        "migrations",
        (launcher("sf-loader"), "migrate"),
        service(layout, "sf-loader", 1) | OWNER,
        # Its settings name the authority's file.
        needs=("database", "bucket", *(("certificates",) if layout.secure else ())),
        job=True,
    )


def history(layout: Layout) -> Component:
    environment = service(layout, "producer", 1) | {
        "STATE_DIR": str(layout.data / "history"),
        "ALPHA_VANTAGE_API_KEY": "demo-history",
        "MIN_INTERVAL_SECONDS": "0.2",
    }
    command = (sys.executable, "-m", "stock_stack.history", launcher("producer"))
    return Component("history", command, environment, needs=("topics", "market"), passing=True)


def _service(layout: Layout, name: str, instance: int) -> Component:
    environment = service(layout, name, instance)
    entry, metrics = services()[name], int(environment["METRICS_PORT"])

    def is_ready() -> bool:
        page_answers = entry.page_health is None or ready.http_ok(
            page(layout, name, instance), entry.page_health
        )
        return ready.http_ok(metrics, "/readyz") and page_answers

    return Component(
        labelled(name, instance),
        (launcher(name),),
        environment,
        is_ready,
        needs=entry.needs,
        stop_rank=entry.stop_rank,
        stop_seconds=STOP_SECONDS,
    )


def component(layout: Layout, name: str, instance: int = 1) -> Component:
    """The part called `name`. Raises KeyError, which lists the names."""
    if name in SERVICES:
        return _service(layout, name, instance)
    brokers = {each: partial(broker, number=number) for number, each in enumerate(names(layout), 1)}
    others = (
        INFRASTRUCTURE
        | brokers
        | {
            "bucket": bucket,
            "topics": topics,
            "certificates": certificates,
            "users": users,
            "database": database,
            "migrations": migrations,
            "history": history,
        }
    )
    if name not in others:
        raise KeyError(f"no part called {name}. There are {', '.join([*others, *SERVICES])}")
    return others[name](layout)

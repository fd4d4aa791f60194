"""The five services and the migration job as components: their launchers, their environment, what they need first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stock_stack import ready
from stock_stack.component import Component
from stock_stack.infrastructure import broker, bucket, market, object_store, snowflake, topics, zookeeper
from stock_stack.site import REPOSITORY, Site, service

NEEDS = {
    "producer": ("topics", "market"),
    "s3-sink": ("topics", "bucket"),
    "sf-loader": ("topics", "bucket", "migrations"),
    "auditor": ("topics", "bucket", "migrations"),
    "dashboard": ("topics", "migrations"),
}
"""Service → what must be ready before it."""
STOP_RANK = {"producer": 0, "s3-sink": 1, "sf-loader": 2, "auditor": 3, "dashboard": 3}
INFRASTRUCTURE: dict[str, Callable[[Site], Component]] = {
    "zookeeper": zookeeper,
    "kafka": broker,
    "s3": object_store,
    "snowflake": snowflake,
    "market": market,
}
ALL = (*INFRASTRUCTURE, *NEEDS)
"""The parts of a whole stack that keep running."""
STOP_SECONDS = 30.0
"""A service closes within 25 s of SIGTERM."""


def launcher(name: str) -> str:
    return str(REPOSITORY / "services" / name / ".venv" / "bin" / f"stock-{name}")


def database(site: Site) -> Component:
    python = str(Path(launcher("sf-loader")).with_name("python"))
    script = str(Path(__file__).with_name("database.py"))
    return Component("database", (python, script), service(site, "sf-loader", 1), needs=("snowflake",), job=True)


def migrations(site: Site) -> Component:
    return Component("migrations", (launcher("sf-loader"), "migrate"), service(site, "sf-loader", 1), needs=("database", "bucket"), job=True)


def _service(site: Site, name: str, instance: int) -> Component:
    environment = service(site, name, instance)
    metrics, page = int(environment["METRICS_PORT"]), int(environment["DASHBOARD_PORT"])

    def is_ready() -> bool:
        return ready.http_ok(metrics, "/readyz") and (name != "dashboard" or ready.http_ok(page, "/_stcore/health"))

    label = name if instance == 1 else f"{name}-{instance}"
    return Component(label, (launcher(name),), environment, is_ready, needs=NEEDS[name], stop_rank=STOP_RANK[name], stop_seconds=STOP_SECONDS)


def component(site: Site, name: str, instance: int = 1) -> Component:
    """The part called `name`. Raises KeyError with the names there are."""
    if name in NEEDS:
        return _service(site, name, instance)
    others = INFRASTRUCTURE | {"bucket": bucket, "topics": topics, "database": database, "migrations": migrations}
    if name not in others:
        raise KeyError(f"no part called {name}; there are {', '.join([*others, *NEEDS])}")
    return others[name](site)

"""The services of services.yaml, with what the local stack needs to know about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
REGISTRY = REPOSITORY / "services.yaml"


@dataclass(frozen=True)
class Service:
    """`page_port` and `page_health` are None for a service without a page. `kafka`: see rights.py.

    snowflake: its user there, None where it needs none.
    """

    name: str
    metrics_port: int
    needs: tuple[str, ...]
    stop_rank: int
    page_port: int | None = None
    page_health: str | None = None
    kafka: tuple[dict[str, Any], ...] = ()
    snowflake: str | None = None


def read(text: str) -> dict[str, Service]:
    """Name → service, in the order of the file. Raises KeyError for an entry that lacks a field."""
    return {name: _service(name, entry) for name, entry in yaml.safe_load(text).items()}


def _service(name: str, entry: dict[str, Any]) -> Service:
    page = entry.get("page", {})
    return Service(
        name=name,
        metrics_port=entry["metrics_port"],
        needs=tuple(entry["needs"]),
        stop_rank=entry["stop_rank"],
        page_port=page.get("port"),
        page_health=page.get("health"),
        kafka=tuple(entry.get("kafka", ())),
        snowflake=entry.get("snowflake"),
    )


@cache
def services() -> dict[str, Service]:
    """The services of this repository."""
    return read(REGISTRY.read_text(encoding="utf-8"))

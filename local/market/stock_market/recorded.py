"""Answers in the vendor's shapes by name, which an order can ask for, and schedules of orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
ANSWERS, SCHEDULES = HERE / "answers.yaml", HERE / "schedules.yaml"


class Recorded(NamedTuple):
    """An answer as it goes over the wire."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@cache
def answers() -> dict[str, Recorded]:
    """By name. ANSWERS.md says what a name stands for."""
    found: dict[str, Recorded] = {}
    for entry in yaml.safe_load(ANSWERS.read_text(encoding="utf-8")):
        body = entry["body"]
        content = (body if isinstance(body, str) else json.dumps(body, indent=4)).encode()
        headers = {"Content-Type": "application/json"} | entry.get("headers", {})
        found[entry["name"]] = Recorded(entry.get("status", 200), headers, content)
    return found


@cache
def schedules() -> dict[str, list[dict[str, Any]]]:
    """Orders by the schedule's name."""
    return yaml.safe_load(SCHEDULES.read_text(encoding="utf-8"))

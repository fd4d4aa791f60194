"""The metrics: what the code registers is what each README's table says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

ROOT = Path(__file__).resolve().parents[2]
SERVICES = tuple(yaml.safe_load((ROOT / "services.yaml").read_text()))


def prefix(service: str) -> str:
    return f"stock_{service.replace('-', '_')}_"


def registered(service: str) -> set[str]:
    registry = CollectorRegistry()
    importlib.import_module(f"{prefix(service)[:-1]}.metrics").register_all(registry)
    return {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_lists_every_metric_and_no_other(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    assert set(re.findall(rf"\b{prefix(service)}[a-z0-9_]+", text)) == registered(service)


@pytest.mark.parametrize("service", SERVICES)
def test_names_say_the_service(service: str) -> None:
    assert {name for name in registered(service) if not name.startswith(prefix(service))} == set()

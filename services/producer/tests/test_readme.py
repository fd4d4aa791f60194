"""README's tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from stock_producer.config import ProducerSettings
from stock_producer.metrics import Metrics

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_every_variable_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", README, re.MULTILINE))
    assert told == {name.upper() for name in ProducerSettings.model_fields}


def test_every_metric_is_in_the_table() -> None:
    registry = CollectorRegistry()
    Metrics(registry, ["XNYS"], ["move"])
    made = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert set(re.findall(r"^\| `(stock_producer_\w+)`", README, re.MULTILINE)) == made

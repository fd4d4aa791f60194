"""README's tables are the code's."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry
from support.readme import README

from stock_producer.config import ProducerSettings
from stock_producer.metrics import Metrics


def test_every_variable_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", README, re.MULTILINE))
    assert listed == {name.upper() for name in ProducerSettings.model_fields}


def test_every_metric_is_in_the_table() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    made = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert set(re.findall(r"^\| `(stock_producer_\w+)`", README, re.MULTILINE)) == made

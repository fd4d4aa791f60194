"""The metrics: what the code registers is what each README's table says."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from stock_auditor.metrics import Metrics as AuditorMetrics
from stock_dashboard.metrics import HistoryMetrics, LiveMetrics, PageMetrics, Viewers
from stock_producer.metrics import Metrics as ProducerMetrics
from stock_s3_sink.metrics import Metrics as SinkMetrics
from stock_sf_loader.metrics import Metrics as LoaderMetrics

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {
    "auditor": [AuditorMetrics],
    "dashboard": [LiveMetrics, HistoryMetrics, lambda registry: PageMetrics(registry, Viewers(time.monotonic))],
    "producer": [lambda registry: ProducerMetrics(registry, ["XNYS"], ["move"])],
    "s3-sink": [SinkMetrics],
    "sf-loader": [LoaderMetrics],
}


def prefix(service: str) -> str:
    return f"stock_{service.replace('-', '_')}_"


def registered(service: str) -> set[str]:
    registry = CollectorRegistry()
    for metrics in SERVICES[service]:
        metrics(registry)
    return {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_lists_every_metric_and_no_other(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    assert set(re.findall(rf"\b{prefix(service)}[a-z0-9_]+", text)) == registered(service)


@pytest.mark.parametrize("service", SERVICES)
def test_names_say_the_service(service: str) -> None:
    assert {name for name in registered(service) if not name.startswith(prefix(service))} == set()

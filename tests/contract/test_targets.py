"""Prometheus scrapes each service of services.yaml in the compose network, under the service's name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = yaml.safe_load((ROOT / "services.yaml").read_text())
JOBS = {
    job["job_name"]: job
    for job in yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
}
COMPOSE = (ROOT / "compose.yaml").read_text()


@pytest.mark.parametrize("service", REGISTRY)
def test_prometheus_scrapes_it(service: str) -> None:
    port = REGISTRY[service]["metrics_port"]
    if service in JOBS:
        (found,) = JOBS[service]["dns_sd_configs"]
        assert (found["names"], found["port"]) == ([service], port)
        return
    (target,) = yaml.safe_load((ROOT / "services" / service / "targets.yml").read_text())
    assert target == {"targets": [f"{service}:{port}"], "labels": {"job": service}}
    assert f"- ./services/{service}/targets.yml:/etc/prometheus/targets/{service}.yml:ro\n" in COMPOSE

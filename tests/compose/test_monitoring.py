"""Prometheus scrapes every service and has its rules, and Alertmanager is reached.

The query of each panel gets data.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request

import pytest

from stock_testing.compose import ROOT, SERVICES, Project
from stock_testing.poll import poll_until

DASHBOARDS = sorted((ROOT / "monitoring" / "grafana" / "dashboards").glob("*.json"))
QUERIES = [
    pytest.param(target["expr"], id=f"{path.stem}: {panel['title']} {target['refId']}")
    for path in DASHBOARDS
    for panel in json.loads(path.read_text())["panels"]
    for target in panel.get("targets", [])
]
GRAFANA_S = {"$__rate_interval": "1m"}


class Prometheus:
    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/"

    def get(self, path: str, **parameters: str) -> dict:
        with urllib.request.urlopen(
            f"{self._url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10
        ) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict]:
        return self.get("query", query=expression)["result"]


@pytest.fixture(scope="module")
def prometheus(project: Project, ports: dict[str, int]) -> Prometheus:
    """With every target up, and two minutes of data at the most."""
    prometheus = Prometheus(ports["prometheus"])
    jobs = {*SERVICES, "prometheus", "alertmanager"}
    poll_until(
        lambda: {part["metric"]["job"] for part in prometheus.query("up == 1")} == jobs,
        "every target up",
        60,
        every=2,
    )
    poll_until(
        lambda: prometheus.query("sum(rate(stock_sf_loader_rows_total[1m])) > 0"),
        "rates of every stage",
        90,
        every=2,
    )
    return prometheus


@pytest.mark.parametrize("expression", QUERIES)
def test_the_panel_s_query_is_answered_with_data(prometheus: Prometheus, expression: str) -> None:
    for variable, value in GRAFANA_S.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    # A rate needs two scrapes within its range.
    poll_until(lambda: prometheus.query(expression), "data of the panel", 30, every=1)


def test_every_rule_is_loaded_and_healthy(prometheus: Prometheus) -> None:
    named = set(
        re.findall(
            r"- alert: (\w+)",
            "".join(path.read_text() for path in (ROOT / "monitoring" / "rules").glob("*.yml")),
        )
    )
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == named
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] == "err"} == {}


def test_a_healthy_pipeline_raises_nothing(prometheus: Prometheus) -> None:
    assert [
        alert["labels"] for alert in prometheus.get("alerts")["alerts"] if alert["state"] == "firing"
    ] == []


def test_alertmanager_is_reached(prometheus: Prometheus) -> None:
    poll_until(
        lambda: prometheus.get("alertmanagers")["activeAlertmanagers"],
        "an Alertmanager that Prometheus sends to",
        30,
        every=1,
    )

"""Grafana's dashboards: as the boards define them, well-formed, with queries of metrics that exist only."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "monitoring" / "grafana"
DASHBOARDS = {
    path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
BY_CLIENTS = {
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "stock_memory_limit_bytes",
    "stock_heartbeat_healthy",
    "up",
}


def panels(name: str) -> list[dict]:
    return [panel for panel in DASHBOARDS[name]["panels"] if panel["type"] != "row"]


def expressions(name: str) -> list[str]:
    return [target["expr"] for panel in panels(name) for target in panel["targets"]]


def exposed() -> set[str]:
    """Every metric that a service's README names; the contract tests hold those to the code."""
    found = set(BY_CLIENTS)
    for readme in (ROOT / "services").glob("*/README.md"):
        found |= set(re.findall(r"\bstock_[a-z0-9_]+", readme.read_text()))
    return found


def test_they_are_what_the_boards_define() -> None:
    done = subprocess.run(
        [sys.executable, GRAFANA / "dashboards.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_there_is_one_for_each_reader() -> None:
    assert set(DASHBOARDS) == {"overview", "services", "business"}
    assert len({board["uid"] for board in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_ids_differ_and_nothing_overlaps(name: str) -> None:
    all_panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in all_panels}) == len(all_panels)
    cells: set[tuple[int, int]] = set()
    for panel in all_panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells, panel["title"]
        cells |= own


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_has_a_unit_and_the_chosen_data_source(name: str) -> None:
    assert [variable["type"] for variable in DASHBOARDS[name]["templating"]["list"]] == ["datasource"]
    for panel in panels(name):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}, panel[
            "title"
        ]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), panel["title"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_query_names_a_machine_or_an_address(name: str) -> None:
    text = json.dumps(DASHBOARDS[name])
    assert not re.search(r"instance=|localhost|https?://|\d+\.\d+\.\d+\.\d+|:\d{4}\b", text)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_queries_ask_for_what_is_exposed(name: str) -> None:
    asked = {
        metric
        for text in expressions(name)
        for metric in re.findall(r"\b(?:stock_[a-z0-9_]+|process_[a-z_]+)", text)
    }
    known = exposed()
    unknown = {
        metric
        for metric in asked
        if metric not in known and re.sub(r"_(bucket|sum|count)$", "", metric) not in known
    }
    assert unknown == set()


def test_rules_ask_for_what_is_exposed() -> None:
    text = "".join(path.read_text() for path in (ROOT / "monitoring" / "rules").glob("*.yml"))
    queries = re.findall(r"expr: (.*?)\n +(?:for|labels):", text, re.DOTALL)
    asked = {
        metric for query in queries for metric in re.findall(r"\b(?:stock_[a-z0-9_]+|process_[a-z_]+)", query)
    }
    assert asked and asked <= exposed()

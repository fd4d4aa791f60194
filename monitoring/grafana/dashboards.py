"""Writes dashboards/*.json, Grafana's dashboards, from boards/.

    python3 monitoring/grafana/dashboards.py            write them
    python3 monitoring/grafana/dashboards.py --check    exit 1 when one is not what would be written
    python3 monitoring/grafana/dashboards.py --rules    print the queries as recording rules, for promtool

Needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boards.business import BUSINESS
from boards.overview import OVERVIEW
from boards.services import SERVICES
from panels import Panel, Row

DASHBOARDS = {
    "overview": ("Overview", OVERVIEW),
    "services": ("Services", SERVICES),
    "business": ("Symbols and alerts", BUSINESS),
}
"""File name → title and rows."""
FOLDER = Path(__file__).with_name("dashboards")
SCHEMA = 39
"""The schema of Grafana 10.3. Later versions read it."""
WIDTH, HEIGHT, LOW = 24, 8, 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def _thresholds(panel: Panel) -> dict[str, Any]:
    if panel.red is None:
        return {"mode": "absolute", "steps": [{"color": "blue", "value": None}]}
    below, above = ("red", "green") if panel.good_high else ("green", "red")
    return {
        "mode": "absolute",
        "steps": [{"color": below, "value": None}, {"color": above, "value": panel.red}],
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "none",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": expr,
            "legendFormat": legend or panel.title,
            "range": True,
            "refId": chr(ord("A") + index),
        }
        for index, (legend, expr) in enumerate(panel.queries.items())
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": _thresholds(panel)},
            "overrides": [],
        },
        "options": _options(panel),
    }


def _laid_out(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Rows below each other, and the panels of a row next to each other. All ids differ."""
    number, y = 1, 0
    for row in rows:
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y},
        }
        number, y = number + 1, y + 1
        height = LOW if all(panel.kind == "stat" for panel in row.panels) else HEIGHT
        width = WIDTH // len(row.panels)
        for index, panel in enumerate(row.panels):
            yield _panel(number, panel, {"h": height, "w": width, "x": index * width, "y": y})
            number += 1
        y += height


def dashboard(name: str, title: str, rows: tuple[Row, ...]) -> dict[str, Any]:
    """One dashboard as Grafana's JSON model."""
    variable = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }
    links = [
        {
            "type": "dashboards",
            "tags": ["stock-pipeline"],
            "title": "Stock pipeline",
            "asDropdown": False,
            "keepTime": True,
        }
    ]
    return {
        "uid": f"stock-{name}",
        "title": title,
        "tags": ["stock-pipeline"],
        "timezone": "browser",
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [variable]},
        "links": links,
        "panels": list(_laid_out(rows)),
    }


def written() -> dict[Path, str]:
    """File → what it has to hold."""
    return {
        FOLDER / f"{name}.json": json.dumps(dashboard(name, title, rows), indent=1) + "\n"
        for name, (title, rows) in DASHBOARDS.items()
    }


def rules() -> dict[str, Any]:
    """Every query as a recording rule, Grafana's variable replaced."""
    queries = [
        query
        for _, rows in DASHBOARDS.values()
        for row in rows
        for panel in row.panels
        for query in panel.queries.values()
    ]
    return {
        "groups": [
            {
                "name": "panels",
                "rules": [
                    {"record": f"panel:{n}", "expr": q.replace("$__rate_interval", "1m")}
                    for n, q in enumerate(queries)
                ],
            }
        ]
    }


def main(arguments: list[str]) -> int:
    if arguments == ["--rules"]:
        print(json.dumps(rules()))
        return 0
    stale = []
    for path, text in written().items():
        if arguments == ["--check"]:
            stale += [path.name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    if stale:
        print(
            f"Not up to date: {', '.join(stale)}. Run python3 monitoring/grafana/dashboards.py.",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

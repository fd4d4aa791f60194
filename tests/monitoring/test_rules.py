"""The alerts: each has what an operator needs, is tested both ways, and has its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
RULES = "\n".join(path.read_text() for path in sorted((MONITORING / "rules").glob("*.yml")))
TESTS = "\n".join(path.read_text() for path in sorted((MONITORING / "tests").glob("*.yml")))
ALERTS = {
    part.partition("\n")[0].strip(): part for part in re.split(r"^ +- alert: ", RULES, flags=re.MULTILINE)[1:]
}


@pytest.mark.parametrize("name", ALERTS)
def test_it_says_what_an_operator_needs(name: str) -> None:
    text = ALERTS[name]
    assert re.search(r"labels: \{ severity: (critical|warning)", text)
    assert all(f"{field}: " in text for field in ("summary", "description"))
    assert f"runbook: docs/how-to/operations.md#{name.lower()}\n" in text + "\n"


@pytest.mark.parametrize("name", ALERTS)
def test_it_has_a_page_in_the_runbook(name: str) -> None:
    assert f"\n### {name}\n" in (ROOT / "docs" / "how-to" / "operations.md").read_text()


@pytest.mark.parametrize("name", ALERTS)
def test_it_was_seen_firing_and_not_firing(name: str) -> None:
    assert re.search(rf"alertname: {name}, exp_alerts: \[\]", TESTS), "not firing"
    assert re.search(rf"alertname: {name}\n +exp_alerts:\n +- exp_labels", TESTS), "firing"


def test_what_is_inhibited_exists() -> None:
    text = (MONITORING / "alertmanager.yml").read_text()
    named = {
        name for group in re.findall(r"alertname !?=~? \"?([A-Za-z|]+)", text) for name in group.split("|")
    }
    assert named <= set(ALERTS)

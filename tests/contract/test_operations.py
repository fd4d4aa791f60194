"""The runbook is about what exists: alerts have tests and a section, quoted log texts are in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "how-to" / "operations.md").read_text()
ALERTS = set(
    re.findall(
        r"- alert: (\w+)", "".join(page.read_text() for page in (ROOT / "monitoring" / "rules").glob("*.yml"))
    )
)
SERIES = "".join(page.read_text() for page in (ROOT / "monitoring" / "tests").glob("*.yml"))
SEEN_FIRING = (ROOT / "tests" / "compose" / "seen_firing.py").read_text()
LOG_TEXTS = (
    "signed out of Kafka",
    "message set aside: Kafka refuses it for good",
    "does not take messages",
    "too many for stock-dlq",
    "partition cannot go on",
    "cannot be read",
    "was not delivered, and cannot be read",
    "the broker's clock is ahead",
    "symbol skipped",
    "object cannot be read",
    "chain stops at a file",
    "message skipped",
    "nothing is to be skipped",
)
"""What operations.md quotes of logs and answers, as it stands there."""


def code() -> str:
    """All Python of services and libraries, with the joints of long strings and the topic's name resolved."""
    paths = [*ROOT.glob("services/*/stock_*/**/*.py"), *ROOT.glob("libs/*/stock_*/**/*.py")]
    text = "\n".join(path.read_text() for path in paths)
    return re.sub(r'"\s*\n\s*f?"', "", text).replace("{DEAD_LETTERS.name}", "stock-dlq")


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_is_tested_both_ways_and_has_a_section(alert: str) -> None:
    """promtool sees it silent and sees it fire."""
    assert re.search(rf"alertname: {alert}, exp_alerts: \[\]", SERIES)
    assert re.search(rf"alertname: {alert}\n\s+exp_alerts:\n\s+- exp_labels:", SERIES)
    assert f"\n### {alert}\n" in OPERATIONS


def test_alerts_that_are_not_seen_firing_are_named() -> None:
    """operations.md and UNSEEN have the names that no call of `fires` in seen_firing.py has."""
    fired = {
        name
        for call in re.findall(r"watch\.fires\(([^)]*)\)", SEEN_FIRING)
        for name in re.findall(r'"(\w+)"', call)
    }
    sentence = re.search(r"Not seen firing there[^:]*:([^.]*)\.", OPERATIONS)
    unseen = re.search(
        r"UNSEEN = frozenset\(\s*\{(.*?)\}\s*\)", (ROOT / "tests/compose/watch.py").read_text(), re.S
    )
    assert sentence is not None
    assert unseen is not None
    assert set(re.findall(r"[A-Z]\w+", sentence[1])) == ALERTS - fired
    assert set(re.findall(r'"(\w+)"', unseen[1])) == ALERTS - fired


@pytest.mark.parametrize("text", LOG_TEXTS)
def test_a_quoted_log_text_is_in_the_code(text: str) -> None:
    assert text in re.sub(r"\s+", " ", OPERATIONS)
    assert text in code()

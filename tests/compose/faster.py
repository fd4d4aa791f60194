"""The rules and waits of Prometheus and Alertmanager, thirty times as fast: minutes become seconds.

Only times are changed: `for:`, ranges, offsets, and the thresholds that are seconds, which are all plain
numbers of three digits and more. The queries, series and labels are the rules' own.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

FACTOR = 30
SECONDS = {"s": 1, "m": 60, "h": 3600}
LEAST_SECONDS = 2
DURATION = re.compile(r"(?<=for: )(\d+)([smh])|(?<=\[)(\d+)([smh])(?=])|(?<=offset )(\d+)([smh])")
THRESHOLD = re.compile(r"(?<=[>,] )\d{3,}\b")


def _duration(found: re.Match[str]) -> str:
    number, unit = (part for part in found.groups() if part)
    return f"{max(LEAST_SECONDS, math.ceil(int(number) * SECONDS[unit] / FACTOR))}s"


def rules(text: str) -> str:
    return THRESHOLD.sub(lambda found: str(math.ceil(int(found[0]) / FACTOR)), DURATION.sub(_duration, text))


def prometheus(text: str) -> str:
    for name, seconds in (("scrape_interval", 2), ("scrape_timeout", 2), ("evaluation_interval", 1)):
        text, count = re.subn(rf"(?<={name}: )\d+s", f"{seconds}s", text)
        assert count == 1, name
    return text


def alertmanager(text: str) -> str:
    return re.sub(r"(?<=group_wait: )\w+|(?<=group_interval: )\w+", "1s", text)


def render(monitoring: Path, place: Path) -> None:
    """Writes all of it below `place`, readable by whoever the containers run as."""
    (place / "rules").mkdir(parents=True, exist_ok=True)
    for path in (monitoring / "rules").glob("*.yml"):
        (place / "rules" / path.name).write_text(rules(path.read_text()))
    (place / "prometheus.yml").write_text(prometheus((monitoring / "prometheus.yml").read_text()))
    (place / "alertmanager.yml").write_text(alertmanager((monitoring / "alertmanager.yml").read_text()))

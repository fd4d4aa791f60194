"""monitoring/tests/free_month.yml: QuotesStale over a simulated month of the free plan, for promtool.

PYTHONPATH=services/producer/tests services/producer/.venv/bin/python -m support.month writes it again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from stock_common.status import ProducerStatus
from stock_producer.vendor.base import Answer, Request
from support.failing import FailingVendor
from support.lives import SERVER, Life

FILE = Path(__file__).parents[4] / "monitoring" / "tests" / "free_month.yml"
FIRST, DAYS = date(2026, 11, 2), 30
"""With Thanksgiving, a half day, and four weekends."""
BEGIN = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
SILENT_FROM = BEGIN + timedelta(days=17, hours=12)
"""A Thursday, before the open."""
AFTERWARDS = 4
"""So many days are simulated from then on."""
HALF_A_TURN = timedelta(hours=12, minutes=2)
"""What the rule adds to the moment at which data are due."""
STEP = timedelta(minutes=10)
"""Between two samples, and two evaluations: promtool takes minutes for a month of single minutes."""
HEAD = """\
# Written by services/producer/tests/support/month.py for promtool test rules: what
# a producer on the free plan exports while 7 % of the calls fail and bars come up to 4.5 h after the close.
rule_files: [../rules/pipeline.yml]
evaluation_interval: 10m

tests:
"""


class Silent(FailingVendor):
    """Answers nothing from a moment on."""

    def __call__(self, request: Request, now: datetime) -> Answer:
        self.share = 1.0 if now >= SILENT_FROM else self.share
        return super().__call__(request, now)


def lived(vendor: type[FailingVendor], days: int) -> list[ProducerStatus]:
    """The states of a producer with 12 symbols, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder), "free", 12, SERVER, vendor=vendor)
        life.run(FIRST, days)
    return [state for state in life.published if isinstance(state, ProducerStatus)]


def dues(states: Sequence[ProducerStatus], days: int) -> list[int]:
    """When data are due, in seconds since BEGIN, as exported at each step. One longer than the days."""
    found: list[int] = []
    for step in range(timedelta(days) // STEP + 1):
        while len(states) > 1 and states[1].at <= BEGIN + step * STEP:
            states = states[1:]
        due = states[0].markets[0].data_due
        assert due is not None
        found.append(round((due - BEGIN).total_seconds()))
    return found


def values(numbers: Sequence[int]) -> str:
    """promtool's notation: a value, and how often it is repeated."""
    runs = ((value, len(list(run)) - 1) for value, run in groupby(numbers))
    return " ".join(f"{value}x{more}" if more else str(value) for value, more in runs)


def case(name: str, numbers: Sequence[int], silent: Sequence[timedelta], fires: Sequence[timedelta]) -> str:
    due, length = values(numbers), len(numbers) - 1
    lines = [
        f"  - name: {name}",
        "    interval: 10m",
        "    input_series:",
        '      - series: \'stock_producer_data_due_timestamp_seconds{calendar="XNYS", job="producer"}\'',
        f'        values: "{due}"',
        "      - series: 'stock_producer_interval_seconds{job=\"producer\"}'",
        f'        values: "86400x{length}"',
        "    alert_rule_test:",
        *(
            f"      - {{ eval_time: {_minutes(at)}, alertname: QuotesStale, exp_alerts: [] }}"
            for at in silent
        ),
    ]
    for at in fires:
        late = at - timedelta(seconds=numbers[-1])
        hours, minutes = divmod(late.seconds // 60, 60)
        whole = f"{late.days}d " if late.days else ""
        lines += [
            f"      - eval_time: {_minutes(at)}",
            "        alertname: QuotesStale",
            "        exp_alerts:",
            "          - exp_labels: { severity: critical, service: producer }",
            "            exp_annotations:",
            "              summary: New prices should be here and are not",
            f"              description: They are late by {whole}{hours}h {minutes}m {late.seconds % 60}s.",
            "              runbook: docs/how-to/operations.md#quotesstale",
        ]
    return "\n".join(lines) + "\n"


def _minutes(at: timedelta) -> str:
    return f"{int(at.total_seconds()) // 60}m"


def fires_at(numbers: Sequence[int]) -> timedelta:
    """When the alert is there: the second evaluation at which the data are too late."""
    too_late = timedelta(seconds=numbers[-1]) + HALF_A_TURN
    return (too_late // STEP + 2) * STEP


def text() -> str:
    """The file."""
    good = dues(lived(FailingVendor, DAYS), DAYS)
    silent_days = (SILENT_FROM - BEGIN).days + AFTERWARDS
    silent = dues(lived(Silent, silent_days), silent_days)
    fires = fires_at(silent)
    hours = [timedelta(hours=hour) for hour in range(1, DAYS * 24, 4)]
    quiet = [*(at for at in hours if at < fires - STEP), fires - STEP]
    return (
        HEAD
        + case("a month", good, hours, [])
        + "\n"
        + case("a silent vendor", silent, quiet, [fires, timedelta(silent_days)])
    )


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")

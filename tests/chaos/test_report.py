"""What makes a run fail."""

from __future__ import annotations

from typing import Any

import pytest

from chaos import report
from chaos.plan import FULL, plan
from chaos.verdict import Verdict

GOOD = Verdict(10, 10, [], [], [], 0, {"partitions": []}, "")
PLAN = plan(FULL, 1)


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        pytest.param({}, True, id="all is well"),
        pytest.param({"missing": ["a"]}, False, id="a delivered quote is absent"),
        pytest.param({"doubled": ["a"]}, False, id="a quote is there twice"),
        pytest.param({"unreported": ["a"]}, False, id="a row of unknown origin"),
        pytest.param({"audit_code": 1}, False, id="the audit has findings"),
        pytest.param({"audit_code": 3}, False, id="the audit could not compare"),
        pytest.param({"delivered": 0, "rows": 0}, False, id="nothing was ever delivered"),
    ],
)
def test_a_run_passes_only_when_everything_is_true(change: dict[str, Any], passed: bool) -> None:
    found = GOOD._replace(**change)
    figures = report.summary(1, PLAN, PLAN, found, [], 1.0)
    assert figures["passed"] is passed
    assert report.text(figures, found).endswith("PASSED" if passed else "FAILED")


def test_a_fault_that_was_not_done_fails_the_run() -> None:
    assert not report.summary(1, PLAN, PLAN[:-1], GOOD, [], 1.0)["passed"]

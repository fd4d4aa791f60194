"""What makes a run fail."""

from __future__ import annotations

from typing import Any

import pytest

from chaos import report
from chaos.content import Outcome
from chaos.plan import FULL, plan
from chaos.report import Run
from chaos.verdict import Verdict
from chaos.watch import Stop

GOOD = Verdict(10, 10, [], [], [], [], [], 0, {"partitions": []}, "")
PLAN = plan(FULL, 1)
DONE = Run(1, PLAN, PLAN, [], Outcome(), [Stop(119.0, "s3", ("stock-data", 1))], 1.0)


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        pytest.param({}, True, id="all is well"),
        pytest.param({"missing": ["a"]}, False, id="a delivered quote is absent"),
        pytest.param({"doubled": ["a"]}, False, id="a quote is there twice"),
        pytest.param({"unreported": ["a"]}, False, id="a row of unknown origin"),
        pytest.param({"given_up": ["a"]}, False, id="a record that was given up is there"),
        pytest.param({"unnamed": ["a"]}, False, id="the audit did not name a stranger's file"),
        pytest.param({"audit_code": 1}, False, id="the audit has findings"),
        pytest.param({"audit_code": 3}, False, id="the audit could not compare"),
        pytest.param({"delivered": 0, "rows": 0}, False, id="nothing was ever delivered"),
    ],
)
def test_a_run_passes_only_when_everything_is_true(change: dict[str, Any], passed: bool) -> None:
    found = GOOD._replace(**change)
    figures = report.summary(DONE, found)
    assert figures["passed"] is passed
    assert report.text(figures, found).endswith("PASSED" if passed else "FAILED")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"done": PLAN[:-1]}, id="a fault was not done"),
        pytest.param({"outcome": Outcome(unhealed=["fault 7, freeze"])}, id="a fault did not heal"),
        pytest.param({"wrong": ["put twice: 1, a"]}, id="the history is wrong"),
        pytest.param({"stops": [Stop(121.0, "s3", ("stock-data", 1))]}, id="a stage stood still too long"),
    ],
)
def test_a_run_that_was_not_whole_or_did_not_heal_fails(change: dict[str, Any]) -> None:
    assert not report.summary(DONE._replace(**change), GOOD)["passed"]

"""`stock-sf-loader selftest` on the running pipeline: all of it is as expected, and nothing of it remains."""

from __future__ import annotations

import json
import subprocess

from stock_stack.layout import OWNER
from stock_stack.services import launcher
from stock_testing.pipeline import Pipeline

COMMAND_SECONDS = 360
LEAST = 70
"""DDL twice, four COPYs, a rollback, the ledger, 21 questions, the lease."""


def test_everything_is_tried_and_nothing_remains(pipeline: Pipeline) -> None:
    environment = pipeline.stack.environment("sf-loader") | OWNER
    done = subprocess.run(
        [launcher("sf-loader"), "selftest", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    wrong = [line for line in report["lines"] if line["state"] != "ok"]
    assert (done.returncode, wrong) == (0, []), wrong
    assert len(report["lines"]) >= LEAST
    seen = {line["what"]: line["seen"] for line in report["lines"]}
    assert "100152" in seen["COPY of a cut object is refused"]
    assert "100072" in seen["COPY of NULL in a NOT NULL column is refused"]
    assert seen["a second session waits for the lease and gives way"].startswith("after ")
    left = pipeline.query(
        "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME LIKE 'SELFTEST%'"
    )
    assert left == []
    with pipeline.still():
        assert pipeline.audit()["exit_code"] == 0

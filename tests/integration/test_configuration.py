"""Missing or wrong configuration: one message that names every fault, exit code 2, nothing started."""

from __future__ import annotations

import subprocess
from typing import NamedTuple

import pytest

from stock_stack.layout import base
from stock_stack.services import launcher


class Case(NamedTuple):
    service: str
    environment: dict[str, str]
    named: tuple[str, ...]


BAD = {"METRICS_PORT": "zero", "LOG_LEVEL": "LOUD"}
CASES = [
    Case("producer", {"ALPHA_VANTAGE_PLAN": "gold"}, ("SYMBOLS", "ALPHA_VANTAGE_PLAN")),
    Case("s3-sink", {"FLUSH_SECONDS": "-1"}, ("S3_BUCKET", "FLUSH_SECONDS")),
    Case(
        "sf-loader",
        {"SNOWFLAKE_PORT": "x"},
        ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "S3_BUCKET", "SNOWFLAKE_PORT"),
    ),
    Case("dashboard", {"DASHBOARD_PORT": "x"}, ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "DASHBOARD_PORT")),
    Case(
        "auditor",
        {"AUDIT_INTERVAL_SECONDS": "x"},
        ("S3_BUCKET", "SNOWFLAKE_ACCOUNT", "AUDIT_INTERVAL_SECONDS"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.service for case in CASES])
def test_every_fault_is_named_at_once(case: Case) -> None:
    done = subprocess.run(
        [launcher(case.service)],
        env=base() | BAD | case.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    missing = [name for name in (*case.named, *BAD) if name not in done.stderr]
    assert not missing, done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout

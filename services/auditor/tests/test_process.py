"""The console script as a process: configuration, help, arguments."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "stock_auditor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=inherited | environment, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [(), ("audit",)])
def test_a_faulty_configuration_is_one_message_and_2(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, KAFKA_SECURITY_PROTOCOL="LOUD", AUDIT_INTERVAL_SECONDS="0")
    assert (ended.returncode, ended.stdout) == (2, "")
    for name in (
        "S3_BUCKET",
        "SNOWFLAKE_ACCOUNT",
        "SNOWFLAKE_USER",
        "KAFKA_SECURITY_PROTOCOL",
        "AUDIT_INTERVAL_SECONDS",
    ):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_has_examples() -> None:
    assert "stock-auditor audit --full --drained" in run("audit", "--help").stdout
    assert "Examples:" in run("--help").stdout
    assert "stock-auditor replay --dry-run" in run("replay", "--help").stdout
    assert "stock-auditor accept 1a2b3c4d" in run("accept", "--help").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("accept", "1a2b3c4d"),
        ("accept", "1a2b3c4d", "--reason", "x", "--withdraw"),
        ("replay", "--from", "yesterday"),
        ("replay", "--edit", "'"),
        ("replay", "--limit", "-1"),
        ("replay", "--topic", "stock-dlq"),
    ],
)
def test_wrong_arguments_give_exit_code_2(words: tuple[str, ...]) -> None:
    ended = run(*words, S3_BUCKET="b", SNOWFLAKE_ACCOUNT="a", SNOWFLAKE_USER="u", SNOWFLAKE_PASSWORD="p")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr

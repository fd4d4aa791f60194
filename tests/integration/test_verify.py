"""`stock-sf-loader verify` on the running pipeline finds nothing missing.

In a database with holes it names each of them, and what it gives to run repairs it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from stock_stack.services import launcher
from stock_testing.pipeline import Pipeline

COMMAND_SECONDS = 90
DATABASE = "HOLES"


def verify(environment: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Exit code, and the checks by name."""
    command = [launcher("sf-loader"), "verify", "--json"]
    given = {**environment, "SNOWFLAKE_ROLE": "STOCK_LOADER", "SNOWFLAKE_WAREHOUSE": "STOCK_WH"}
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    assert done.stdout, done.stderr
    return done.returncode, {check["what"]: check for check in json.loads(done.stdout)["checks"]}


def missing(checks: Mapping[str, Any]) -> set[str]:
    return {what for what, check in checks.items() if check["state"] == "missing"}


def test_a_loader_at_work_lacks_nothing(pipeline: Pipeline) -> None:
    pipeline.more_quotes(10)
    before = pipeline.query("SELECT COUNT(*) FROM RAW.LOADED_FILES")[0][0]
    code, checks = verify(pipeline.stack.environment("sf-loader"))
    assert (code, missing(checks)) == (0, set()), checks
    # An object was loaded, and rolled back.
    assert checks["reading RAW.STOCK_STAGE"]["state"] == "ok"
    assert checks["CREATE TABLE in RAW, for rebuild"]["state"] == "ok"
    left = pipeline.query(
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE 'LOADER_VERIFY%'"
    )
    assert left == [] and pipeline.query("SELECT COUNT(*) FROM RAW.LOADED_FILES")[0][0] >= before
    with pipeline.still():
        assert pipeline.audit()["exit_code"] == 0


def test_every_statement_of_setup_runs_and_runs_again(pipeline: Pipeline) -> None:
    given = {
        "bucket": "stocks-0a1b",
        "role-arn": "arn:aws:iam::123456789012:role/x",
        "external-id": "id-1",
        "database": "SETUP",
    }
    command = [
        launcher("sf-loader"),
        "setup",
        *(word for name, value in given.items() for word in (f"--{name}", value)),
    ]
    text = subprocess.run(
        command, env={}, capture_output=True, text=True, check=True, timeout=COMMAND_SECONDS
    ).stdout
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    made = [part.strip() for part in "\n".join(lines).split(";\n") if part.strip()]
    assert len(made) > 50
    for _ in range(2):
        for statement in made:
            pipeline.query(statement.removesuffix(";"))
    schemas = pipeline.query(
        "SELECT SCHEMA_NAME FROM SETUP.INFORMATION_SCHEMA.SCHEMATA "
        "WHERE SCHEMA_NAME IN ('RAW', 'ANALYTICS') ORDER BY 1"
    )
    assert schemas == [("ANALYTICS",), ("RAW",)]


def test_each_hole_is_named_and_what_verify_gives_repairs_it(pipeline: Pipeline) -> None:
    environment = pipeline.stack.environment("sf-loader") | {"SNOWFLAKE_DATABASE": DATABASE}
    pipeline.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    code, checks = verify(environment)
    assert code == 1 and missing(checks) == {"schema RAW"}
    assert checks["schema RAW"]["run"][0] == f"CREATE SCHEMA IF NOT EXISTS {DATABASE}.RAW;"
    migrate = [launcher("sf-loader"), "migrate"]
    subprocess.run(migrate, env=environment, check=True, capture_output=True, timeout=COMMAND_SECONDS)
    assert verify(environment)[0] == 0
    for statement in (
        f"DROP TABLE {DATABASE}.RAW.STOCK_BARS",
        f"DROP STAGE {DATABASE}.RAW.STOCK_STAGE",
        f"DELETE FROM {DATABASE}.RAW.LOADER_LEASE",
        f"ALTER TABLE {DATABASE}.RAW.LOADED_FILES DROP COLUMN REASON",
        f"DROP VIEW {DATABASE}.ANALYTICS.ALERTS",
    ):
        pipeline.query(statement)
    code, checks = verify(environment)
    assert code == 1
    assert missing(checks) == {
        "table RAW.STOCK_BARS",
        "stage RAW.STOCK_STAGE",
        "lease",
        "table RAW.LOADED_FILES",
    }
    assert "REASON" in checks["table RAW.LOADED_FILES"]["reason"]
    assert checks["views"]["state"] == "advice" and "ANALYTICS.ALERTS" in checks["views"]["reason"]
    # CREATE TABLE IF NOT EXISTS adds no column, so the table is made again.
    pipeline.query(f"DROP TABLE {DATABASE}.RAW.LOADED_FILES")
    assert all("stock-sf-loader migrate" in checks[what]["run"] for what in missing(checks))
    subprocess.run(migrate, env=environment, check=True, capture_output=True, timeout=COMMAND_SECONDS)
    code, checks = verify(environment)
    assert (code, missing(checks)) == (0, set()), checks

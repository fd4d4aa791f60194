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

COMMAND_SECONDS = 270
DATABASE = "HOLES"


def verify(environment: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Exit code, and the checks by name."""
    command = [launcher("sf-loader"), "verify", "--json"]
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=COMMAND_SECONDS
    )
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


def repair(pipeline: Pipeline, environment: Mapping[str, str], checks: Mapping[str, Any]) -> None:
    """Runs what verify gives for what is missing: SQL as the administrator, the rest as the owner."""
    runs = dict.fromkeys(
        run for check in checks.values() for run in check["run"] if check["state"] == "missing"
    )
    for run in runs:
        if run == "stock-sf-loader migrate":
            pipeline.migrate(environment)
        else:
            pipeline.query(run.removesuffix(";"))


def test_each_hole_is_named_and_what_verify_gives_repairs_it(pipeline: Pipeline) -> None:
    environment = pipeline.stack.environment("sf-loader") | {
        "SNOWFLAKE_DATABASE": DATABASE,
        "SNOWFLAKE_STORAGE_INTEGRATION": f"{DATABASE}_S3",
    }
    code, checks = verify(environment)
    assert code == 1 and missing(checks) == {f"database {DATABASE}"}
    repair(pipeline, environment, checks)
    code, checks = verify(environment)
    assert code == 1 and missing(checks) == {"schema RAW"}
    assert checks["schema RAW"]["run"][0] == f"CREATE SCHEMA IF NOT EXISTS {DATABASE}.RAW;"
    pipeline.set_up(environment)
    assert verify(environment)[0] == 0
    for statement in (
        f"DROP TABLE {DATABASE}.RAW.STOCK_BARS",
        f"DROP STAGE {DATABASE}.RAW.STOCK_STAGE",
        f"DELETE FROM {DATABASE}.RAW.LOADER_LEASE",
        f"ALTER TABLE {DATABASE}.RAW.LOADED_FILES DROP COLUMN REASON",
        f"DROP VIEW {DATABASE}.ANALYTICS.ALERTS",
        f"REVOKE UPDATE ON TABLE {DATABASE}.RAW.LOADED_FILES FROM ROLE STOCK_LOADER",
    ):
        pipeline.query(statement)
    code, checks = verify(environment)
    assert code == 1
    assert missing(checks) == {
        "table RAW.STOCK_BARS",
        "stage RAW.STOCK_STAGE",
        "lease",
        "table RAW.LOADED_FILES",
        "UPDATE on RAW.LOADED_FILES, for repairs",
    }
    assert "REASON" in checks["table RAW.LOADED_FILES"]["reason"]
    assert "Insufficient privileges" in checks["UPDATE on RAW.LOADED_FILES, for repairs"]["reason"]
    assert checks["views"]["state"] == "advice" and "ANALYTICS.ALERTS" in checks["views"]["reason"]
    # CREATE TABLE IF NOT EXISTS adds no column, so the table is made again.
    pipeline.query(f"DROP TABLE {DATABASE}.RAW.LOADED_FILES")
    repair(pipeline, environment, verify(environment)[1])
    code, checks = verify(environment)
    assert (code, missing(checks)) == (0, set()), checks

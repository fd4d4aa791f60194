"""What raises an alarm, and that the lines which raise it are those that services and host write."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import INFRA, SERVICES, Plan

ROOT = INFRA.parent
LOGS = {"error-lines", "audit-incomplete"}
HOST = {"host-status", "host-memory", "host-disk", "host-data-disk"}
ERRORS = '{ ($.level = "error" || $.level = "critical") && $.event != "finding" }'


def alarms(plan: Plan) -> set[str]:
    found = plan.of_type("aws_cloudwatch_metric_alarm").values()
    return {values["alarm_name"].removeprefix("stock-pipeline-") for values in found}


def filters(plan: Plan) -> dict[str, dict[str, str]]:
    """Metric → log group → pattern."""
    found: dict[str, dict[str, str]] = {}
    for values in plan.of_type("aws_cloudwatch_log_metric_filter").values():
        (metric,) = values["metric_transformation"]
        place = values["log_group_name"].removeprefix("/stock-pipeline/")
        key = f"{metric['name']}={metric['value']}"
        found.setdefault(key, {})[place] = values["pattern"]
    return found


def test_logs_expire_and_the_budget_is_that_of_our_tag(plan: Plan) -> None:
    groups = plan.of_type("aws_cloudwatch_log_group").values()
    assert all(values["retention_in_days"] == 30 for values in groups)
    (budget,) = plan.of_type("aws_budgets_budget").values()
    assert budget["cost_filter"][0]["values"] == ["user:Project$stock-pipeline"]


def test_a_host_is_watched_and_its_services_by_their_logs(ec2: Plan) -> None:
    assert alarms(ec2) == {"no-fresh-object"} | HOST | LOGS


def test_tasks_and_brokers_are_watched(ecs: Plan) -> None:
    brokers = {f"msk-disk-{number}" for number in (1, 2, 3)}
    assert alarms(ecs) == {"no-fresh-object"} | LOGS | {f"{name}-memory" for name in SERVICES} | brokers


def test_the_alarms_read_the_metrics_that_the_filters_write(plan: Plan) -> None:
    written = {name.partition("=")[0] for name in filters(plan)}
    found = plan.of_type("aws_cloudwatch_metric_alarm").values()
    read = {values["metric_name"] for values in found if values["namespace"] == "stock-pipeline"}
    read |= {
        query["metric"][0]["metric_name"]
        for values in found
        for query in values["metric_query"] or ()
        if query["metric"]
    }
    assert read - {"mem_used_percent", "disk_used_percent"} == written


@pytest.mark.parametrize("deployment", ["ec2", "ecs"])
def test_every_service_is_read_and_the_host_too(deployment: str, ec2: Plan, ecs: Plan) -> None:
    host = {"host": "ERROR"} if deployment == "ec2" else {}
    errors = filters(ec2 if deployment == "ec2" else ecs)["ErrorLines=1"]
    assert errors == dict.fromkeys(SERVICES, ERRORS) | host


def test_the_lines_are_those_that_are_written(plan: Plan) -> None:
    found = filters(plan)
    assert found["ObjectsPut=1"] == {"s3-sink": '{ $.event = "link put" }'}
    assert found["AuditIncomplete=1"] == {"auditor": '{ $.event = "audited" && $.complete IS FALSE }'}
    assert found["AuditIncomplete=0"] == {"auditor": '{ $.event = "audited" && $.complete IS TRUE }'}
    sources = {
        "services/s3-sink/stock_s3_sink/status.py": '.info("link put"',
        "services/auditor/stock_auditor/loop.py": '"audited", complete=status.complete',
        "libs/common/stock_common/logs.py": "structlog.stdlib.add_log_level",
        "infra/modules/host/files/heal.sh": "ERROR heal:",
    }
    for path, text in sources.items():
        assert text in Path(ROOT, path).read_text(), path

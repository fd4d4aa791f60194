"""What waits for what, where no value says so, and what stays where it is: read off the plans."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import settle
from conftest import Plan

OUTPUTS = [
    ("network", "public_subnet_ids", {"aws_route.internet", "aws_route_table_association.public"}),
    ("network", "private_subnet_ids", {"aws_route.nat", "aws_route_table_association.private"}),
    ("roles", "instance_profile", {"aws_iam_role_policy.host"}),
    (
        "roles",
        "task_role_arns",
        {f"aws_iam_role_policy.task_{kind}" for kind in ("s3", "state", "topic")},
    ),
    ("roles", "execution_role_arns", {"aws_iam_role_policy.execution", "aws_iam_role_policy.execution_key"}),
    ("roles", "flow_log_role_arn", {"aws_iam_role_policy.flow_log"}),
]


def _module(plan: Plan, name: str) -> dict[str, Any]:
    return plan.document["configuration"]["root_module"]["module_calls"][name]["module"]


@pytest.mark.parametrize(("module", "output", "waits"), OUTPUTS, ids=lambda value: str(value)[:24])
def test_what_runs_starts_when_it_reaches_and_may_do_what_it_needs(
    module: str, output: str, waits: set[str], ec2: Plan
) -> None:
    assert set(_module(ec2, module)["outputs"][output]["depends_on"]) == waits


def test_the_log_bucket_takes_logs_before_they_are_sent(ec2: Plan) -> None:
    (logging,) = (
        found for found in _module(ec2, "storage")["resources"] if found["type"] == "aws_s3_bucket_logging"
    )
    assert logging["depends_on"] == ["aws_s3_bucket_policy.this"]


def test_what_holds_data_is_not_lost_by_a_change(ec2: Plan, ecs: Plan) -> None:
    (disk,) = ec2.of_type("aws_ebs_volume").values()
    assert disk["final_snapshot"] is True
    assert all(values["force_new_deployment"] for values in ecs.of_type("aws_ecs_service").values())


def test_zones_are_those_where_brokers_and_hosts_are_offered(plan: Plan) -> None:
    state = plan.document["prior_state"]["values"]["root_module"]["resources"]
    (zones,) = (found["values"] for found in state if found["type"] == "aws_availability_zones")
    assert zones["exclude_zone_ids"] == ["use1-az3"]


STOPPED = {
    "aws_instance": {"associate_public_ip_address": False, "ami": "ami-old", "user_data": "older"},
    "aws_subnet": {"availability_zone": "us-east-1f"},
    "aws_ebs_volume": {"availability_zone": "us-east-1f"},
}
"""Type → what the API says of a host that was stopped, is older, or whose zone is offered no more."""


def test_a_host_that_was_stopped_is_not_replaced(tmp_path: Path) -> None:
    work = Path(os.environ["INFRA_PLANS"])
    state = json.loads((work / "ec2.tfstate").read_text())
    for resource in state["resources"]:
        for instance in resource["instances"]:
            instance["attributes"] |= STOPPED.get(resource["type"], {})
    place = tmp_path / "stopped.tfstate"
    place.write_text(json.dumps(state))
    assert settle.changed(settle.plan(str(work / "infra"), place, "-var-file=tests/ec2.tfvars")) == {}


def test_spot_that_is_toggled_touches_the_services_that_may_run_on_it(tmp_path: Path) -> None:
    """Whether AWS takes it in place, the stand-in providers do not know: force_new_deployment is for that."""
    work = Path(os.environ["INFRA_PLANS"])
    place = tmp_path / "ecs.tfstate"
    place.write_bytes((work / "ecs.tfstate").read_bytes())
    options = ("-var-file=tests/ecs.tfvars", "-var=spot=false")
    assert settle.changed(settle.plan(str(work / "infra"), place, *options)) == {
        f'module.{kind}["{name}"].aws_ecs_service.this': ["update"]
        for kind, name in (("service", "s3-sink"), ("reader", "auditor"))
    }


def test_subnets_are_numbered_so_that_a_zone_that_goes_away_moves_none(ec2: Plan, ecs: Plan) -> None:
    place = "module.network[0].aws_subnet"
    assert list(ec2.of_type("aws_subnet")) == [f"{place}.public[0]"]
    assert set(ecs.of_type("aws_subnet")) == {
        f"{place}.{kind}[{number}]" for kind in ("public", "private") for number in range(3)
    }

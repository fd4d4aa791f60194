"""Each planned value, by the API that it goes to: enumerations, patterns, lengths, ranges, required ones."""

from __future__ import annotations

from typing import Any

import pytest
from api_calls import CALLS, LEFT_OUT, faults
from conftest import Plan

WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("ec2", "aws_instance", {"instance_type": "t3.huge"}, "t3.huge is none of"),
    ("ec2", "aws_ebs_volume", {"type": "gp9"}, "gp9 is none of"),
    ("ec2", "aws_cloudwatch_metric_alarm", {"statistic": "Mean"}, "Mean is none of"),
    ("ec2", "aws_cloudwatch_metric_alarm", {"alarm_name": "x" * 256}, "its length 256"),
    ("ec2", "aws_ecr_repository", {"name": "Stock"}, "Stock does not match"),
    ("ec2", "aws_iam_role", {"assume_role_policy": None}, "AssumeRolePolicyDocument is missing"),
    ("ecs", "aws_msk_cluster", {"number_of_broker_nodes": 16}, "16 is not from 1 to 15"),
    ("ecs", "aws_lb_target_group", {"target_type": "task"}, "task is none of"),
    ("ecs", "aws_ecs_cluster", {"setting": [{"name": "insights", "value": "on"}]}, "insights is none of"),
    ("ecs", "aws_lb_listener", {"default_action": [{"type": "send"}]}, "send is none of"),
]


def test_the_models_take_every_planned_value(plan: Plan) -> None:
    refused = {
        address: found
        for address, values in plan.resources.items()
        if (kind := plan.types[address]) in CALLS and (found := faults(kind, values, plan.unknown[address]))
    }
    assert not refused


def test_every_type_is_in_the_table_or_left_out_by_name(plan: Plan) -> None:
    kinds = {kind for kind in plan.types.values() if not kind.startswith("aws_s3_bucket_")}
    assert kinds <= set(CALLS) | LEFT_OUT


@pytest.mark.parametrize(
    ("deployment", "kind", "change", "sentence"), WRONG, ids=lambda value: str(value)[:30]
)
def test_a_wrong_value_is_refused(
    deployment: str, kind: str, change: dict[str, Any], sentence: str, ec2: Plan, ecs: Plan
) -> None:
    plan = ec2 if deployment == "ec2" else ecs
    address, values = next(iter(plan.of_type(kind).items()))
    assert sentence in "; ".join(faults(kind, values | change, plan.unknown[address]))

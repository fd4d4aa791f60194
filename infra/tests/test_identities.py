"""Who signs in as whom: each service as its own role on AWS, and as its own user to MSK."""

from __future__ import annotations

import json
from typing import Any

from conftest import REGISTRY, SERVICES, Plan, settled_plan

ROLES = "module.roles.aws_iam_role_policy"


def test_the_host_hands_out_the_services_roles_which_are_those_of_ecs(ec2: Plan, ecs: Plan) -> None:
    (given,) = (found for found in ec2.policy(f'{ROLES}.host["host"]') if found["Action"] == "sts:AssumeRole")
    stages = ("auditor", "dashboard", "s3-sink", "sf-loader")
    arn = "arn:aws:iam::123456789012:role/stock-pipeline-{}"
    assert given["Resource"] == [arn.format(f"{stage}-task-role") for stage in stages]
    for stage in stages:
        role = ec2.resources[f'module.roles.aws_iam_role.task["{stage}"]']
        (trust,) = json.loads(role["assume_role_policy"])["Statement"]
        assert trust["Principal"] == {"AWS": arn.format("ec2-role")}
        policy = f'{ROLES}.task_s3["{stage}"]'
        assert ec2.resources.get(policy, {}).get("policy") == ecs.resources.get(policy, {}).get("policy")
    assert f'{ROLES}.task_s3["dashboard"]' not in ec2.resources


def test_each_service_signs_in_to_msk_as_itself_and_the_job_that_grants_as_its_own(
    tasks: dict[str, Any],
) -> None:
    secrets = settled_plan("ecs").of_type("aws_secretsmanager_secret").values()
    names = {values["arn"]: values["name"] for values in secrets}
    for service in SERVICES:
        for container in tasks[service][1:]:
            user = "topics" if container["name"] == "topics" else service
            used = {
                names[secret["valueFrom"].rsplit(":", 3)[0]]
                for secret in container["secrets"]
                if secret["name"].startswith("KAFKA_")
            }
            assert used == {f"AmazonMSK_stock-pipeline_{user}"}, (service, container["name"])
        (job,) = (container for container in tasks[service] if container["name"] == "topics")
        assert job["command"][:-1] == ["python", "-m", "stock_kafka.topics", "--grant"]
        assert json.loads(job["command"][-1]) == {name: REGISTRY[name]["kafka"] for name in SERVICES}

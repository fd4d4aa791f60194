"""The plans that infra/test.sh made, and an S3 whose IAM is enforced with the policies in them."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from iam_account import Account

INFRA = Path(__file__).resolve().parents[1]
REGISTRY: dict[str, Any] = yaml.safe_load((INFRA.parent / "services.yaml").read_text())
SERVICES = sorted(REGISTRY)
MONITORS = ("prometheus", "alertmanager", "grafana")


class Plan(NamedTuple):
    """A plan.

    resources: address → planned values of what is managed.
    types: address → type.
    unknown: address → the values that only an apply knows.
    """

    resources: dict[str, dict[str, Any]]
    types: dict[str, str]
    unknown: dict[str, dict[str, Any]]
    document: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {address: values for address, values in self.resources.items() if self.types[address] == kind}

    def policy(self, address: str) -> list[dict[str, Any]]:
        """The statements of a policy."""
        return json.loads(self.resources[address]["policy"])["Statement"]


def _plan(name: str) -> Plan:
    folder = os.environ.get("INFRA_PLANS")
    assert folder, "INFRA_PLANS names the folder of the plans: run infra/test.sh."
    return _read(Path(folder, f"{name}.json"))


def settled_plan(name: str) -> Plan:
    """The plan of what was applied (settle.py): every value is known, as far as it does not come from AWS."""
    return _read(Path(os.environ["INFRA_PLANS"], f"{name}.settled.json"))


@functools.cache
def _read(path: Path) -> Plan:
    document = json.loads(path.read_text())
    managed = [change for change in document["resource_changes"] if change["mode"] == "managed"]
    return Plan(
        {change["address"]: change["change"]["after"] for change in managed},
        {change["address"]: change["type"] for change in managed},
        {change["address"]: change["change"]["after_unknown"] for change in managed},
        document,
    )


@pytest.fixture(scope="session")
def ec2() -> Plan:
    return _plan("ec2")


@pytest.fixture(scope="session")
def ecs() -> Plan:
    return _plan("ecs")


@pytest.fixture(scope="session", params=["ec2", "ecs"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return _plan(request.param)


@pytest.fixture(scope="session")
def tasks() -> dict[str, list[dict[str, Any]]]:
    """Service → its containers (ecs)."""
    found = settled_plan("ecs").of_type("aws_ecs_task_definition").values()
    return {
        values["family"].removeprefix("stock-pipeline-"): json.loads(values["container_definitions"])
        for values in found
    }


@pytest.fixture
def account(ecs: Plan, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account whose bucket has the planned policy."""
    made = Account(ecs.policy('module.storage[0].aws_s3_bucket_policy.this["data"]'), monkeypatch)
    yield made
    made.close()

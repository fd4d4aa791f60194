"""The plans that infra/test.sh made, and an S3 whose IAM is enforced with the policies in them."""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
import requests
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from policy_gate import PolicyGate
from werkzeug.serving import make_server

from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore

INFRA = Path(__file__).resolve().parents[1]
BUCKET = "stock-pipeline-0a1b2c3d"


class Plan(NamedTuple):
    """`resources`: address → planned values of what is managed; `types`: address → type; `unknown`: address → what only apply tells."""

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


class Account(NamedTuple):
    """The address of moto, the administrator's client, and `assume`: statements → an S3 client and store of a role that has them."""

    admin: Any
    assume: Callable[[list[dict[str, Any]]], tuple[Any, ObjectStore]]


def administrator(iam: Any) -> dict[str, str]:
    """Credentials of a new user who may do everything."""
    iam.create_user(UserName="admin")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@pytest.fixture
def account(ecs: Plan, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A bucket with the planned policy; roles are made before enforcement begins."""
    bucket_policy = ecs.policy('module.storage[0].aws_s3_bucket_policy.this["data"]')
    gate = PolicyGate(DomainDispatcherApplication(create_backend_app), bucket_policy)
    server = make_server("127.0.0.1", 0, gate, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"

    def client(service: str, **credentials: str) -> Any:
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return boto3.client(service, endpoint_url=address, region_name="us-east-1", config=config, **credentials)

    def enforce(begin: bool) -> None:
        requests.post(f"{address}/moto-api/reset-auth", data=b"0" if begin else b"inf", timeout=10).raise_for_status()

    def assume(statements: list[dict[str, Any]]) -> tuple[Any, ObjectStore]:
        enforce(False)
        iam = client("iam", **root)
        name = f"role-{len(gate.identities)}"
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        # moto answers a condition that it does not know with a refusal: it gets what is allowed, without conditions; the gate has all.
        plain = [{key: value for key, value in statement.items() if key != "Condition"} for statement in statements if statement["Effect"] == "Allow"]
        iam.put_role_policy(RoleName=name, PolicyName="planned", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": plain}))
        got = client("sts", **root).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        keys = {"aws_access_key_id": got["AccessKeyId"], "aws_secret_access_key": got["SecretAccessKey"], "aws_session_token": got["SessionToken"]}
        gate.identities[got["AccessKeyId"]] = statements
        for name, value in keys.items():
            monkeypatch.setenv(name.upper(), value)
        store = ObjectStore(ObjectSettings(s3_bucket=BUCKET, s3_endpoint_url=address), tries=1)
        enforce(True)
        return client("s3", **keys), store

    root = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    try:
        enforce(False)
        requests.post(f"{address}/moto-api/reset", timeout=10).raise_for_status()
        admin = client("s3", **administrator(client("iam", **root)))
        admin.create_bucket(Bucket=BUCKET)
        admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield Account(admin, assume)
    finally:
        enforce(False)
        server.shutdown()
        server.server_close()
        thread.join(10)

"""An S3 whose IAM is enforced: moto, and before it the gate that decides by the policies' conditions."""

from __future__ import annotations

import json
import threading
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from policy_gate import PolicyGate
from werkzeug.serving import make_server

from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore

BUCKET = "stock-pipeline-0a1b2c3d"
ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
Statements = list[dict[str, Any]]


class Account:
    """An account with a bucket. `admin` is the S3 client of an administrator.

    Roles are made while enforcement is off, and used while it is on.
    """

    def __init__(self, bucket_policy: Statements, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._gate = PolicyGate(DomainDispatcherApplication(create_backend_app), bucket_policy)
        self._server = make_server("127.0.0.1", 0, self._gate, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._address = f"http://127.0.0.1:{self._server.server_port}"
        self._enforce(False)
        requests.post(f"{self._address}/moto-api/reset", timeout=10).raise_for_status()
        self.admin = self._client("s3", **administrator(self._client("iam", **ROOT)))
        self.admin.create_bucket(Bucket=BUCKET)
        self.admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def assume(self, statements: Statements) -> tuple[Any, ObjectStore]:
        """An S3 client of a new role with these statements, and the services' store with the same rights."""
        self._enforce(False)
        arn = self._role(statements)
        got = self._client("sts", **ROOT).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        keys = {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }
        self._gate.identities[got["AccessKeyId"]] = statements
        for name, value in keys.items():
            self._monkeypatch.setenv(name.upper(), value)
        store = ObjectStore(ObjectSettings(s3_bucket=BUCKET, s3_endpoint_url=self._address), tries=1)
        self._enforce(True)
        return self._client("s3", **keys), store

    def close(self) -> None:
        self._enforce(False)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _role(self, statements: Statements) -> str:
        """The ARN of a new role.

        moto refuses a request where it does not know a condition. So it gets the allowing statements without
        their conditions, and the gate has them all.
        """
        plain = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in statements
            if statement["Effect"] == "Allow"
        ]
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
        iam, name = self._client("iam", **ROOT), f"role-{len(self._gate.identities)}"
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document([trust]))
        iam.put_role_policy(RoleName=name, PolicyName="planned", PolicyDocument=document(plain))
        return made["Role"]["Arn"]

    def _client(self, service: str, **credentials: str) -> Any:
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return boto3.client(
            service, endpoint_url=self._address, region_name="us-east-1", config=config, **credentials
        )

    def _enforce(self, begin: bool) -> None:
        """Begins or ends the enforcement: moto checks nothing for so many requests."""
        requests.post(
            f"{self._address}/moto-api/reset-auth", data=b"0" if begin else b"inf", timeout=10
        ).raise_for_status()


def document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def administrator(iam: Any) -> dict[str, str]:
    """Credentials of a new user who may do everything."""
    iam.create_user(UserName="admin")
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=document(everything))
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

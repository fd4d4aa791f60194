"""From an account that has nothing to a running pipeline and back, by deploy.sh as a person runs it.

It stops where a person has to act, and what it prints there is run as it stands. Terraform and the AWS CLI
are real. Terraform's providers are stand-ins (applying.py says what that leaves out). AWS is moto with a
small Session Manager (cloud.py), Docker takes notes, and the host is a folder (host.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import cloud
import host
import pytest
from checkout import BUCKET, Desk
from conftest import SERVICES

PRINCIPAL = 'snowflake_principal_arn = "arn:aws:iam::999999999999:user/snowflake"'
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(params=["ec2", "ecs"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with cloud.cloud(tmp_path) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield Desk(tmp_path, request.param, aws)


def test_from_nothing_to_up_and_back_to_nothing(desk: Desk) -> None:
    stops_for_secrets(desk)
    stops_for_snowflake(desk)
    changes_nothing_again(desk, comes_up(desk))
    keeps_what_is_protected(desk)
    leaves_nothing_but_what_it_names(desk)


def stops_for_secrets(desk: Desk) -> None:
    """As the message asks, each secret is put by the line that it prints."""
    done = desk.deploy("--yes")
    assert done.returncode == 1 and "these secrets have no value yet" in done.stderr, done.stderr
    lines = [line.strip() for line in done.stderr.splitlines() if "put-secret-value" in line]
    (desk.folder / "value").write_text('{"username": "u", "password": "p", "client_secret": "s"}')
    for line in lines:
        put = desk.run("bash", "-c", line.replace("file://FILE", f"file://{desk.folder / 'value'}"))
        assert put.returncode == 0, put.stderr
    kinds = {resource["type"] for resource in desk.resources()}
    assert not kinds & {"aws_instance", "aws_ecs_service", "aws_msk_cluster"}
    if desk.deployment == "ecs":
        # moto spells it AWSServiceRoleForecs, and AWS as here.
        assert left() & {"AWSServiceRoleForecs"}
        boto3.client("iam").create_role(RoleName="AWSServiceRoleForECS", AssumeRolePolicyDocument="{}")


def stops_for_snowflake(desk: Desk) -> None:
    """The command that it prints makes the administrator's SQL, with what is deployed in it."""
    done = desk.deploy("--yes")
    assert done.returncode == 1 and "Snowflake cannot read the bucket yet" in done.stderr, done.stderr
    (line,) = re.findall(r"^ *(services/sf-loader/[^>]*)>account.sql$", done.stderr, re.M)
    sql = desk.run("bash", "-c", line)
    assert sql.returncode == 0, sql.stderr
    role = "arn:aws:iam::123456789012:role/stock-pipeline-{}"
    assert f"STORAGE_AWS_ROLE_ARN = '{role.format('snowflake-role')}'" in sql.stdout
    assert f"STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/raw/')" in sql.stdout
    assert sql.stdout.count("WORKLOAD_IDENTITY = (TYPE = AWS ARN = ") == 3
    assert role.format("sf-loader-task-role") in sql.stdout
    assert not desk.docker("build")
    desk.set(PRINCIPAL)


def bare_host(desk: Desk) -> host.Host:
    """The host, which sets itself up when Session Manager sends it what deploy.sh asks for."""
    machine = host.bare_host(desk.folder / "host", BUCKET, desk.environment)
    # What the broker's own set-up does, test_setup_kafka.py shows.
    host.command(machine.folder / "bin", "bash", '[ "$1" = ./setup_kafka.sh ] || exec /bin/bash "$@"')

    def set_up(lines: list[str]) -> int:
        assert any("systemctl reload stock-pipeline" in line for line in lines)
        if not (machine.folder / "mounted").exists():
            machine.attach(desk.attribute("aws_ebs_volume", "id"))
        done = machine.run()
        print(done.stdout, done.stderr)
        return done.returncode

    desk.aws.run = set_up
    return machine


def comes_up(desk: Desk) -> host.Host | None:
    machine = bare_host(desk) if desk.deployment == "ec2" else None
    done = desk.deploy("--yes")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "deploy: healthy. Dashboard: " in done.stdout.splitlines()[-1]
    assert len(desk.docker("push")) == 5
    if machine:
        assert "the services are healthy" in machine.log()
        assert (machine.folder / "run/producer.env").read_text().startswith("ALPHA_VANTAGE_API_KEY=")
        roles = machine.folder.glob("identities/*/credentials.json")
        assert {path.parent.name for path in roles} == {"auditor", "dashboard", "s3-sink", "sf-loader"}
    else:
        found = boto3.client("ecs").list_services(cluster="stock-pipeline")["serviceArns"]
        assert {arn.rsplit("/", 1)[-1] for arn in found} >= set(SERVICES)
    return machine


def changes_nothing_again(desk: Desk, machine: host.Host | None) -> None:
    """Nobody says yes this time: Terraform would ask, were there anything to do."""
    desk.aws.recorded()
    if machine:
        machine.calls()
    before = desk.resources()
    done = desk.deploy()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert desk.aws.changes() == []
    assert desk.resources() == before
    assert desk.docker("build") == []
    if machine:
        made = ("dnf", "mkfs", "mount ", "daemon-reload", "agent-ctl", "--force-recreate")
        assert not [call for call in machine.calls() if any(mark in f"{call} " for mark in made)]


def keeps_what_is_protected(desk: Desk) -> None:
    before = desk.state.read_bytes()
    done = desk.deploy("--destroy", text=f"{BUCKET}\n")
    assert done.returncode == 1 and "protected from deletion. Nothing was touched" in done.stderr
    assert desk.aws.changes() == []
    assert desk.state.read_bytes() == before


def leaves_nothing_but_what_it_names(desk: Desk) -> None:
    desk.set("deletion_protection = false")
    desk.aws.run = lambda lines: 0
    boto3.client("s3").put_object(Bucket=BUCKET, Key="raw/one", Body=b"a quote")
    freed = desk.deploy("--yes")
    assert freed.returncode == 0, freed.stdout[-3000:] + freed.stderr
    last = desk.resources()
    done = desk.deploy("--destroy", text=f"{BUCKET}\n")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert desk.resources() == []
    stays = {"AWSServiceRoleForECS", "AWSServiceRoleForecs"}
    assert left() == (stays if desk.deployment == "ecs" else set())
    assert lasting(last) == ({"EFS's backups", "MSK's KMS key"} if desk.deployment == "ecs" else set())
    again = desk.deploy("--destroy")
    assert again.returncode == 1 and "nothing is deployed from here" in again.stderr


def left() -> set[str]:
    """What of the account's is still there, by name."""
    secrets = boto3.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    return {
        *(bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]),
        *(role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]),
        *(found["repositoryName"] for found in boto3.client("ecr").describe_repositories()["repositories"]),
        *(secret["Name"] for secret in secrets),
        *(topic["TopicArn"] for topic in boto3.client("sns").list_topics()["Topics"]),
        *(group["logGroupName"] for group in boto3.client("logs").describe_log_groups()["logGroups"]),
        *(
            found["clusterName"]
            for found in boto3.client("ecs").describe_clusters(clusters=["stock-pipeline"])["clusters"]
            if found["status"] == "ACTIVE"
        ),
    }


def lasting(resources: list[dict[str, Any]]) -> set[str]:
    """What outlives its deletion by its own settings: deploy.md names each, "The end"."""
    found = set()
    for resource in resources:
        for values in (instance["attributes"] for instance in resource["instances"]):
            match resource["type"]:
                case "aws_efs_backup_policy":
                    found.add("EFS's backups")
                case "aws_kms_key":
                    found.add("MSK's KMS key")
                case "aws_ebs_volume" if values["final_snapshot"]:
                    found.add("a snapshot of the data disk")
                case "aws_secretsmanager_secret" if values["recovery_window_in_days"]:
                    found.add(values["name"])
    return found

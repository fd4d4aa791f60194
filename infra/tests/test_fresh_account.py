"""deploy.sh in an account that has nothing yet: it stops where a person has to act, and what it prints works.

Terraform and the AWS CLI are real. Terraform's providers are stand-ins (applying.py says what that leaves
out), AWS is moto, and Docker takes notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import BUCKET, Desk, moto

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with moto() as aws:
        yield Desk(tmp_path, aws)


def test_it_stops_for_the_secrets_and_then_for_snowflake(desk: Desk) -> None:
    stops_for_secrets(desk)
    stops_for_snowflake(desk)


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
    assert kinds and "aws_instance" not in kinds


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

"""A desk: a copy of deploy.sh, with commands on the PATH that only note how they are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

INFRA = Path(__file__).resolve().parents[1]
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
OUTPUTS = {
    "region": "us-east-1",
    "deployment": "ec2",
    "instance_id": "i-1",
    "bucket": "stock-pipeline-0a1b2c3d",
    "snowflake_trusted": "true",
    "snowflake_options": "--loader-arn arn:loader",
    "dashboard": "the page",
    "secrets": ["stock-pipeline/alpha-vantage", "stock-pipeline/snowflake-loader"],
    "repositories": {
        "producer": f"{REGISTRY}/stock-pipeline/producer",
        "s3-sink": f"{REGISTRY}/stock-pipeline/s3-sink",
    },
}
TERRAFORM = """#!/bin/bash
echo "terraform $*" >>"$CALLS"
case "$*" in
  *"output -raw "*) cat "$OUTPUTS/${@: -1}" ;;
  *"output -json "*) cat "$OUTPUTS/${@: -1}" ;;
  *" console "*) echo "\\"us-east-1 stock-pipeline $(cat "$OUTPUTS/deployment") $WANTED\\"" ;;
  *"state show "*"$PROTECTED."*) [ -z "$PROTECTED" ] || echo "$LINE" ;;
esac
"""
AWS = """#!/bin/bash
echo "aws $*" >>"$CALLS"
case "$*" in
  *get-caller-identity*) [ -z "$NO_CREDENTIALS" ] || exit 255 ;;
  *list-secrets*AmazonMSK_*) echo "$DELETED_MSK" ;;
  *list-secrets*) echo "$DELETED" ;;
  *get-role*) [ -n "$ECS_ROLE" ] || exit 254 ;;
  *list-secret-version-ids*) echo "${VERSIONS:-1}" ;;
  *describe-images*) [ -n "$PUSHED" ] || exit 254 ;;
  *describe-instance-information*) echo 1 ;;
  *send-command*) echo command-1 ;;
  *get-command-invocation*) echo "${STATUS:-Success}" ;;
  *get-secret-value*) [ -z "$NO_SECRET" ] || exit 254 ;;&
  *get-secret-value*kafka*) echo '{"username": "u", "password": "p$x"}' ;;
  *get-secret-value*) printf 'KEY\\nLINE\\n' ;;
  *get-login-password*) echo password ;;
esac
"""
DOCKER = """#!/bin/bash
echo "docker $*" >>"$CALLS"
[ "$1" != info ] || [ -z "$NO_DOCKER" ] || exit 1
[ "$1" != login ] || cat >/dev/null
"""


def make_desk(tmp_path: Path) -> dict[str, str]:
    """The environment of a desk whose commands only take notes; the script runs from a copy with settings."""
    (tmp_path / "bin").mkdir()
    for name, text in {"terraform": TERRAFORM, "aws": AWS, "docker": DOCKER}.items():
        path = tmp_path / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / "outputs").mkdir()
    for name, value in OUTPUTS.items():
        (tmp_path / "outputs" / name).write_text(
            value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        )
    (tmp_path / "infra/scripts").mkdir(parents=True)
    shutil.copy(INFRA / "scripts/deploy.sh", tmp_path / "infra/scripts/deploy.sh")
    (tmp_path / "infra/terraform.tfvars").write_text("")
    names = {
        "CALLS": str(tmp_path / "calls"),
        "OUTPUTS": str(tmp_path / "outputs"),
        "HERE": str(tmp_path),
        "DEPLOY_TAG": "4f2a9c1",
    }
    names["WANTED"] = "alpha-vantage snowflake-loader"
    return names | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "DEPLOY_WAIT_SECONDS": "0"}


def run(
    desk: dict[str, str], *arguments: str, text: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    script = Path(desk["HERE"], "infra/scripts/deploy.sh")
    return subprocess.run(
        ["bash", script, *arguments], env=desk | more, input=text, capture_output=True, text=True, timeout=60
    )


def calls(desk: dict[str, str]) -> list[str]:
    path = Path(desk["CALLS"])
    return path.read_text().splitlines() if path.exists() else []


def places(desk: dict[str, str], *marks: str) -> list[int]:
    """Where the first call with each mark stands."""
    made = calls(desk)
    return [next(index for index, call in enumerate(made) if mark in call) for mark in marks]

"""deploy.sh and the host's secrets.sh against commands that note how they are called: order, refusals, a second run, nothing secret in sight."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import INFRA

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
OUTPUTS = {
    "region": "us-east-1",
    "deployment": "ec2",
    "instance_id": "i-1",
    "bucket": "stock-pipeline-0a1b2c3d",
    "snowflake_trusted": "true",
    "dashboard": "the page",
    "secrets": ["stock-pipeline/alpha-vantage", "stock-pipeline/snowflake-loader"],
    "repositories": {"producer": f"{REGISTRY}/stock-pipeline/producer", "s3-sink": f"{REGISTRY}/stock-pipeline/s3-sink"},
}
TERRAFORM = """#!/bin/bash
echo "terraform $*" >>"$CALLS"
case "$*" in
  *"output -raw "*) cat "$OUTPUTS/${@: -1}" ;;
  *"output -json "*) cat "$OUTPUTS/${@: -1}" ;;
esac
"""
AWS = """#!/bin/bash
echo "aws $*" >>"$CALLS"
case "$*" in
  *get-caller-identity*) [ -z "$NO_CREDENTIALS" ] || exit 255 ;;
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


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """The environment of a desk whose commands only take notes; the script runs from a copy with settings."""
    (tmp_path / "bin").mkdir()
    for name, text in {"terraform": TERRAFORM, "aws": AWS, "docker": DOCKER}.items():
        path = tmp_path / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / "outputs").mkdir()
    for name, value in OUTPUTS.items():
        (tmp_path / "outputs" / name).write_text(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
    (tmp_path / "infra/scripts").mkdir(parents=True)
    shutil.copy(INFRA / "scripts/deploy.sh", tmp_path / "infra/scripts/deploy.sh")
    (tmp_path / "infra/terraform.tfvars").write_text("")
    names = {"CALLS": str(tmp_path / "calls"), "OUTPUTS": str(tmp_path / "outputs"), "HERE": str(tmp_path), "DEPLOY_TAG": "4f2a9c1"}
    return names | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "DEPLOY_WAIT_SECONDS": "0"}


def run(desk: dict[str, str], *arguments: str, text: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    script = Path(desk["HERE"], "infra/scripts/deploy.sh")
    return subprocess.run(["bash", script, *arguments], env=desk | more, input=text, capture_output=True, text=True, timeout=60)


def calls(desk: dict[str, str]) -> list[str]:
    path = Path(desk["CALLS"])
    return path.read_text().splitlines() if path.exists() else []


def places(desk: dict[str, str], *marks: str) -> list[int]:
    """Where the first call with each mark stands."""
    made = calls(desk)
    return [next(index for index, call in enumerate(made) if mark in call) for mark in marks]


def test_a_deployment_goes_in_order_and_ends_with_the_address(desk: dict[str, str]) -> None:
    done = run(desk, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "deploy: healthy. Dashboard: the page"
    marks = (
        "-target=module.registry",
        "list-secret-version-ids",
        "docker build",
        "docker push",
        "-auto-approve -var image_tag=4f2a9c1",
        "send-command",
    )
    order = [*places(desk, *marks[:4]), max(i for i, call in enumerate(calls(desk)) if "apply" in call), *places(desk, marks[5])]
    assert order == sorted(order)
    assert sum("docker push" in call for call in calls(desk)) == 2


def test_a_second_run_builds_nothing_again(desk: dict[str, str]) -> None:
    assert run(desk, "--yes", PUSHED="yes").returncode == 0
    assert not any("docker build" in call or "docker push" in call for call in calls(desk))


def test_without_yes_nothing_is_applied_unasked(desk: dict[str, str]) -> None:
    assert run(desk).returncode == 0
    applied = [call for call in calls(desk) if " apply " in call]
    assert len(applied) == 2 and not any("-auto-approve" in call for call in applied)


@pytest.mark.parametrize("tool", ["terraform", "aws", "docker", "git"])
def test_a_missing_tool_is_named_before_anything_is_done(tool: str, desk: dict[str, str]) -> None:
    here = Path(desk["HERE"])
    (here / "some").mkdir()
    for name in ("bash", "dirname", "sed", "tr", "cat", "terraform", "aws", "docker", "git"):
        found = shutil.which(name, path=desk["PATH"])
        if name != tool and found:
            (here / "some" / name).symlink_to(found)
    done = run(desk | {"PATH": str(here / "some")}, "--yes")
    assert done.returncode == 1 and f"{tool} is missing" in done.stderr and not any("apply" in call for call in calls(desk))


def test_a_plan_changes_nothing(desk: dict[str, str]) -> None:
    assert run(desk, "--plan").returncode == 0
    assert not any(word in call for call in calls(desk) for word in ("apply", "docker", "destroy"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"NO_CREDENTIALS": "yes"}, "AWS does not know you", id="no credentials"),
        pytest.param({"NO_DOCKER": "yes"}, "Docker does not answer", id="no Docker"),
        pytest.param(
            {"VERSIONS": "0"}, "put-secret-value --region us-east-1 --secret-id stock-pipeline/alpha-vantage", id="a secret without a value"
        ),
        pytest.param({"STATUS": "Failed"}, "The services did not get healthy", id="not healthy"),
        pytest.param({"STATUS": "InProgress"}, "were not healthy within", id="never healthy"),
    ],
)
def test_what_is_missing_is_said(more: dict[str, str], said: str, desk: dict[str, str]) -> None:
    done = run(desk, "--yes", **more)
    assert done.returncode == 1 and said in done.stderr


def test_snowflake_that_trusts_nobody_is_explained(desk: dict[str, str]) -> None:
    for name, value in {
        "snowflake_trusted": "false",
        "snowflake_role_arn": "arn:role",
        "snowflake_external_id": "id-1",
        "snowflake_allowed_location": "s3://b/raw/",
    }.items():
        Path(desk["OUTPUTS"], name).write_text(value)
    done = run(desk, "--yes")
    assert done.returncode == 1 and "snowflake_principal_arn" in done.stderr
    assert "stock-sf-loader setup --bucket stock-pipeline-0a1b2c3d --role-arn arn:role --external-id id-1" in done.stderr
    assert not any(word in call for call in calls(desk) for word in ("docker build", "docker push"))


def test_destroy_without_an_answer_or_a_deployment_deletes_nothing(desk: dict[str, str]) -> None:
    done = run(desk, "--destroy")
    assert done.returncode == 1 and "not confirmed" in done.stderr
    Path(desk["OUTPUTS"], "bucket").unlink()
    done = run(desk, "--destroy", text="\n")
    assert done.returncode == 1 and "nothing is deployed" in done.stderr
    assert not any(" destroy " in call for call in calls(desk))


@pytest.mark.parametrize(("words", "code", "said"), [(["--help"], 0, "--destroy"), (["--all"], 1, "unknown argument --all")])
def test_the_command_explains_itself(words: list[str], code: int, said: str, desk: dict[str, str]) -> None:
    done = run(desk, *words)
    assert done.returncode == code and said in done.stdout + done.stderr and calls(desk) == []


def test_settings_and_a_clean_tree_come_first(desk: dict[str, str]) -> None:
    here = Path(desk["HERE"])
    (here / "infra/terraform.tfvars").unlink()
    assert "terraform.tfvars is missing" in run(desk, "--yes").stderr
    (here / "infra/terraform.tfvars").write_text("")
    subprocess.run(["git", "init", "--quiet", here], check=True, timeout=30)
    (here / "services").mkdir()
    (here / "services/new.py").write_text("")
    done = run(desk, "--yes", DEPLOY_TAG="")
    assert done.returncode == 1 and "not committed" in done.stderr and not any("apply" in call for call in calls(desk))


@pytest.mark.parametrize(
    ("answer", "code"), [pytest.param("yes\n", 1, id="not the name"), pytest.param("stock-pipeline-0a1b2c3d\n", 0, id="the name")]
)
def test_destroy_wants_the_name(answer: str, code: int, desk: dict[str, str]) -> None:
    assert run(desk, "--destroy", text=answer).returncode == code
    assert any("destroy -input=false" in call for call in calls(desk)) == (code == 0)


def _secrets(desk: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    here = Path(desk["HERE"])
    shutil.copy(INFRA / "modules/host/files/secrets.sh", here / "secrets.sh")
    (here / "host.env").write_text('AWS_REGION=us-east-1\nSERVICES="producer sf-loader dashboard"\n')
    rows = [
        "producer\tvariable\tKAFKA_SASL_PASSWORD\tstock-pipeline/kafka\tpassword",
        "sf-loader\tfile\tsnowflake.p8\tstock-pipeline/snowflake-loader\t-",
    ]
    (here / "secrets.tsv").write_text("\n".join(rows) + "\n")
    owner = f"{os.getuid()}:{os.getgid()}"
    environment = desk | {"SECRETS_DIR": str(here / "run"), "SECRETS_OWNER": owner} | more
    return subprocess.run(["bash", here / "secrets.sh"], env=environment, capture_output=True, text=True, timeout=30)


def test_secrets_become_files_that_only_their_owner_reads(desk: dict[str, str]) -> None:
    for _ in range(2):
        done = _secrets(desk)
        assert done.returncode == 0, done.stderr
        assert "p$x" not in done.stdout + done.stderr
    place = Path(desk["HERE"], "run")
    assert (place / "producer.env").read_text() == "KAFKA_SASL_PASSWORD=p$x\n"
    assert (place / "sf-loader/snowflake.p8").read_text() == "KEY\nLINE\n"
    assert (place / "dashboard.env").read_text() == ""
    assert (place / "sf-loader/snowflake.p8").stat().st_mode & 0o077 == 0
    assert [path.name for path in place.parent.iterdir() if path.name.startswith("run.")] == []


def test_a_missing_secret_is_named(desk: dict[str, str]) -> None:
    done = _secrets(desk, NO_SECRET="yes")
    assert done.returncode == 1 and "stock-pipeline/kafka cannot be read" in done.stderr

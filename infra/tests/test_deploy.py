"""deploy.sh and the host's secrets.sh: order, refusals, a second run, no secret in what they print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import INFRA
from desk import calls, make_desk, places, run


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    return make_desk(tmp_path)


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
    order = [
        *places(desk, *marks[:4]),
        max(i for i, call in enumerate(calls(desk)) if "apply" in call),
        *places(desk, marks[5]),
    ]
    assert order == sorted(order)
    assert sum("docker push" in call for call in calls(desk)) == 2


def test_the_ground_is_laid_and_nothing_is_started(desk: dict[str, str]) -> None:
    done = run(desk, "--ground", "--yes")
    assert done.returncode == 0 and "Nothing was started" in done.stdout, done.stderr
    assert ["-target=module.roles" in call for call in calls(desk) if " apply " in call] == [True]


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
    assert (
        done.returncode == 1
        and f"{tool} is missing" in done.stderr
        and not any("apply" in call for call in calls(desk))
    )


def test_a_plan_changes_nothing(desk: dict[str, str]) -> None:
    assert run(desk, "--plan").returncode == 0
    assert not any(word in call for call in calls(desk) for word in ("apply", "docker", "destroy"))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param({"NO_CREDENTIALS": "yes"}, "AWS does not know you", id="no credentials"),
        pytest.param({"NO_DOCKER": "yes"}, "Docker does not answer", id="no Docker"),
        pytest.param(
            {"VERSIONS": "0"},
            "put-secret-value --region us-east-1 --secret-id stock-pipeline/alpha-vantage",
            id="a secret without a value",
        ),
        pytest.param({"STATUS": "Failed"}, "The services did not get healthy", id="not healthy"),
        pytest.param({"STATUS": "InProgress"}, "were not healthy within", id="never healthy"),
    ],
)
def test_what_is_missing_is_named(more: dict[str, str], sentence: str, desk: dict[str, str]) -> None:
    done = run(desk, "--yes", **more)
    assert done.returncode == 1 and sentence in done.stderr


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
    assert (
        "stock-sf-loader setup --bucket stock-pipeline-0a1b2c3d --role-arn arn:role --external-id id-1"
        in done.stderr
    )
    assert "    --loader-arn arn:loader >account.sql" in done.stderr
    assert not any(word in call for call in calls(desk) for word in ("docker build", "docker push"))


@pytest.mark.parametrize(
    ("address", "line", "what"),
    [
        ("aws_s3_bucket", "    force_destroy = false", "the bucket: protected"),
        ("aws_lb", "    enable_deletion_protection = true", "the load balancer: protected"),
    ],
)
def test_what_is_protected_is_asked_before_anything_is_destroyed(
    address: str, line: str, what: str, desk: dict[str, str]
) -> None:
    done = run(desk, "--destroy", text="stock-pipeline-0a1b2c3d\n", PROTECTED=address, LINE=line)
    assert done.returncode == 1 and what in done.stderr and "Nothing was touched" in done.stderr
    assert not any(" destroy " in call for call in calls(desk))


def test_secrets_that_wait_for_their_deletion_are_taken_back(desk: dict[str, str]) -> None:
    """One of ours, one that the settings do not ask for, and MSK's, which Terraform makes again."""
    deleted = "stock-pipeline/alpha-vantage stock-pipeline/grafana"
    done = run(desk, "--yes", DELETED=deleted, DELETED_MSK="AmazonMSK_stock-pipeline_producer")
    assert done.returncode == 0, done.stderr
    assert [call.rsplit(" ", 1)[1] for call in calls(desk) if "restore-secret" in call] == [
        "stock-pipeline/alpha-vantage",
        "AmazonMSK_stock-pipeline_producer",
    ]
    (imported,) = (call for call in calls(desk) if " import " in call)
    assert 'module.secrets.aws_secretsmanager_secret.this["alpha-vantage"] stock-pipeline/alpha' in imported
    (gone,) = (call for call in calls(desk) if "delete-secret" in call)
    assert "AmazonMSK_stock-pipeline_producer --force-delete-without-recovery" in gone
    order = places(desk, "restore-secret", " import ", "-target=module.secrets")
    assert order == sorted(order)


@pytest.mark.parametrize(("deployment", "there", "made"), [("ecs", "", 1), ("ecs", "yes", 0), ("ec2", "", 0)])
def test_the_role_of_ecs_is_there_before_its_first_cluster(
    deployment: str, there: str, made: int, desk: dict[str, str]
) -> None:
    Path(desk["OUTPUTS"], "deployment").write_text(deployment)
    Path(desk["OUTPUTS"], "cluster").write_text("stock-pipeline")
    Path(desk["OUTPUTS"], "services").write_text('["producer"]')
    assert run(desk, "--yes", ECS_ROLE=there).returncode == 0
    assert sum("create-service-linked-role" in call for call in calls(desk)) == made


def test_the_ground_is_laid_with_the_targets_that_terraform_tests() -> None:
    script = (INFRA / "scripts/deploy.sh").read_text()
    tested = re.findall(r"target = \[(.*)\]", (INFRA / "tests/ground.tftest.hcl").read_text())
    assert len(tested) == 2 and set(tested) == {", ".join(re.findall(r"-target=(\S+)", script))}


@pytest.mark.parametrize("name", ["loader.p8", "infra/auditor.p8", "key.pem", "loader.pub", "account.sql"])
def test_git_ignores_the_keys_that_a_deployment_makes(name: str) -> None:
    command = ["git", "-C", INFRA.parent, "check-ignore", "--quiet", "--no-index", name]
    assert subprocess.run(command, timeout=30).returncode == 0


def test_destroy_without_an_answer_or_a_deployment_deletes_nothing(desk: dict[str, str]) -> None:
    done = run(desk, "--destroy")
    assert done.returncode == 1 and "not confirmed" in done.stderr
    Path(desk["OUTPUTS"], "bucket").unlink()
    done = run(desk, "--destroy", text="\n")
    assert done.returncode == 1 and "nothing is deployed" in done.stderr
    assert not any(" destroy " in call for call in calls(desk))


@pytest.mark.parametrize(
    ("words", "code", "sentence"), [(["--help"], 0, "--destroy"), (["--all"], 1, "unknown argument --all")]
)
def test_the_command_explains_itself(
    words: list[str], code: int, sentence: str, desk: dict[str, str]
) -> None:
    done = run(desk, *words)
    assert done.returncode == code and sentence in done.stdout + done.stderr and calls(desk) == []


def test_settings_and_a_clean_tree_come_first(desk: dict[str, str]) -> None:
    here = Path(desk["HERE"])
    (here / "infra/terraform.tfvars").unlink()
    assert "terraform.tfvars is missing" in run(desk, "--yes").stderr
    (here / "infra/terraform.tfvars").write_text("")
    subprocess.run(["git", "init", "--quiet", here], check=True, timeout=30)
    (here / "services").mkdir()
    (here / "services/new.py").write_text("")
    done = run(desk, "--yes", DEPLOY_TAG="")
    assert (
        done.returncode == 1
        and "not committed" in done.stderr
        and not any("apply" in call for call in calls(desk))
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param("yes\n", 1, id="not the name"),
        pytest.param("stock-pipeline-0a1b2c3d\n", 0, id="the name"),
    ],
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
    return subprocess.run(
        ["bash", here / "secrets.sh"], env=environment, capture_output=True, text=True, timeout=30
    )


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

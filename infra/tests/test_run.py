"""run.sh: the task or the container that it starts, what it prints, and how it ends."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws import calls, make_aws
from conftest import INFRA

TASK = "arn:aws:ecs:us-east-1:123456789012:task/stock-pipeline/0a1b2c"
DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/stock-pipeline-auditor:7"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
TERRAFORM = """#!/bin/bash
cat "$OUTPUTS/${@: -1}" 2>/dev/null
"""


def task(status: str, **code: int | None) -> dict[str, Any]:
    containers = [
        {"name": name} | ({} if number is None else {"exitCode": number}) for name, number in code.items()
    ]
    reason = {"stoppedReason": "Essential container in task exited"} if status == "STOPPED" else {}
    return {"tasks": [{"taskArn": TASK, "lastStatus": status, "containers": containers} | reason]}


def lines(mark: str, *messages: str) -> dict[str, Any]:
    return {"events": [{"message": message} for message in messages], "nextForwardToken": mark}


def on_ecs(end: dict[str, Any]) -> dict[str, list[Any]]:
    """A task that runs for a while, with a log that comes in two pages after it was not there at all."""
    service = {"taskDefinition": DEFINITION, "networkConfiguration": NETWORK}
    return {
        "ecs describe-services": [{"services": [service]}],
        "ecs run-task": [{"tasks": [{"taskArn": TASK}]}],
        "ecs describe-tasks": [task("PENDING"), task("RUNNING"), end],
        "logs get-log-events": [
            None,
            lines("f/1", "first", "second"),
            lines("f/1"),
            lines("f/2", "third"),
            lines("f/2"),
        ],
        "ecs stop-task": [{}],
    }


def run(
    folder: Path, answers: dict[str, list[Any]], *words: str, **outputs: str
) -> subprocess.CompletedProcess[str]:
    (folder / "outputs").mkdir()
    for name, text in ({"region": "us-east-1", "name": "stock-pipeline"} | outputs).items():
        (folder / "outputs" / name).write_text(text)
    (folder / "outputs/services").write_text('["auditor","s3-sink"]')
    (folder / "terraform").write_text(TERRAFORM)
    (folder / "terraform").chmod(0o755)
    environment = make_aws(folder, answers) | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "OUTPUTS": str(folder / "outputs"),
        "RUN_PAUSE_SECONDS": "0",
    }
    return subprocess.run(
        ["bash", INFRA / "scripts/run.sh", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("code", [0, 1, 3])
def test_on_ecs_a_task_like_the_services_runs_it(code: int, tmp_path: Path) -> None:
    answers = on_ecs(task("STOPPED", prepare=0, topics=0, auditor=code))
    words = ("auditor", "accept", "1a2b", "--reason", 'a "b" $c')
    done = run(tmp_path, answers, *words, deployment="ecs", cluster="stock-pipeline")
    assert (done.returncode, done.stdout) == (code, "first\nsecond\nthird\n"), done.stderr
    (started,) = (given for name, given in calls(tmp_path) if name == "ecs run-task")
    command = ["python", "-m", "stock_auditor", *words[1:]]
    assert started["overrides"] == {"containerOverrides": [{"name": "auditor", "command": command}]}
    assert started["taskDefinition"] == DEFINITION and started["networkConfiguration"] == NETWORK
    read = [given for name, given in calls(tmp_path) if name == "logs get-log-events"]
    assert {given["logStreamName"] for given in read} == {"auditor/auditor/0a1b2c"}


def test_on_ecs_a_task_that_does_not_start_is_explained(tmp_path: Path) -> None:
    answers = on_ecs(task("STOPPED", prepare=0, topics=1, auditor=None))
    done = run(tmp_path, answers, "auditor", "audit", deployment="ecs", cluster="stock-pipeline")
    assert done.returncode == 1
    assert "did not start: Essential container in task exited" in done.stderr and "topics 1" in done.stderr


@pytest.mark.parametrize(
    ("status", "code", "ends"), [("Success", 0, 0), ("Failed", 3, 3), ("TimedOut", -1, 1)]
)
def test_on_ec2_a_container_on_the_host_runs_it(status: str, code: int, ends: int, tmp_path: Path) -> None:
    invocation = {
        "Status": status,
        "ResponseCode": code,
        "StandardOutputContent": "all of it\n",
        "StandardErrorContent": "a warning\n",
    }
    answers = {
        "ssm send-command": [{"Command": {"CommandId": "0" * 36}}],
        "ssm get-command-invocation": [None, {"Status": "InProgress"}, invocation],
    }
    words = ("s3-sink", "skip", "--topic", "it's")
    done = run(tmp_path, answers, *words, deployment="ec2", instance_id="i-0123456789abcdef0")
    assert done.returncode == ends, done.stderr
    assert "all of it" in done.stdout and "a warning" in done.stderr
    (sent,) = (given for name, given in calls(tmp_path) if name == "ssm send-command")
    (line,) = sent["Parameters"]["commands"]
    assert shlex.split(line)[-7:] == ["s3-sink", "python", "-m", "stock_s3_sink", *words[1:]]


@pytest.mark.parametrize(
    ("words", "outputs", "sentence"),
    [
        (("auditor", "audit"), {"region": ""}, "nothing is deployed from here"),
        (("sink", "audit"), {"deployment": "ecs"}, 'There are: ["auditor","s3-sink"]'),
        (("auditor", "audit"), {"deployment": "ecs"}, "nothing runs yet"),
        (("auditor", "audit"), {"deployment": "ec2"}, "nothing runs yet"),
    ],
)
def test_what_is_missing_is_named(
    words: tuple[str, ...], outputs: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    done = run(tmp_path, {}, *words, **outputs)
    assert done.returncode == 1 and sentence in done.stderr
    assert not calls(tmp_path)


def test_python_and_paths_run_as_they_are(tmp_path: Path) -> None:
    answers = on_ecs(task("STOPPED", auditor=0))
    command = ("python", "-c", "print(1)")
    done = run(tmp_path, answers, "auditor", *command, deployment="ecs", cluster="stock-pipeline")
    assert done.returncode == 0, done.stderr
    (started,) = (given for name, given in calls(tmp_path) if name == "ecs run-task")
    assert started["overrides"]["containerOverrides"][0]["command"] == list(command)

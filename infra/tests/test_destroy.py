"""deploy.sh --destroy with a real Terraform and the state of what was applied (settle.py)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import INFRA

BUCKET = "stock-pipeline-0a1b2c3d"
OFF = {
    "aws_s3_bucket": {"force_destroy": True},
    "aws_lb": {"enable_deletion_protection": False},
}


def desk(folder: Path, deployment: str, changes: dict[str, dict[str, Any]]) -> Path:
    """A checkout's infra/ with that state on its disk, and an `aws` that knows who asks."""
    work = Path(os.environ["INFRA_PLANS"])
    place = folder / "infra"
    place.mkdir()
    for path in (work / "infra").iterdir():
        if path.name not in {"scripts", "terraform.tfstate"}:
            (place / path.name).symlink_to(path)
    for name in ("monitoring", "services.yaml"):
        (folder / name).symlink_to(INFRA.parent / name)
    shutil.copytree(INFRA / "scripts", place / "scripts")
    shutil.copy(INFRA / f"tests/{deployment}.tfvars", place / "terraform.tfvars")
    state = json.loads((work / f"{deployment}.tfstate").read_text())
    state["outputs"] = {"bucket": {"value": BUCKET, "type": "string"}}
    for resource in state["resources"]:
        for instance in resource["instances"]:
            instance["attributes"] |= changes.get(resource["type"], {})
    (place / "terraform.tfstate").write_text(json.dumps(state))
    (folder / "bin").mkdir()
    (folder / "bin/aws").write_text("#!/bin/bash\necho 123456789012\n")
    (folder / "bin/aws").chmod(0o755)
    return place


def destroy(place: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{place.parent / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", place / "scripts/deploy.sh", "--destroy"],
        env=environment,
        input=f"{BUCKET}\n",
        capture_output=True,
        text=True,
        timeout=110,
    )


@pytest.mark.parametrize(
    ("deployment", "changes", "what"),
    [
        pytest.param("ec2", {}, "the bucket: protected", id="ec2"),
        pytest.param("ecs", {}, "the bucket and the load balancer: protected", id="ecs"),
        pytest.param(
            "ecs",
            {"aws_s3_bucket": OFF["aws_s3_bucket"]},
            "deploy: the load balancer: protected",
            id="the bucket is free",
        ),
    ],
)
def test_a_protected_deployment_is_not_touched(
    deployment: str, changes: dict[str, dict[str, Any]], what: str, tmp_path: Path
) -> None:
    place = desk(tmp_path, deployment, changes)
    before = (place / "terraform.tfstate").read_bytes()
    done = destroy(place)
    assert done.returncode == 1 and what in done.stderr, done.stderr
    assert (place / "terraform.tfstate").read_bytes() == before
    assert "Destroying" not in done.stdout


def test_what_is_not_protected_is_destroyed(tmp_path: Path) -> None:
    """The stand-in providers refuse the last step, so the plan is what shows."""
    done = destroy(desk(tmp_path, "ec2", OFF))
    assert "protected" not in done.stderr
    assert "0 to add, 0 to change, " in done.stdout, done.stdout[-2000:] + done.stderr

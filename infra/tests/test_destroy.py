"""deploy.sh --destroy with a real Terraform and the state of what was applied (settle.py)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from conftest import INFRA

BUCKET = "stock-pipeline-0a1b2c3d"


def desk(folder: Path) -> Path:
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
    shutil.copy(INFRA / "tests/ecs.tfvars", place / "terraform.tfvars")
    state = json.loads((work / "ecs.tfstate").read_text())
    state["outputs"] = {"bucket": {"value": BUCKET, "type": "string"}}
    for resource in state["resources"]:
        for instance in resource["instances"]:
            if resource["type"] == "aws_s3_bucket":
                instance["attributes"]["force_destroy"] = True
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


def test_a_protected_load_balancer_is_enough_to_touch_nothing(tmp_path: Path) -> None:
    """Both are protected in test_whole_deployment.py. Here the bucket would go."""
    place = desk(tmp_path)
    before = (place / "terraform.tfstate").read_bytes()
    done = destroy(place)
    assert done.returncode == 1 and "deploy: the load balancer: protected" in done.stderr, done.stderr
    assert (place / "terraform.tfstate").read_bytes() == before
    assert "Destroying" not in done.stdout

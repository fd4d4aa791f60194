"""A checkout from which a person deploys: settings, deploy.sh, and what is on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloud
from conftest import INFRA

ROOT = INFRA.parent
BUCKET = "stock-pipeline-0a1b2c3d"
TAG = "4f2a9c1d0e5b"
DOCKER = f"""#!/bin/bash
echo "docker $*" >>"$CALLS"
case $1 in
  login) cat >/dev/null ;;
  push) {sys.executable} "$PUSH" "$2" ;;
esac
"""
PUSH = """
import sys, boto3
name, tag = sys.argv[1].split("/", 1)[1].rsplit(":", 1)
kind = "application/vnd.docker.distribution.manifest.v2+json"
manifest = '{"schemaVersion": 2, "mediaType": "%s", "layers": []}' % kind
boto3.client("ecr").put_image(repositoryName=name, imageManifest=manifest, imageTag=tag)
"""


class Desk:
    """A checkout with settings, and what a person has on the PATH."""

    def __init__(self, folder: Path, deployment: str, aws: cloud.Cloud) -> None:
        self.folder, self.deployment, self.aws = folder, deployment, aws
        self.infra = folder / "infra"
        self.infra.mkdir()
        for path in (Path(os.environ["INFRA_PLANS"]) / "infra").iterdir():
            if path.name not in {"scripts", "terraform.tfstate", "terraform.tfvars"}:
                (self.infra / path.name).symlink_to(path)
        for name in ("monitoring", "services.yaml", "libs"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copytree(INFRA / "scripts", self.infra / "scripts")
        self.settings = self.infra / "terraform.tfvars"
        # As a person has them before Snowflake's principal is known.
        given = (INFRA / f"tests/{deployment}.tfvars").read_text().splitlines(keepends=True)
        self.settings.write_text("".join(x for x in given if not x.startswith("snowflake_principal_arn")))
        self.state = self.infra / "terraform.tfstate"
        (folder / "push.py").write_text(PUSH)
        applying = f'exec {sys.executable} {INFRA}/tests/applying.py "$@"'
        (folder / "bin").mkdir()
        for name, text in {"docker": DOCKER, "terraform": f"#!/bin/bash\n{applying}\n"}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        self.environment = (
            os.environ
            | aws.environment
            | {
                "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "TERRAFORM": str(shutil.which("terraform")),
                "CALLS": str(folder / "calls"),
                "PUSH": str(folder / "push.py"),
                "DEPLOY_TAG": TAG,
                "DEPLOY_WAIT_SECONDS": "600",
            }
        )

    def set(self, line: str) -> None:
        self.settings.write_text(f"{self.settings.read_text()}{line}\n")

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environment, input=text, capture_output=True, text=True, timeout=900, cwd=ROOT
        )

    def deploy(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("bash", str(self.infra / "scripts/deploy.sh"), *words, text=text)

    def docker(self, mark: str) -> list[str]:
        """What Docker was asked since the last look."""
        path = self.folder / "calls"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [call for call in found if call.startswith(f"docker {mark}")]

    def attribute(self, kind: str, name: str) -> str:
        (found,) = (one for one in self.resources() if one["type"] == kind)
        return found["instances"][0]["attributes"][name]

    def resources(self) -> list[dict[str, Any]]:
        return [one for one in json.loads(self.state.read_text())["resources"] if one["mode"] == "managed"]

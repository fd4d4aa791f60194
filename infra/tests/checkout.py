"""A checkout from which a person deploys: settings, deploy.sh, and what is on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import INFRA
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

ROOT = INFRA.parent
BUCKET = "stock-pipeline-0a1b2c3d"
TAG = "4f2a9c1d0e5b"
DOCKER = """#!/bin/bash
echo "docker $*" >>"$CALLS"
"""


@contextmanager
def moto() -> Iterator[dict[str, str]]:
    """An empty account: where the AWS CLI and boto3 find it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    moto_api_backend.reset()
    _host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    finally:
        server.stop()


class Desk:
    """A checkout with the settings of a host, and what a person has on the PATH."""

    def __init__(self, folder: Path, aws: dict[str, str]) -> None:
        self.folder = folder
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
        given = (INFRA / "tests/ec2.tfvars").read_text().splitlines(keepends=True)
        self.settings.write_text("".join(x for x in given if not x.startswith("snowflake_principal_arn")))
        self.state = self.infra / "terraform.tfstate"
        applying = f'exec {sys.executable} {INFRA}/tests/applying.py "$@"'
        (folder / "bin").mkdir()
        for name, text in {"docker": DOCKER, "terraform": f"#!/bin/bash\n{applying}\n"}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        self.environment = (
            os.environ
            | aws
            | {
                "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "TERRAFORM": str(shutil.which("terraform")),
                "CALLS": str(folder / "calls"),
                "DEPLOY_TAG": TAG,
            }
        )

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

    def resources(self) -> list[dict[str, Any]]:
        return [one for one in json.loads(self.state.read_text())["resources"] if one["mode"] == "managed"]

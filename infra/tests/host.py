"""A folder that stands for the host: the scripts as the bucket has them, and commands that only take notes.

The commands keep what they change in files, so that a second run finds what the first one left.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

FILES = Path(__file__).resolve().parents[1] / "modules/host/files"
DEVICE = "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0a1b"
HOST_ENV = """\
NAME=stock-pipeline
AWS_REGION=us-east-1
BUCKET=stocks
REGISTRY=registry.example.com
DATA_VOLUME=vol-0a1b
SERVICES="producer s3-sink"
OWN_KAFKA=yes
"""
TAKES_A_NOTE = '#!/bin/bash\necho "${0##*/} $*" >>"$R/calls"\n[ "$FAIL" != "${0##*/}" ] || exit 1\n'
COMMANDS = {
    "rpm": 'shift 2; for name; do grep -qxs "$name" "$R/installed" || exit 1; done',
    "dnf": 'shift 3; printf "%s\\n" "$@" >"$R/installed"',
    "blkid": 'grep -qs xfs "$1"',
    "mkfs.xfs": 'echo xfs >"${!#}"; stat -c %s "${!#}" >"$R/file-system"',
    "mountpoint": '[ -e "$R/mounted" ]',
    "mount": 'touch "$R/mounted"',
    "xfs_growfs": 'stat -c %s "$R"/dev/disk/by-id/* >"$R/file-system"',
    "systemctl": 'case $1 in is-active) [ -e "$R/active-${!#}" ] ;; esac',
    "iptables": '[ "$2" != --check ] || [ -e "$R/closed" ] || exit 1; touch "$R/closed"',
    "docker": 'case "$*" in login*) cat >/dev/null ;; *" ps "*) cat "$R/states" ;; esac',
    "amazon-cloudwatch-agent-ctl": 'touch "$R/active-amazon-cloudwatch-agent"',
}
AWS = (
    'case "$*" in *" cp "*) cp "$R/bucket/$(basename "$4")" "$5" ;; '
    '*get-secret-value*) cat "$R/secret" ;; *login-password*) echo password ;; '
    '*assume-role*"${REFUSED:-nobody}"*) exit 254 ;; *assume-role*) cat "$R/role" ;; esac'
)


class Host(NamedTuple):
    """`variables` are those of its shell, besides the PATH."""

    folder: Path
    variables: Mapping[str, str] = {}

    @property
    def set_up(self) -> Path:
        return self.folder / "opt/stock-pipeline"

    def run(self, script: str = "begin.sh", **more: str) -> subprocess.CompletedProcess[str]:
        """One boot or deploy, or heal.sh."""
        owner = f"{os.getuid()}:{os.getgid()}"
        environment = {
            "PATH": f"{self.folder / 'bin'}:{self.variables.get('PATH', os.environ['PATH'])}",
            "R": str(self.folder),
            "HOST_ROOT": str(self.folder),
            "HOST_OWNER": owner,
            "HOST_TRIES": "1",
            "SECRETS_DIR": str(self.folder / "run"),
            "SECRETS_OWNER": owner,
            "IDENTITIES_DIR": str(self.folder / "identities"),
            "IDENTITIES_OWNER": owner,
        }
        return subprocess.run(
            ["bash", self.set_up / script],
            env={**self.variables, **environment, **more},
            capture_output=True,
            text=True,
            timeout=600,
        )

    def calls(self, mark: str = "") -> list[str]:
        """What was called since the last look."""
        path = self.folder / "calls"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [call for call in found if mark in call]

    def take_role(self, key: str, seconds: float) -> None:
        """What STS answers from now on: a key that ends so many seconds from now."""
        ends = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        answer = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t"}
        (self.folder / "role").write_text(json.dumps(answer | {"Expiration": ends}))

    def attach(self, volume: str) -> None:
        """The disk of this id, empty."""
        (self.folder / DEVICE).with_name(
            f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '', 1)}"
        ).write_bytes(bytes(100))

    def put(self, name: str, text: str) -> None:
        """A file in the bucket, as a later deploy would have it."""
        (self.folder / "bucket" / name).write_text(text)

    def log(self) -> str:
        return (self.folder / "var/log/stock-pipeline/host.log").read_text()


def bare_host(folder: Path, bucket: str, variables: Mapping[str, str] = {}) -> Host:
    """A host after its first boot's user_data. Its AWS CLI is the one on the PATH."""
    for place in ("bin", "opt/stock-pipeline", Path(DEVICE).parent):
        (folder / place).mkdir(parents=True)
    agent = folder / "opt/aws/amazon-cloudwatch-agent/bin"
    agent.mkdir(parents=True)
    for name, text in COMMANDS.items():
        command(agent if "agent" in name else folder / "bin", name, text)
    host = Host(folder, variables)
    shutil.copy(FILES / "begin.sh", host.set_up / "begin.sh")
    (host.set_up / "bucket.env").write_text(f"BUCKET={bucket}\nAWS_REGION=us-east-1\n")
    return host


def command(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"{TAKES_A_NOTE}{text}\n")
    path.chmod(0o755)


def make_host(folder: Path) -> Host:
    """A host with its disk attached, and a bucket and secrets that are files."""
    host = bare_host(folder, "stocks")
    command(folder / "bin", "aws", AWS)
    (folder / "bucket").mkdir()
    for path in FILES.iterdir():
        shutil.copy(path, folder / "bucket" / path.name)
    host.put("host.env", HOST_ENV)
    host.put("compose.yaml", "services: {}\n")
    host.put("cloudwatch.json", "{}\n")
    host.put("secrets.tsv", "producer\tvariable\tALPHA_VANTAGE_API_KEY\tstock-pipeline/alpha-vantage\t-\n")
    host.put("identities.tsv", "auditor\tarn:role/auditor\ns3-sink\tarn:role/s3-sink\n")
    host.put("setup_kafka.sh", 'echo "kafka $KAFKA_DATA uid $KAFKA_UID" >>"$R/calls"\n')
    host.put("files", "\n".join(sorted(path.name for path in (folder / "bucket").iterdir())) + "\n")
    (folder / "secret").write_text("key-1\n")
    host.take_role("A1", 3_600)
    (folder / DEVICE).write_bytes(bytes(100))
    return host

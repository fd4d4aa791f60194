"""A folder that stands for the host: the scripts as the bucket has them, and commands that only take notes.

The commands keep what they change in files, so that a second run finds what the first one left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
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
    "xfs_growfs": f'stat -c %s "$R/{DEVICE}" >"$R/file-system"',
    "systemctl": 'case $1 in is-active) [ -e "$R/active-${!#}" ] ;; esac',
    "iptables": '[ "$2" != --check ] || [ -e "$R/closed" ] || exit 1; touch "$R/closed"',
    "docker": 'case "$*" in login*) cat >/dev/null ;; *" ps "*) cat "$R/states" ;; esac',
    "aws": 'case "$*" in *" cp "*) cp "$R/bucket/$(basename "$4")" "$5" ;; '
    '*get-secret-value*) cat "$R/secret" ;; *login-password*) echo password ;; esac',
    "amazon-cloudwatch-agent-ctl": 'touch "$R/active-amazon-cloudwatch-agent"',
}


class Host(NamedTuple):
    folder: Path

    @property
    def set_up(self) -> Path:
        return self.folder / "opt/stock-pipeline"

    def run(self, script: str = "begin.sh", **more: str) -> subprocess.CompletedProcess[str]:
        """One boot or deploy, or heal.sh."""
        owner = f"{os.getuid()}:{os.getgid()}"
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "R": str(self.folder),
            "HOST_ROOT": str(self.folder),
            "HOST_OWNER": owner,
            "HOST_TRIES": "1",
            "SECRETS_DIR": str(self.folder / "run"),
            "SECRETS_OWNER": owner,
        }
        return subprocess.run(
            ["bash", self.set_up / script],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self, mark: str = "") -> list[str]:
        """What was called since the last look."""
        path = self.folder / "calls"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [call for call in found if mark in call]

    def put(self, name: str, text: str) -> None:
        """A file in the bucket, as a later deploy would have it."""
        (self.folder / "bucket" / name).write_text(text)

    def log(self) -> str:
        return (self.folder / "var/log/stock-pipeline/host.log").read_text()


def make_host(folder: Path) -> Host:
    """A host after its first boot's user_data, with its disk attached and its secrets in place."""
    for place in ("bin", "bucket", "opt/stock-pipeline", Path(DEVICE).parent):
        (folder / place).mkdir(parents=True)
    agent = folder / "opt/aws/amazon-cloudwatch-agent/bin"
    agent.mkdir(parents=True)
    for name, text in COMMANDS.items():
        path = (agent if "agent" in name else folder / "bin") / name
        path.write_text(f"{TAKES_A_NOTE}{text}\n")
        path.chmod(0o755)
    for path in FILES.iterdir():
        shutil.copy(path, folder / "bucket" / path.name)
    host = Host(folder)
    host.put("host.env", HOST_ENV)
    host.put("compose.yaml", "services: {}\n")
    host.put("cloudwatch.json", "{}\n")
    host.put("secrets.tsv", "producer\tvariable\tALPHA_VANTAGE_API_KEY\tstock-pipeline/alpha-vantage\t-\n")
    host.put("setup_kafka.sh", 'echo "kafka $KAFKA_DATA uid $KAFKA_UID" >>"$R/calls"\n')
    host.put("files", "\n".join(sorted(path.name for path in (folder / "bucket").iterdir())) + "\n")
    (folder / "secret").write_text("key-1\n")
    (folder / DEVICE).write_bytes(bytes(100))
    shutil.copy(FILES / "begin.sh", host.set_up / "begin.sh")
    (host.set_up / "bucket.env").write_text("BUCKET=stocks\nAWS_REGION=us-east-1\n")
    return host

"""What is pinned, next to the newest there is: `make outdated`, or `python3 tests/outdated.py [NAME...]`.

Python packages are looked up by pip, at the index that it is configured for. Of packages only those that a
pyproject.toml names, the others follow from them (`make lock UPGRADE=1`). Images are looked up by skopeo.
It names what it does not reach. The exit code is 0 whatever is found: to be old is no fault by itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60
NOT_REACHED = "not reached"
BY_HAND = """\
By hand: Kafka in infra/scripts/setup_kafka.sh (with its checksum) and local/stack/pom.xml,
Terraform's providers in infra/versions.tf."""
_PINNED = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^ \\;]+)", re.MULTILINE)
_NAME = re.compile(r"[\w.-]+")
_IMAGE = re.compile(r"^(?:FROM|\s+image:) ([\w./-]+):([\w.-]+)", re.MULTILINE)


class Pin(NamedTuple):
    kind: str
    name: str
    version: str


def normal(name: str) -> str:
    """The name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(folders: Iterable[Path]) -> set[Pin]:
    """The direct requirements of the folders with the versions that their locks pin."""
    found: set[Pin] = set()
    for folder in folders:
        project = tomllib.loads((folder / "pyproject.toml").read_text())
        words = [
            *project["project"].get("dependencies", []),
            *project.get("dependency-groups", {}).get("test", []),
        ]
        wanted = {normal(name[0]) for word in words if isinstance(word, str) and (name := _NAME.match(word))}
        for lock in folder.glob("requirements*.txt"):
            pins = ((normal(name), version) for name, version in _PINNED.findall(lock.read_text()))
            found |= {Pin("package", name, version) for name, version in pins if name in wanted}
    return found


def images(files: Iterable[Path]) -> set[Pin]:
    """The images of others that the files name, with their tags."""
    texts = (file.read_text() for file in files)
    return {
        Pin("image", name, tag)
        for text in texts
        for name, tag in _IMAGE.findall(text)
        if not name.startswith("stock-")
    }


def newest_of(tag: str, tags: Iterable[str]) -> str:
    """The newest of the tags that are written as this one is, such as v1.2.3 or 1.2.3-slim."""
    shape = re.compile(r"(\d+)".join(re.escape(part) for part in re.split(r"\d+", tag)))
    alike = {
        other: [int(number) for number in found.groups()]
        for other in tags
        if (found := shape.fullmatch(other))
    }
    return max(alike, key=alike.__getitem__, default=tag)


def output(*command: str) -> str | None:
    """What the command prints. None where it is missing, fails, or does not end in time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def newest(pin: Pin) -> str:
    """The newest version of what is pinned, or that it was not reached."""
    if pin.kind == "image":
        answer = output("skopeo", "list-tags", f"docker://{pin.name}")
        return NOT_REACHED if answer is None else newest_of(pin.version, re.findall(r'"([\w.-]+)"', answer))
    answer = output(sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check", pin.name)
    found = re.match(rf"{re.escape(pin.name)} \(([^)]+)\)", answer or "", re.IGNORECASE)
    return found[1] if found else NOT_REACHED


def pins() -> list[Pin]:
    folders = [
        path.parent
        for kind in ("libs", "services", "local")
        for path in ROOT.glob(f"{kind}/*/pyproject.toml")
    ]
    files = [ROOT / "compose.yaml", *ROOT.glob("services/*/Dockerfile"), *ROOT.glob("local/*/Dockerfile")]
    return sorted(packages(folders) | images(files))


def main(names: list[str]) -> int:
    chosen = [pin for pin in pins() if not names or pin.name in names]
    width = max((len(pin.name) for pin in chosen), default=0)
    for pin in chosen:
        latest = newest(pin)
        mark = "" if latest in (pin.version, NOT_REACHED) else "  <"
        print(f"{pin.kind:<8} {pin.name:<{width}}  {pin.version:<22} {latest}{mark}", flush=True)
    print(BY_HAND)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

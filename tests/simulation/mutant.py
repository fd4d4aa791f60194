"""A one-line break of the product, and a copy of the product that has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from .schedule import numbers

ROOT = Path(__file__).resolve().parents[2]
FOUND = re.compile(r"schedule (\d+) breaks the guarantee: (.*)")


SINKS = ("services/s3-sink", "libs/kafka", "libs/objects", "libs/common")


class Mutant(NamedTuple):
    """`old` is in the file at `path` once, and `new` stands there in the mutant.

    survives: why the simulator cannot find it, empty where it must.
    """

    name: str
    path: str
    old: str
    new: str
    survives: str = ""

    @property
    def world(self) -> str:
        """The smallest one that has the code."""
        return "sinks" if self.path.startswith(SINKS) else "pipeline"

    def applied(self) -> str:
        """The mutant's text of the file. Raises ValueError where the product has no such line, or several."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.path} has the line {text.count(self.old)} times")
        return text.replace(self.old, self.new)


class Killed(NamedTuple):
    """How many schedules it took, and what was broken. 0: none of them broke anything."""

    schedules: int
    text: str


def kill(mutant: Mutant, schedules: int, seed: int = 1) -> Killed:
    """Searches the mutant for a schedule that breaks the guarantee, in a process of its own."""
    package = Path(mutant.path).parts[2]
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT.joinpath(*Path(mutant.path).parts[:3])
        shutil.copytree(source, Path(folder) / package, ignore=shutil.ignore_patterns("__pycache__"))
        changed = Path(folder).joinpath(*Path(mutant.path).parts[2:])
        changed.write_text(mutant.applied(), encoding="utf-8")
        command = [sys.executable, "-B", "-m", "tests.simulation", "--first", "--world", mutant.world]
        done = subprocess.run(
            [*command, "--schedules", str(schedules), "--seed", str(seed)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": folder},
            capture_output=True,
            text=True,
        )
    if found := FOUND.search(done.stdout):
        tried = list(numbers(seed, schedules, mutant.world)).index(int(found[1])) + 1
        return Killed(tried, found[2])
    if done.returncode:
        raise RuntimeError(f"{mutant.name}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return Killed(0, "")

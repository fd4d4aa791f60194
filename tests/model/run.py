"""Searches the model of the guarantee: every order of steps, and each rule taken away.

    python3 tests/model/run.py            everything, some minutes
    python3 tests/model/run.py --quick    a smaller world and the broken rules, under a minute

Needs spin and a C compiler (Debian: apt-get install spin gcc). Exit code 1 when the model fails, or when a
broken rule is not found.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MODEL = Path(__file__).with_name("pipeline.pml")
MEMORY_MB = 12_000
DEPTH = 1_000_000


class World(NamedTuple):
    """What is searched. `defines`: names in pipeline.pml and their values."""

    name: str
    defines: dict[str, int]


TWO = {"N": 2, "LATE": 1, "STEALS": 1}
WHOLE = (World("two offsets: a death, a zombie, damage, a lost answer", TWO),)
QUICK = (World("two offsets: a zombie", TWO | {"KILLS": 0, "DAMAGES": 0, "LOST_ANSWERS": 0}),)
STILL = {"KILLS": 0, "STEALS": 0, "DAMAGES": 0, "LOST_ANSWERS": 0}
BROKEN = (
    World("C3: a put without its condition", {"BREAK": 1}),
    World("C4: the committed offset decides", {"BREAK": 2}),
    World("L1: the ledger is read before the lease", {"BREAK": 3}),
    World("L6: an unknown COMMIT is repeated", {"BREAK": 4}),
    World("A1: S3 is read before the ledger", {"BREAK": 5} | STILL),
    World("L2, L3: a COMMIT without the lease", {"BREAK": 6}),
)


class Found(NamedTuple):
    """errors: 0 where nothing violates the model's assertions. `assertion`: the first that fails."""

    states: float
    errors: int
    assertion: str
    complete: bool


def search(world: World, seconds: float) -> Found:
    """Runs the search. Raises CalledProcessError where spin or the compiler fails.

    Each state is kept as a hash of 64 bits and its checksum, so two states could be taken for one.
    """
    with tempfile.TemporaryDirectory() as folder:
        defines = [f"-D{name}={value}" for name, value in world.defines.items()]
        subprocess.run(["spin", *defines, "-a", MODEL], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        flags = ["-O2", "-w", "-DSAFETY", "-DHC4", f"-DMEMLIM={MEMORY_MB}"]
        subprocess.run(["cc", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True)
        command = ["timeout", str(int(seconds)), "./pan", f"-m{DEPTH}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return parsed(done.stdout)


def parsed(text: str) -> Found:
    """What pan's output says. Without its closing figures the search was cut off."""
    states = re.findall(r"([\d.e+]+) states, stored", text) or re.findall(r"States= *([\d.e+]+)", text)
    errors = re.search(r"errors: (\d+)", text)
    assertion = re.search(r"assertion violated (.*?) \(at depth", text)
    return Found(
        float(states[-1]) if states else 0.0,
        int(errors[1]) if errors else 0,
        assertion[1] if assertion else "",
        errors is not None,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smaller world")
    parser.add_argument("--seconds", type=float, default=1_500, help="how long one search may take")
    chosen = parser.parse_args(arguments)
    failed = False
    for world in QUICK if chosen.quick else WHOLE:
        found = search(world, chosen.seconds)
        good = found.complete and not found.errors
        failed |= not good
        result = "no violation" if good else found.assertion or "not finished"
        print(f"{world.name}: {found.states:,.0f} states, {result}", flush=True)
    for world in BROKEN:
        found = search(world, chosen.seconds)
        failed |= not found.errors
        result = f"found: {found.assertion}" if found.errors else "NOT FOUND"
        print(f"{world.name}: {result}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

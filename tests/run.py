"""Runs suites, each in its folder's own environment, and ends with their sum: `N passed, N failed`.

Usage: python3 tests/run.py [lint] FOLDER... Exit code 1 when anything failed. Needs nothing but Python.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / ".build" / "reports"
ENVIRONMENTS = {"tests/integration": "local/stack", "tests/chaos": "local/stack"}
"""A suite whose environment is another folder's."""
ALONE = ("tests/integration", "tests/chaos")
"""Suites that want both cores of a small machine."""


class Sum(NamedTuple):
    passed: int
    failed: int
    skipped: int = 0


class Ended(NamedTuple):
    name: str
    sum: Sum
    seconds: float
    output: str


def run(name: str, capture: bool) -> Ended:
    """One suite, or `lint` as one test. A pytest run that ends without a report, or without a test, counts as one failure."""
    begun = time.monotonic()
    report = REPORTS / f"{name.replace('/', '-')}.xml"
    report.unlink(missing_ok=True)
    command = ["make", "--no-print-directory", "lint"] if name == "lint" else pytest(name, report)
    pipe = subprocess.PIPE if capture else None
    done = subprocess.run(command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT if capture else None, text=True)
    total = Sum(int(not done.returncode), int(bool(done.returncode))) if name == "lint" else read(report, done.returncode)
    return Ended(name, total, time.monotonic() - begun, done.stdout or "")


def pytest(folder: str, report: Path) -> list[str]:
    tests = folder if folder.startswith("tests/") else f"{folder}/tests"
    python = ROOT / ENVIRONMENTS.get(folder, folder) / ".venv/bin/python"
    return [str(python), "-m", "pytest", "-q", f"--junitxml={report}", tests]


def read(report: Path, code: int) -> Sum:
    """The counts of a pytest run's report."""
    if not report.exists():
        return Sum(0, 1)
    counts = next(ElementTree.parse(report).iter("testsuite")).attrib
    failed, skipped = int(counts["failures"]) + int(counts["errors"]), int(counts["skipped"])
    return Sum(int(counts["tests"]) - failed - skipped, failed if failed or not code else 1, skipped)


def ended(names: list[str]) -> Iterator[Ended]:
    """Runs the suites; two at a time but those of ALONE, which come last and are seen as they run."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for part in pool.map(lambda name: run(name, capture=True), [name for name in names if name not in ALONE]):
            print(f"== {part.name}\n{part.output}", end="", flush=True)
            yield part
    for name in names:
        if name in ALONE:
            print(f"== {name}", flush=True)
            yield run(name, capture=False)


def main(names: list[str]) -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    parts = []
    for part in ended(names):
        print(f"== {part.name}: {part.seconds:.0f} s\n", flush=True)
        parts.append(part)
    bad = [part.name for part in parts if part.sum.failed]
    if bad:
        print(f"Failed: {', '.join(bad)}")
    total = Sum(*(sum(column) for column in zip(*(part.sum for part in parts), strict=True)))
    print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

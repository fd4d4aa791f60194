"""Runs suites one after the other, each in its folder's own environment, and ends with their sum: `N passed, N failed`.

Usage: python3 tests/run.py [lint] FOLDER... Exit code 1 when anything failed. Needs nothing but Python.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / ".build" / "reports"
ENVIRONMENTS = {"tests/integration": "local/stack"}
"""A suite whose environment is another folder's."""


class Sum(NamedTuple):
    passed: int
    failed: int
    skipped: int = 0


def lint() -> Sum:
    code = subprocess.run(["make", "--no-print-directory", "lint"], cwd=ROOT).returncode
    return Sum(0, 1) if code else Sum(1, 0)


def suite(folder: str) -> Sum:
    """One pytest run. A run that ends without a report, or without a test, counts as one failure."""
    tests = folder if folder.startswith("tests/") else f"{folder}/tests"
    python = ROOT / ENVIRONMENTS.get(folder, folder) / ".venv/bin/python"
    report = REPORTS / f"{folder.replace('/', '-')}.xml"
    report.unlink(missing_ok=True)
    code = subprocess.run([python, "-m", "pytest", "-q", f"--junitxml={report}", tests], cwd=ROOT).returncode
    if not report.exists():
        return Sum(0, 1)
    counts = next(ElementTree.parse(report).iter("testsuite")).attrib
    failed, skipped = int(counts["failures"]) + int(counts["errors"]), int(counts["skipped"])
    passed = int(counts["tests"]) - failed - skipped
    return Sum(passed, failed if failed or not code else 1, skipped)


def main(names: list[str]) -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    sums: dict[str, Sum] = {}
    for name in names:
        print(f"== {name}", flush=True)
        begun = time.monotonic()
        sums[name] = lint() if name == "lint" else suite(name)
        print(f"== {name}: {time.monotonic() - begun:.0f} s\n", flush=True)
    bad = [name for name, part in sums.items() if part.failed]
    if bad:
        print(f"Failed: {', '.join(bad)}")
    total = Sum(*(sum(column) for column in zip(*sums.values(), strict=True)))
    print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

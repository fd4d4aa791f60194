"""A short simulated year: no call over a limit or on a closed day, the budget used, ages as previewed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_some_weeks_of_the_year() -> None:
    arguments = ("--plans", "free,75,150", "--symbols", "1,100", "--days", "12", "--full", "0", "--edge", "1")
    command = (sys.executable, "-m", "benchmarks.bench_producer_year", *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()[4:]
    assert len(lines) == 6
    assert [line for line in lines if "|     ok |" not in line] == []

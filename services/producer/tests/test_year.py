"""A short simulated year by the benchmark: no call over a limit or on a closed day, the budget used, ages as told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "bench_producer_year.py"


def test_some_weeks_of_the_year() -> None:
    arguments = ("--plans", "free,75,150", "--symbols", "1,100", "--days", "12", "--full", "0", "--edge", "1")
    told = subprocess.run((sys.executable, str(SCRIPT), *arguments), capture_output=True, text=True, timeout=100, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    lines = told.stdout.splitlines()[4:]
    assert len(lines) == 6
    assert [line for line in lines if "|     ok |" not in line] == []

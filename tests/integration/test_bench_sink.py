"""The sink's benchmark works from end to end at a tiny size: one sink, then two at once. Nothing is timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TINY = ("--records", "12000", "--rounds", "1", "--scale", "2", "--only", "sink")


@pytest.mark.timeout(150)
def test_the_sinks_benchmark_drains_and_checks_a_small_backlog() -> None:
    command = [sys.executable, "-m", "benchmarks.bench_sink", *TINY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| our sink " in done.stdout
    assert "| 2 sinks " in done.stdout
    assert "met: peak memory" in done.stdout

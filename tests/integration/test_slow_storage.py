"""The sink against an S3 that takes 1 MB/s: it pauses instead of growing, stays in its group, keeps its order, and keeps S3 busy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from backlog import backlog
from bench_slow_storage import RATE, run

RECORDS = 200_000
SMALL = {"BUFFER_BYTES": "8388608", "FLUSH_BYTES": "4194304"}
"""A tenth of the full size, in records and in buffers."""
PEAK_MB = 300


@pytest.mark.timeout(180)
def test_a_slow_storage_pauses_the_sink_and_breaks_nothing() -> None:
    with backlog(RECORDS) as held:
        outcome = run(held, RECORDS, RATE, SMALL)
    assert not outcome.faults(PEAK_MB), outcome

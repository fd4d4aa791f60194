"""An S3 that takes half a megabyte a second: the sink pauses instead of growing, stays in its group, keeps order and keeps S3 busy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from backlog import backlog
from bench_slow_storage import run

RECORDS, RATE = 200_000, 500_000
SMALL = {"BUFFER_BYTES": "16777216", "FLUSH_BYTES": "4194304", "FLUSH_SECONDS": "1"}
"""Buffers of a few seconds of that S3, as at the full size."""
PEAK_MB, BUSY_SHARE = 300, 0.6
"""The start and the last flush weigh ten times as much as at the full size."""


@pytest.mark.timeout(180)
def test_a_slow_storage_pauses_the_sink_and_breaks_nothing() -> None:
    with backlog(RECORDS) as held:
        outcome = run(held, RECORDS, RATE, SMALL)
    assert not outcome.faults(PEAK_MB, BUSY_SHARE), outcome

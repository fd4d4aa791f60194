"""A slow S3: the sink pauses instead of growing, stays in its group, keeps order and keeps S3 busy.

By default S3 takes half a megabyte a second. The long run, of about two minutes a run, prints its figures:

    STOCK_TEST_SLOW_RUNS=5 local/stack/.venv/bin/python -m pytest -s tests/integration/test_slow_storage.py
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

import pytest
import slow_storage

from benchmarks.backlog import backlog
from benchmarks.report import machine


class Size(NamedTuple):
    """Records, S3's bytes a second, the sink's settings, limits of memory and of the share of S3's rate."""

    records: int
    rate: int
    environment: Mapping[str, str]
    peak_mb: float
    busy_share: float


SMALL = Size(
    200_000,
    500_000,
    # Buffers of a few seconds of that S3, as at the full size.
    {"BUFFER_BYTES": "16777216", "FLUSH_BYTES": "4194304", "FLUSH_SECONDS": "1"},
    # 153 idle, about 10 for each of 4 encoding threads, 21 for 16.8 of JSON held. The rest is the prefetch of
    # 16.8 and what malloc keeps. Runs measured 269 to 279, one in CI 311. Unbounded buffers make it 375.
    340,
    # The start and the last flush weigh ten times as much as at the full size.
    0.6,
)
FULL = Size(2_000_000, 1_000_000, {}, 500, 0.9)
FULL_RUNS = int(os.environ.get("STOCK_TEST_SLOW_RUNS", "0"))
SIZE, RUNS = (FULL, FULL_RUNS) if FULL_RUNS else (SMALL, 1)


@pytest.mark.timeout(180 * RUNS + 180)
def test_a_slow_storage_pauses_the_sink_and_breaks_nothing() -> None:
    with backlog(SIZE.records) as held:
        done = [slow_storage.run(held, SIZE.records, SIZE.rate, SIZE.environment) for _ in range(RUNS)]
    what = f"{SIZE.records:,} quotes, S3 at {SIZE.rate / 1e6:g} MB/s"
    print(f"\n{machine()}, {what}, min / median / max of {RUNS}\n\n{slow_storage.report(done)}")
    faults = [text for one in done for text in one.faults(SIZE.peak_mb, SIZE.busy_share)]
    assert not faults, done

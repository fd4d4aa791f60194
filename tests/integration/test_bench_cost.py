"""The cost benchmark at a tiny size: it counts what goes through its proxies. Nothing is timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import bench_cost, meters
from benchmarks.bench_cost import Cadence, awake
from stock_testing.proxy import Request


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        pytest.param([], 0, id="never asked"),
        pytest.param([0], 60, id="asked once"),
        pytest.param([0, 30, 50], 110, id="kept awake"),
        pytest.param([0, 100], 120, id="woken twice"),
        pytest.param([280], 20, id="to the end"),
    ],
)
def test_a_warehouse_is_awake_until_it_suspends_itself(times: list[float], seconds: float) -> None:
    assert awake(times, 0, 300) == seconds


def test_a_listing_is_not_a_get() -> None:
    assert meters.verb(Request(0, "GET", "/bucket?list-type=2&prefix=raw%2F")) == "LIST"
    assert meters.verb(Request(0, "GET", "/bucket/raw/x")) == "GET"


@pytest.mark.timeout(180)
def test_everything_is_counted(tmp_path: Path) -> None:
    cadence = Cadence(flush=2, load=3, minutes=0.25, symbols=10, settle=False)
    opened, closed = bench_cost.measure(tmp_path, cadence)
    assert opened.calls
    assert opened.count("s3-sink", "PUT")
    assert opened.count("sf-loader", "LIST")
    assert opened.sent["s3-sink"]
    assert opened.asked
    text, _ = bench_cost.report(opened, closed, cadence)
    assert "statements, closed" in text

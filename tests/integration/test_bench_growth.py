"""The growth benchmark over very small histories: it runs, and counts the same for both. Nothing is timed."""

from __future__ import annotations

from benchmarks import bench_growth


def test_calls_of_a_cycle_do_not_grow() -> None:
    results = {size: bench_growth.run(size, 2) for size in (600, 1_200)}
    small, large = (
        {
            what: [(sample["LIST"], sample["HEAD"], sample["statements"]) for sample in samples]
            for what, samples in found.items()
        }
        for found in results.values()
    )
    assert len(small) == 8
    assert small == large
    assert small["auditor: at rest"] == [(0, 0, 0)] * 2
    assert {statements for _, _, statements in small["loader: nothing new"]} == {0}
    assert "auditor: after a load" in bench_growth.report(results)

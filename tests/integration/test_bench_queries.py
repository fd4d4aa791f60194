"""The benchmark of the dashboard's queries over two days of quotes: each is answered. Nothing is timed."""

from __future__ import annotations

from datetime import timedelta

from benchmarks import bench_queries
from benchmarks.bench_queries import A_DAY, BEGIN, last_day


def test_quotes_are_of_weekdays() -> None:
    assert [last_day(quotes) for quotes in (1, A_DAY, 5 * A_DAY, 5 * A_DAY + 1)] == [
        BEGIN + timedelta(days=days) for days in (0, 0, 4, 7)
    ]


def test_every_question_is_answered() -> None:
    found = bench_queries.measure(2 * A_DAY, 1)
    assert len(found) == 7
    assert all(len(seconds) == 1 for seconds in found.values())
    assert "latest" in bench_queries.report({2 * A_DAY: found})

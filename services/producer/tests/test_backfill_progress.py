"""What counts as done in a backfill, over plans, versions and splits."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.backfill import FIRST, LAST, Bench
from support.bodies import daily
from support.process import once
from support.world import START

from stock_producer.backfill.run import MARK
from stock_producer.outbox.outbox import Outbox
from stock_producer.vendor.alphavantage.history import COMPACT_SPAN, history
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import NotInPlan


def with_splits(splits: dict[int, str], days: range) -> bytes:
    """Daily bars of November 2026. `splits`: day of the month → new shares for an old one."""
    prices = dict.fromkeys(("1. open", "2. high", "3. low", "4. close"), "150.0")
    rows = {
        f"2026-11-{day:02}": {**prices, "6. volume": "100", "8. split coefficient": splits.get(day, "1.0")}
        for day in days
    }
    return json.dumps({"Time Series (Daily)": rows}).encode()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, PLANS["free"])


def test_another_plan_asks_again(bench: Bench) -> None:
    bench.run(["IBM"])
    assert bench.run(["IBM"]).progress.calls == 0
    bench.plan = PLANS["75"]
    assert bench.run(["IBM"]).progress.calls == 1
    assert bench.run(["IBM"]).progress.calls == 0


@pytest.mark.parametrize(
    ("plan", "value", "calls"),
    [
        pytest.param("free", "3", 0, id="a short series that brought bars"),
        pytest.param("free", "0", 1, id="a short series that brought none"),
        pytest.param("75", "3", 1, id="a whole series that may have been a short one"),
    ],
)
def test_marks_of_earlier_versions(bench: Bench, plan: str, value: str, calls: int) -> None:
    outbox = Outbox(bench.path / "outbox.sqlite", 50_000_000)
    outbox.add([], {}, {}, START, {(MARK, f"IBM daily {FIRST} {LAST}"): value})
    outbox.close()
    bench.plan = PLANS[plan]
    assert bench.run(["IBM"]).progress.calls == calls


def test_no_bar_is_no_success(bench: Bench) -> None:
    bench.vendor.bodies["IBM"] = daily("IBM", last="2026-10-20")
    for _ in range(2):
        result = bench.run(["IBM", "MSFT"])
        assert [part.symbol for part in result.empty] == ["IBM"]
        bench.clock.advance(5)
    assert bench.vendor.asked == ["IBM", "MSFT", "IBM"]
    bench.vendor.bodies["IBM"] = daily("IBM")
    assert bench.run(["IBM"]).empty == []


def test_a_later_split_makes_adjusted_bars_due_again(bench: Bench) -> None:
    bench.plan = PLANS["75"]
    bench.vendor.bodies |= dict.fromkeys(("IBM", "MSFT"), with_splits({}, range(2, 11)))
    bench.days = (date(2026, 11, 2), date(2026, 11, 6))
    assert bench.run(["IBM", "MSFT"]).changed == []
    bench.vendor.bodies["IBM"] = with_splits({12: "2.0"}, range(2, 14))
    bench.clock.advance(60)
    bench.days = (date(2026, 11, 9), date(2026, 11, 13))
    [name] = bench.run(["IBM"]).changed
    assert name.startswith("IBM daily 2026-11-02 2026-11-06")
    bench.days = (date(2026, 11, 2), date(2026, 11, 6))
    assert (bench.run(["IBM", "MSFT"]).progress.calls, bench.vendor.asked[-1]) == (1, "IBM")
    adjusted = [
        bar for bar in bench.bars() if bar.adjusted and bar.starts_at.day == 5 and bar.symbol == "IBM"
    ]
    assert [bar.close for bar in adjusted] == [150, 75]
    assert bench.run(["IBM"]).progress.calls == 0


def test_days_that_the_plan_cannot_see() -> None:
    today = date(2026, 11, 23)
    for plan, interval, last in (
        ("free", "daily", today - COMPACT_SPAN - timedelta(1)),
        ("free", "5min", today),
        ("150", "5min", date(1999, 12, 31)),
    ):
        with pytest.raises(NotInPlan):
            history(PLANS[plan], interval, date(1999, 1, 1), last, today)
    assert history(PLANS["free"], "daily", date(2024, 1, 1), today - COMPACT_SPAN, today).calls
    assert history(PLANS["75"], "daily", date(2024, 1, 1), date(2024, 12, 31), today).calls


def test_they_end_the_command_with_2_and_no_call(environment: dict[str, str]) -> None:
    variables = environment | {"ALPHA_VANTAGE_PLAN": "free"}
    for name in [name for name in variables if name.startswith(("ALPHA_VANTAGE_CALLS", "ALPHA_VANTAGE_ENT"))]:
        del variables[name]
    refused = once(variables, "backfill", "--from", "2024-01-01", "--to", "2024-12-31")
    assert refused.returncode == 2, refused.stderr
    assert "Plan free has the last 100 sessions" in refused.stderr

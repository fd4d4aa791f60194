from __future__ import annotations

from datetime import timedelta

import pytest
from test_scheduler import SESSION, at, simulate

from stock_producer.outlook import Outlook, outlook, text
from stock_producer.plans import PLANS
from stock_producer.turns import Pace


def told(plan: str, count: int, suffix: str = "", calendar: str = "auto") -> Outlook:
    return outlook(PLANS[plan], [f"S{number}{suffix}" for number in range(count)], calendar, Pace(5.0))


@pytest.mark.parametrize(
    ("plan", "count", "calls", "oldest"),
    [
        pytest.param("free", 3, 3, 1, id="free"),
        pytest.param("free", 500, 25, 20, id="free, more symbols than calls"),
        pytest.param("75", 1, 4681, 905, id="delayed, each 5 s"),
        pytest.param("150", 500, 23_405, 5, id="bulk: five calls each 5 s"),
    ],
)
def test_calls_and_age(plan: str, count: int, calls: int, oldest: float) -> None:
    found = told(plan, count)
    assert (found.calls_a_day, found.oldest_seconds or found.oldest_sessions) == (calls, oldest)


@pytest.mark.parametrize(
    ("plan", "count", "suffix", "names"),
    [
        pytest.param("free", 3, "", ["plan 75", "plan 150"], id="free"),
        pytest.param("free", 30, "", ["all 30 symbols each day (25 calls a day): plan 75"], id="free, too many"),
        pytest.param("75", 25, "", ["prices at once", "a quote every 5 s of each of 25 symbols: plan 150"], id="75"),
        pytest.param("1200", 500, ".LON", ["a quote every 5 s of each of 500 symbols"], id="not in bulk"),
    ],
)
def test_what_is_not_possible_names_the_plan(plan: str, count: int, suffix: str, names: list[str]) -> None:
    shown = text(told(plan, count, suffix))
    assert [name for name in names if name not in shown] == []


def test_the_best_plan_lacks_nothing() -> None:
    assert told("1200", 500).missing == []
    assert told("1200", 500).functions == ["REALTIME_BULK_QUOTES"]


@pytest.mark.parametrize(("plan", "count"), [("75", 2), ("150", 30), ("free", 3)])
def test_it_says_what_the_scheduler_does(plan: str, count: int) -> None:
    found = told(plan, count)
    if plan == "free":
        calls = simulate(found.symbols, PLANS[plan], SESSION.opens, at("2026-11-24T05:00:00"))
        assert sum(call.at > SESSION.closes for call in calls) == found.calls_a_day
        return
    opens = SESSION.opens + timedelta(minutes=30)
    calls = simulate(found.symbols, PLANS[plan], opens, opens + timedelta(minutes=5))
    assert len(calls) * 23_400 / 300 == pytest.approx(found.calls_a_day, rel=0.03)

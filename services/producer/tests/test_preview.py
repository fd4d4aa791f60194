from __future__ import annotations

from datetime import timedelta

import pytest
from support.simulation import HOURS, SESSION, at, simulate

from stock_producer.schedule.due import upcoming
from stock_producer.schedule.preview import Preview, preview, text
from stock_producer.schedule.types import Pace
from stock_producer.vendor.alphavantage.plans import PLANS


def previewed(plan: str, count: int, suffix: str = "", calendar: str = "auto") -> Preview:
    symbols = [f"S{number}{suffix}" for number in range(count)]
    return preview(PLANS[plan], symbols, calendar, Pace(5.0), tuple(PLANS.values()))


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
    found = previewed(plan, count)
    assert (found.calls_a_day, found.oldest_seconds or found.oldest_sessions) == (calls, oldest)


@pytest.mark.parametrize(
    ("plan", "count", "suffix", "names"),
    [
        pytest.param("free", 3, "", ["plan 75", "plan 150"], id="free"),
        pytest.param(
            "free", 30, "", ["all 30 symbols each day (25 calls a day): plan 75"], id="free, too many"
        ),
        pytest.param(
            "75", 25, "", ["prices at once", "a quote every 5 s of each of 25 symbols: plan 150"], id="75"
        ),
        pytest.param("1200", 500, ".LON", ["a quote every 5 s of each of 500 symbols"], id="not in bulk"),
    ],
)
def test_what_is_not_possible_names_the_plan(plan: str, count: int, suffix: str, names: list[str]) -> None:
    shown = text(previewed(plan, count, suffix))
    assert [name for name in names if name not in shown] == []


@pytest.mark.parametrize(("count", "whole"), [(2_500, True), (2_501, False)])
def test_a_day_is_missing_where_turns_are_further_apart_than_a_call_has_bars(count: int, whole: bool) -> None:
    shown = text(previewed("free", count))
    assert ("no day is missing" in shown) == whole
    assert ("1 of 101 daily bars of each symbol" in shown) != whole


def test_the_best_plan_lacks_nothing() -> None:
    assert previewed("1200", 500).missing == []
    assert previewed("1200", 500).functions == ["REALTIME_BULK_QUOTES"]


@pytest.mark.parametrize(("plan", "count"), [("75", 2), ("150", 30), ("free", 3)])
def test_it_says_what_the_scheduler_does(plan: str, count: int) -> None:
    found = previewed(plan, count)
    if plan == "free":
        calls = simulate(found.symbols, PLANS[plan], SESSION.opens, at("2026-11-24T05:00:00"))
        assert sum(call.at > SESSION.closes for call in calls) == found.calls_a_day
        return
    opens = SESSION.opens + timedelta(minutes=30)
    calls = simulate(found.symbols, PLANS[plan], opens, opens + timedelta(minutes=5))
    assert len(calls) * 23_400 / 300 == pytest.approx(found.calls_a_day, rel=0.03)


@pytest.mark.parametrize(
    ("plan", "now", "when"),
    [
        pytest.param("free", "2026-11-23T15:00:00", "2026-11-23T21:30:00", id="the bar of today"),
        pytest.param("free", "2026-11-23T22:00:00", "2026-11-24T21:30:00", id="the bar of tomorrow"),
        pytest.param("1200", "2026-11-23T15:00:00", "2026-11-23T15:00:05", id="the next turn"),
        pytest.param("75", "2026-11-23T22:00:00", "2026-11-24T14:45:05", id="the open, 15 minutes later"),
    ],
)
def test_when_the_next_data_are_due(plan: str, now: str, when: str) -> None:
    assert upcoming(at(now), {"XNYS"}, HOURS, PLANS[plan], 5.0) == {"XNYS": at(when)}


def test_the_next_data_are_a_line() -> None:
    shown = text(previewed("free", 3)._replace(next_data={"XNYS": "Mon 23 Nov 21:30 UTC"}))
    assert "Next data  XNYS: due Mon 23 Nov 21:30 UTC" in shown.splitlines()

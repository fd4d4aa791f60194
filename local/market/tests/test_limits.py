"""The limits of each plan, on a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_market.limits import PLANS, Limit, Limits

FREE_BURST = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more "
    "sparingly (1 request per second). "
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to lift the "
    "free key rate limit (25 requests per day), "
    "raise the per-second burst limit, and instantly unlock all premium endpoints"
)
BURST = (
    "Burst pattern detected. Please consider spreading out your API requests more evenly across a 1-minute "
    "window and query no more than "
    "{} requests per second. Please contact support@alphavantage.co if you are targeting a higher API "
    "request volume."
)
MINUTE = (
    "Minute-level rate limit exceed. Please stay under the number of API requests per minute for your "
    "premium subscription plan. "
    "Please contact support@alphavantage.co if you are targeting a higher API request volume."
)
DAILY = (
    "We have detected your API key as SECRET1 and our standard API rate limit is 25 requests per day. "
    "Please subscribe to any of the "
    "premium plans at https://www.alphavantage.co/premium/ to instantly remove all daily rate limits."
)


def refusal(bench: Any, key: str = "key") -> str | None:
    return json.loads(bench.text("MARKET_STATUS", apikey=key)).get("Information")


def test_free_plan(new_bench: Callable[..., Any]) -> None:
    bench = new_bench(plan="free")
    assert refusal(bench, "SECRET1") is None
    bench.second += 0.9
    assert refusal(bench, "SECRET1") == FREE_BURST
    for _ in range(24):
        bench.second += 1.0
        assert refusal(bench, "SECRET1") is None
    bench.second += 1.0
    assert refusal(bench, "SECRET1") == DAILY
    assert refusal(bench, "another") is None
    bench.day += timedelta(days=1)
    assert refusal(bench, "SECRET1") is None


@pytest.mark.parametrize(
    ("plan", "per_second"), [("75", 5), ("150", 5), ("300", 10), ("600", 20), ("1200", 30)]
)
def test_paid_plans(new_bench: Callable[..., Any], plan: str, per_second: int) -> None:
    bench = new_bench(plan=plan)
    start = bench.second
    for _ in range(per_second):
        assert refusal(bench) is None
    assert refusal(bench) == BURST.format(per_second)
    admitted = per_second
    while admitted < int(plan):
        bench.second += 1.0
        for _ in range(min(per_second, int(plan) - admitted)):
            assert refusal(bench) is None
            admitted += 1
    for second in (bench.second + 1.0, start + 59.9):
        bench.second = second
        assert refusal(bench) == MINUTE
    bench.second = start + 60.0
    assert refusal(bench) is None


def test_no_limit(new_bench: Callable[..., Any]) -> None:
    bench = new_bench(plan="unlimited")
    assert [refusal(bench) for _ in range(2000)] == [None] * 2000


@given(plan=st.sampled_from(["free", "75", "1200"]), gaps=st.lists(st.floats(0, 3), max_size=200))
def test_no_window_ever_holds_more_than_the_plan_allows(plan: str, gaps: list[float]) -> None:
    limit, now, admitted = PLANS[plan], [0.0], []
    limits = Limits(limit, lambda: now[0], lambda: date(2026, 11, 24))
    for gap in gaps:
        now[0] += gap
        if limits.refuse("key") is None:
            admitted.append(now[0])
    for last in admitted:
        assert sum(last - 1 < moment <= last for moment in admitted) <= (limit.per_second or 0)
        assert sum(last - 60 < moment <= last for moment in admitted) <= (limit.per_minute or len(admitted))
    assert len(admitted) <= (limit.per_day or len(admitted))


def test_refused_calls_do_not_count() -> None:
    second = [0.0]
    limits = Limits(PLANS["free"], lambda: second[0], lambda: date(2026, 11, 24))
    assert [limits.refuse("key") for _ in range(3)] == [None, Limit.SECOND, Limit.SECOND]
    second[0] += 1.0
    assert limits.refuse("key") is None
    assert limits.used() == {"key": {"last_minute": 2, "today": 2}}

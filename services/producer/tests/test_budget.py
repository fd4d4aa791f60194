from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.world import START

from stock_producer.schedule.budget import Budget
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.refusals import refusal
from stock_producer.vendor.base import Limits
from stock_producer.vendor.kinds import Kind, Refusal

DAY_END = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)

QUOTA_DAY = PLANS["free"].quota_day


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def budget(path: Path, limits: Limits, now: datetime = START) -> Budget:
    return Budget(PLANS["free"]._replace(limits=limits), UsageFile(path / "budget.sqlite"), now)


def test_second_and_minute_slide(tmp_path: Path) -> None:
    on = budget(tmp_path, Limits(second=2, minute=3))
    on.take(START)
    assert on.allowance(START).earliest <= START
    on.take(later(0.5))
    assert on.allowance(later(0.5)).earliest == later(1.1)
    on.take(later(1.2))
    assert on.allowance(later(1.2)).earliest == later(60.5)
    assert on.allowance(later(60.5)).earliest <= later(60.5)
    assert on.use(later(1.2))[:3] == (2, 3, 3)


def test_the_day_turns_in_new_york(tmp_path: Path) -> None:
    on = budget(tmp_path, Limits(day=1))
    on.take(START)
    allowance = on.allowance(START)
    assert (allowance.day_left, allowance.earliest, allowance.day_ends) == (0, DAY_END, DAY_END)
    assert on.allowance(DAY_END - timedelta(seconds=1)).day_left == 0
    assert on.allowance(DAY_END).day_left == 1


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        pytest.param(
            "2026-03-08T06:00:00+00:00",
            "2026-03-09T04:00:00+00:00",
            id="the day summer time begins has 23 hours",
        ),
        pytest.param("2026-11-01T05:00:00+00:00", "2026-11-02T05:00:00+00:00", id="the day it ends has 25"),
        pytest.param("2026-07-01T03:59:59+00:00", "2026-07-01T04:00:00+00:00", id="a second before midnight"),
    ],
)
def test_days_around_a_change_of_time(now: str, ends: str) -> None:
    assert QUOTA_DAY.end(datetime.fromisoformat(now)) == datetime.fromisoformat(ends)
    assert QUOTA_DAY.of(datetime.fromisoformat(ends)) > QUOTA_DAY.of(datetime.fromisoformat(now))


def test_use_survives_a_restart(tmp_path: Path) -> None:
    first = budget(tmp_path, PLANS["free"].limits)
    for second in range(3):
        first.take(later(2 * second))
    again = budget(tmp_path, PLANS["free"].limits, later(4.5))
    allowance = again.allowance(later(4.5))
    assert (allowance.day_left, allowance.last_call, allowance.earliest) == (22, later(4), later(5.1))
    assert again.use(later(4.5))[:3] == (1, 3, 3)


@pytest.mark.parametrize("restarted", [True, False])
def test_a_clock_set_back_does_not_block(tmp_path: Path, restarted: bool) -> None:
    on = budget(tmp_path, Limits(minute=1))
    on.take(later(5 * 3_600))
    again = budget(tmp_path, Limits(minute=1), START) if restarted else on
    assert again.allowance(START).earliest == later(60.5)


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize(
    ("kind", "wait"), [(Kind.MINUTE, 60.0), (Kind.DAY, (DAY_END - START).total_seconds())]
)
def test_a_refusal_of_a_clock_set_back_does_not_block(
    tmp_path: Path, kind: Kind, wait: float, restarted: bool
) -> None:
    limits = PLANS["150"].limits
    on = budget(tmp_path, limits, later(30 * 3_600))
    on.correct(Refusal(kind, ""), later(30 * 3_600))
    again = budget(tmp_path, limits) if restarted else on
    assert (again.allowance(START).earliest - START).total_seconds() == wait


def test_a_burst_that_names_the_day_is_the_day_only_after_a_minute(tmp_path: Path) -> None:
    on = budget(tmp_path, PLANS["free"].limits)
    text = "Please consider spreading out your requests more sparingly (25 requests per day)."
    waits, now = [], START
    for _ in range(3):
        on.take(now)
        on.correct(refusal(text), now)
        until = on.allowance(now).earliest
        waits.append((until - now).total_seconds())
        now = until
    assert waits[:2] == [2, 60]
    assert on.allowance(DAY_END - timedelta(seconds=1)).earliest == DAY_END
    on.take(DAY_END)
    on.answered()
    on.correct(refusal(text), DAY_END)
    assert on.allowance(DAY_END).earliest == DAY_END + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("refusal", "wait"),
    [
        pytest.param(Refusal(Kind.BURST, "spread out (1 request per second)"), 2, id="burst"),
        pytest.param(Refusal(Kind.MINUTE, "Minute-level rate limit exceed."), 60, id="minute"),
        pytest.param(Refusal(Kind.DAY, "25 requests per day"), (DAY_END - START).total_seconds(), id="day"),
        pytest.param(Refusal(Kind.THROTTLED, "HTTP 429", retry_after=30), 30, id="retry after"),
        pytest.param(Refusal(Kind.TIMEOUT, ""), 0, id="not a matter of quota"),
    ],
)
def test_a_refusal_corrects_our_count(tmp_path: Path, refusal: Refusal, wait: float) -> None:
    limits = PLANS["free"].limits._replace(second=None)
    on = budget(tmp_path, limits)
    on.take(START)
    on.correct(refusal, START)
    again = budget(tmp_path, limits)
    for one in (on, again):
        assert (one.allowance(START).earliest - START).total_seconds() == wait
    assert again.use(START).refused == (refusal.kind is not Kind.TIMEOUT)
    assert again.allowance(START).day_left == (0 if refusal.kind is Kind.DAY else 24)


def test_repeated_bursts_wait_longer_until_one_is_answered(tmp_path: Path) -> None:
    on = budget(tmp_path, Limits(minute=100))
    waits = []
    for _ in range(7):
        on.correct(Refusal(Kind.BURST, "Burst pattern detected."), START)
        waits.append((on.allowance(START).earliest - START).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    on.answered()
    on.correct(Refusal(Kind.BURST, "Burst pattern detected."), later(100))
    assert on.allowance(later(100)).earliest == later(102)


def test_a_refusal_that_names_a_lower_limit_is_believed(tmp_path: Path) -> None:
    on = budget(tmp_path, Limits(second=30, minute=1200))
    on.correct(refusal("query no more than 20 requests per second"), START)
    assert on.limits == Limits(20, 1200, None)
    on.correct(refusal("query no more than 25 requests per second"), START)
    assert on.limits.second == 20


def test_a_paid_plan_with_an_unexpected_daily_limit_waits_for_the_day(tmp_path: Path) -> None:
    on = budget(tmp_path, PLANS["150"].limits)
    on.correct(Refusal(Kind.DAY, "25 requests per day"), START)
    assert on.allowance(START).earliest == DAY_END

"""Weeks of `make bench-failing_vendor`: a vendor that fails, on machines that are off at night."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from support.failing import FailingVendor
from support.lives import LAPTOPS, SERVER, Life, Machine, live

from stock_producer.vendor.alphavantage.plans import PLANS

MACHINES = [pytest.param(machine, id=machine.name) for machine in (SERVER, *LAPTOPS)]
SIZES = {"free": (12, 14), "75": (8, 3), "1200": (40, 3)}
"""Plan → symbols, days."""
WEEK = tuple(date(2026, 11, 21) + timedelta(number) for number in range(8))
"""From a Saturday on. Thursday is Thanksgiving, the Friday after it a half day."""

HALT = date(2026, 11, 14)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("plan", SIZES)
def test_what_is_published_is_held_by_the_next_morning(tmp_path: Path, plan: str, machine: Machine) -> None:
    count, days = SIZES[plan]
    row = live(tmp_path, plan, count, machine, [date(2026, 11, 16)], days)
    assert row.good, row
    assert row.calls >= days // 2


@pytest.mark.parametrize("machine", MACHINES)
def test_a_first_start_on_any_day(tmp_path: Path, machine: Machine) -> None:
    row = live(tmp_path, "free", 3, machine, WEEK, 3)
    assert row.good, row


def test_more_symbols_than_a_day_has_calls_for_lack_no_day(tmp_path: Path) -> None:
    life = Life(tmp_path, "free", 50, SERVER)
    life.run(date(2026, 11, 9), 12)
    assert life.late and life.gaps() == 0
    assert min(map(len, life.bars.values())) >= 10
    assert life.vendor.over == life.vendor.wasted == 0


class Halted(FailingVendor):
    """One symbol has no bar any more."""

    def published(self, symbol: str, now: datetime) -> list[date]:
        return [day for day in super().published(symbol, now) if symbol != "S0" or day < HALT]


def test_a_bar_that_never_comes_costs_few_calls_and_no_other_symbols_bar(tmp_path: Path) -> None:
    life = Life(tmp_path, "free", 15, SERVER, vendor=Halted)
    life.run(date(2026, 11, 16), 14)
    assert {symbol for _, symbol in life.late} <= {"S0"}
    assert life.vendor.over == 0
    assert life.vendor.calls < 10 * 22


def test_the_judge_sees_what_it_is_to_see(tmp_path: Path) -> None:
    """With a vendor that never answers everything is late."""
    life = Life(tmp_path, "free", 2, SERVER)
    life.vendor.share = 1.0
    life.run(date(2026, 11, 16), 3)
    assert len(life.late) == 2 * 3
    assert life.vendor.calls > 20
    vendor = FailingVendor(PLANS["free"], seed=1)
    calls = [life.vendor.requested[0]] * 30
    for request, now in calls:
        vendor(request, now)
    assert vendor.over >= 29

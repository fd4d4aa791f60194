"""A market whose time the test sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from stock_market.bars import DailyBars
from stock_market.clock import NEW_YORK, around_the_clock, new_york_exchange
from stock_market.faults import Faults
from stock_market.limits import PLANS, Limits
from stock_market.server import Market
from stock_market.tape import Tape

LAST_YEAR = 2027


class Bench:
    """A Market at a time that the test chooses, asked by keyword arguments."""

    def __init__(self, tape: Tape, plan: str, now: str) -> None:
        self.move(now)
        self.second = 1000.0
        self.day = date(2026, 11, 24)
        self.faults = Faults(lambda: self.second)
        limits = Limits(PLANS[plan], lambda: self.second, lambda: self.day)
        self.market = Market(tape, PLANS[plan], lambda: self.instant, limits, self.faults)

    def move(self, now: str) -> None:
        """To New York's local time."""
        self.instant = int(datetime.fromisoformat(now).replace(tzinfo=NEW_YORK).timestamp() * 1000)

    def text(self, function: str, **params: str) -> str:
        return self.market.query({"function": function, "apikey": "key", **params}, None).body

    def ask(self, function: str, **params: str) -> Any:
        return json.loads(self.text(function, **params))


@pytest.fixture(scope="session")
def new_bench() -> Callable[..., Bench]:
    """Makes benches. They share one tape for each calendar: it holds only what can be computed again."""
    calendars = {"24/7": around_the_clock(LAST_YEAR), "XNYS": new_york_exchange(LAST_YEAR)}
    tapes = {name: Tape(calendar, DailyBars(calendar.days)) for name, calendar in calendars.items()}
    return lambda calendar="24/7", plan="unlimited", now="2026-11-24T12:00:00": Bench(
        tapes[calendar], plan, now
    )

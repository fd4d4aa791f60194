"""Alpha Vantage's plans: how many calls a key may make and how fresh its data are.

Sources, seen in 2024 to 2026: www.alphavantage.co/premium (calls a minute, 25 a day for free keys, delayed data from 75 and realtime
from 150 on); calls a second from the texts of the refusals themselves ("1 request per second" for free keys; "query no more than N
requests per second", N being 5, 20 or 30 for paid ones). Where a plan's number was not seen, the next smaller one that still carries
its calls a minute stands here; a refusal that names another number corrects it (`budget`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Freshness(StrEnum):
    """What a plan can see of an open market; also the quote's `entitlement`."""

    END_OF_DAY = "end_of_day"
    DELAYED = "delayed"
    REALTIME = "realtime"


DELAY = timedelta(minutes=15)
"""Delayed data are 15 minutes old (the response says so in its top key)."""


class Limits(NamedTuple):
    """Calls at most within any second, any minute and the vendor's day; None: no such limit."""

    second: int | None = None
    minute: int | None = None
    day: int | None = None


class Plan(NamedTuple):
    """`bulk`: REALTIME_BULK_QUOTES answers 100 symbols a call; it needs realtime data."""

    name: str
    limits: Limits
    freshness: Freshness
    bulk: bool

    @property
    def delay(self) -> timedelta:
        """How far the data are behind the market. End-of-day data have no such distance: 0."""
        return DELAY if self.freshness is Freshness.DELAYED else timedelta(0)

    @property
    def entitlement(self) -> str | None:
        """The `entitlement` parameter to ask with. Without it every key gets end-of-day data."""
        return None if self.freshness is Freshness.END_OF_DAY else self.freshness.value


PLANS = {
    plan.name: plan
    for plan in (
        Plan("free", Limits(second=1, day=25), Freshness.END_OF_DAY, bulk=False),
        Plan("75", Limits(second=5, minute=75), Freshness.DELAYED, bulk=False),
        Plan("150", Limits(second=5, minute=150), Freshness.REALTIME, bulk=True),
        Plan("300", Limits(second=10, minute=300), Freshness.REALTIME, bulk=True),
        Plan("600", Limits(second=20, minute=600), Freshness.REALTIME, bulk=True),
        Plan("1200", Limits(second=30, minute=1200), Freshness.REALTIME, bulk=True),
    )
}
CUSTOM = "custom"

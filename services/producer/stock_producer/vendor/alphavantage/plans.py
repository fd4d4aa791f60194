"""Alpha Vantage's plans: how many calls a key may make and how fresh its data are.

The figures were seen in 2024 to 2026. www.alphavantage.co/premium has the calls a minute, 25 calls a day for
free keys, delayed data from plan 75 on and realtime data from plan 150 on. The calls a second are from the
texts of
refusals: "1 request per second" for free keys, and "query no more than N requests per second" for paid ones,
    where N is 5, 20 or 30. Where no text with a plan's number was seen, the table has the next smaller one
    that still carries its calls a minute. A refusal that names another number corrects it (see
    `schedule.budget`).
"""

from __future__ import annotations

from datetime import timedelta

from stock_producer.vendor.alphavantage.endpoints import BULK_SIZE, COMPACT_BARS, NEW_YORK, Endpoint, in_bulk
from stock_producer.vendor.base import Batch, Freshness, Limits, Plan, QuotaDay

CUSTOM = "custom"
DELAY = timedelta(minutes=15)
"""The age of delayed data. The answer's top key names it."""
_NO_HISTORY = f"intraday history, and daily history of more than {COMPACT_BARS} sessions: plan 75"


def plan(name: str, limits: Limits, freshness: Freshness, *, bulk: bool) -> Plan:
    """The plan. `bulk`: REALTIME_BULK_QUOTES answers 100 symbols a call. It needs realtime data."""
    return Plan(
        name=name,
        limits=limits,
        freshness=freshness,
        quote=Endpoint.GLOBAL_QUOTE.value,
        daily=Endpoint.DAILY.value,
        batch=Batch(Endpoint.BULK.value, BULK_SIZE, in_bulk) if bulk else None,
        delay=DELAY if freshness is Freshness.DELAYED else timedelta(0),
        quota_day=QuotaDay(NEW_YORK),
        daily_bars=COMPACT_BARS,
        lacks=(_NO_HISTORY,) if freshness is Freshness.END_OF_DAY else (),
    )


PLANS = {
    each.name: each
    for each in (
        plan("free", Limits(second=1, day=25), Freshness.END_OF_DAY, bulk=False),
        plan("75", Limits(second=5, minute=75), Freshness.DELAYED, bulk=False),
        plan("150", Limits(second=5, minute=150), Freshness.REALTIME, bulk=True),
        plan("300", Limits(second=10, minute=300), Freshness.REALTIME, bulk=True),
        plan("600", Limits(second=20, minute=600), Freshness.REALTIME, bulk=True),
        plan("1200", Limits(second=30, minute=1200), Freshness.REALTIME, bulk=True),
    )
}


def entitlement(freshness: Freshness) -> str | None:
    """The parameter `entitlement` to ask with. Without it every key gets end-of-day data."""
    return None if freshness is Freshness.END_OF_DAY else freshness.value

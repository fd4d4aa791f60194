"""How Alpha Vantage gives history: one call for all daily bars of a symbol, one a month for intraday bars.

Pure.
"""

from __future__ import annotations

from datetime import date, timedelta

from stock_producer.vendor.alphavantage.endpoints import COMPACT_BARS, FULL, Endpoint
from stock_producer.vendor.base import DAILY, Freshness, History, HistoryCall, NotInPlan, Plan

COMPACT_SPAN = timedelta(days=165)
"""A hundred sessions are no longer than this: twenty weeks, and the holidays of an exchange with many."""
FIRST_INTRADAY = date(2000, 1, 1)
INTERVALS = ("1min", "5min", "15min", "30min", "60min", DAILY)


def history(plan: Plan, interval: str, first: date, last: date, today: date) -> History:
    """The calls for the bars of these days. Raises NotInPlan where the plan has none of them."""
    recent_only = plan.freshness is Freshness.END_OF_DAY
    if interval != DAILY:
        if recent_only:
            raise NotInPlan(
                f"Plan {plan.name} has no intraday history: plan 75 has. "
                "Use --interval daily, or another ALPHA_VANTAGE_PLAN."
            )
        if last < FIRST_INTRADAY:
            raise NotInPlan(f"There are no intraday bars before {FIRST_INTRADAY}.")
        calls = tuple(_intraday(interval, start, end) for start, end in _months(first, last))
        return History("bars as traded, regular hours", calls)
    if recent_only:
        if last < today - COMPACT_SPAN:
            raise NotInPlan(
                f"Plan {plan.name} has the last {COMPACT_BARS} sessions, and {last} is before them: "
                "plan 75 has all days. Use a later --to, or another ALPHA_VANTAGE_PLAN."
            )
        note = f"bars as traded, the last {COMPACT_BARS} sessions at most"
        more = "older ones and split-adjusted bars need plan 75"
        return History(f"{note} ({more})", (HistoryCall(Endpoint.DAILY.value, (), first, last),))
    return History(
        "bars as traded, and the same split-adjusted (adjusted = true)",
        (HistoryCall(Endpoint.DAILY_ADJUSTED.value, (FULL,), first, last),),
    )


def _intraday(interval: str, first: date, last: date) -> HistoryCall:
    """One month. As traded and in regular hours, as the quotes are."""
    parameters = (
        ("interval", interval),
        ("month", f"{first:%Y-%m}"),
        FULL,
        ("extended_hours", "false"),
        ("adjusted", "false"),
    )
    return HistoryCall(Endpoint.INTRADAY.value, parameters, first, last)


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """The first and the last wanted day of each month."""
    found = []
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first, min(last, following - timedelta(days=1))))
        first = following
    return found

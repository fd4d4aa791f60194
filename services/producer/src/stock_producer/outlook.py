"""What a plan gives for a list of symbols, told in advance: what is fetched when, calls a day, how old the data are. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stock_producer.exchanges import calendar, served_in_bulk
from stock_producer.plans import DELAY, PLANS, Freshness, Plan
from stock_producer.responses import BULK_SIZE, Endpoint
from stock_producer.scheduler import interval_of
from stock_producer.series import COMPACT_BARS
from stock_producer.turns import Pace

USUAL_SECONDS = {"XNYS": 23_400, "XLON": 30_600, "XTSE": 23_400, "XETR": 30_600, "XBOM": 22_500, "XSHG": 14_400, "24/7": 86_400}
"""Regular trading a day."""
OTHER_SECONDS = 23_400
_REALTIME = "150"
_DELAYED = "75"


class Outlook(NamedTuple):
    """`calls_a_day`: on a day on which all the exchanges trade. `interval_seconds`: between two turns of a symbol.

    `oldest_seconds`: the largest age of a price while the market trades, the time of the calls aside; None: end-of-day data, whose age is
    `oldest_sessions`. `missing`: what is not possible, each with the plan that makes it so.
    """

    plan: str
    symbols: list[str]
    calendars: dict[str, int]
    functions: list[str]
    when: str
    calls_a_day: int
    calls_limit_day: int | None
    interval_seconds: float
    oldest_seconds: float | None
    oldest_sessions: int | None
    missing: list[str]


def outlook(plan: Plan, symbols: Sequence[str], calendar_setting: str, pace: Pace) -> Outlook:
    """The outlook for `symbols`."""
    calendars = Counter(calendar(symbol, calendar_setting) for symbol in symbols)
    if plan.freshness is Freshness.END_OF_DAY:
        return _end_of_day(plan, symbols, calendars)
    groups = {code: _calls([symbol for symbol in symbols if calendar(symbol, calendar_setting) == code], plan) for code in calendars}
    turns = sum(groups.values())
    interval = interval_of(turns, plan.limits, pace)
    seconds = sum(count * USUAL_SECONDS.get(code, OTHER_SECONDS) for code, count in groups.items())
    if plan.limits.day:
        interval = max(interval, seconds / plan.limits.day)
    bulk = plan.bulk and any(served_in_bulk(symbol) for symbol in symbols)
    functions = [Endpoint.BULK.value] if bulk else []
    if not bulk or not all(served_in_bulk(symbol) for symbol in symbols):
        functions.append(Endpoint.GLOBAL_QUOTE.value)
    return Outlook(
        plan.name,
        list(symbols),
        dict(calendars),
        functions,
        f"every {_time(interval)} while the exchange trades, and once after the close",
        round(seconds / interval) + turns,
        plan.limits.day,
        interval,
        interval + plan.delay.total_seconds(),
        None,
        _missing(plan, len(symbols), interval, pace),
    )


def _end_of_day(plan: Plan, symbols: Sequence[str], calendars: Counter[str]) -> Outlook:
    a_day = len(symbols) if plan.limits.day is None else min(len(symbols), plan.limits.day)
    sessions = math.ceil(len(symbols) / a_day) if symbols else 1
    turns = "each symbol once" if sessions == 1 else f"{a_day} of {len(symbols)} symbols, each symbol every {sessions} trading days"
    missing = [
        f"prices of a market that is open: plan {_DELAYED} has them {_time(DELAY.total_seconds())} late, plan {_REALTIME} at once",
        f"bulk quotes ({BULK_SIZE} symbols a call): plan {_REALTIME}",
        f"intraday history, and daily history of more than {COMPACT_BARS} sessions: plan {_DELAYED}",
    ]
    if sessions > 1:
        missing.insert(0, f"all {len(symbols)} symbols each day ({plan.limits.day} calls a day): plan {_DELAYED}")
    when = f"half an hour after the close, {turns}; {COMPACT_BARS} daily bars a call, so that no day is missing"
    return Outlook(
        plan.name, list(symbols), dict(calendars), [Endpoint.DAILY.value], when, a_day, plan.limits.day, 86_400.0 * sessions, None, sessions, missing
    )


def _calls(symbols: Sequence[str], plan: Plan) -> int:
    bulk = sum(plan.bulk and served_in_bulk(symbol) for symbol in symbols)
    return math.ceil(bulk / BULK_SIZE) + len(symbols) - bulk


def _missing(plan: Plan, count: int, interval: float, pace: Pace) -> list[str]:
    found = []
    if plan.freshness is Freshness.DELAYED:
        found.append(f"prices at once (these are {_time(DELAY.total_seconds())} late): plan {_REALTIME}")
    if not plan.bulk:
        found.append(f"bulk quotes ({BULK_SIZE} symbols a call): plan {_REALTIME}")
    if interval > pace.poll * 1.001:
        better = next((other for other in PLANS.values() if _carries(other, plan, count, pace)), None)
        found.append(f"a quote every {_time(pace.poll)} of each of {count} symbols: {f'plan {better.name}' if better else 'fewer symbols'}")
    return found


def _carries(other: Plan, plan: Plan, count: int, pace: Pace) -> bool:
    better = other.freshness is not Freshness.END_OF_DAY and (other.limits.minute or 0) >= (plan.limits.minute or 0)
    calls = math.ceil(count / BULK_SIZE) if other.bulk else count
    return better and interval_of(calls, other.limits, pace) <= pace.poll


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7_200 else f"{seconds / 3600:.3g} h"


def text(found: Outlook) -> str:
    """The outlook for a reader."""
    places = ", ".join(f"{count} on {code}" for code, count in sorted(found.calendars.items()))
    limit = "no daily limit" if found.calls_limit_day is None else f"of {found.calls_limit_day}"
    if found.oldest_seconds is None:
        sessions = found.oldest_sessions or 1
        age = "the last close" if sessions == 1 else f"up to {sessions} trading days"
    else:
        age = f"up to {_time(found.oldest_seconds)} while the market trades"
    lines = [
        f"Plan       {found.plan}",
        f"Symbols    {len(found.symbols)} ({places})",
        f"Fetched    {' and '.join(found.functions)}, {found.when}",
        f"Calls      {found.calls_a_day} on a trading day ({limit}), none on closed days",
        f"Age        {age}",
    ]
    heads = ["Not", *[""] * len(found.missing)]
    return "\n".join([*lines, *(f"{head:<10} {what}" for head, what in zip(heads, found.missing, strict=False))])

"""The preview of a plan for a list of symbols: what is fetched when, calls a day, the age of the data.

Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from stock_producer.market.calendars import calendar_of
from stock_producer.schedule.scheduler import interval_of
from stock_producer.schedule.types import Pace
from stock_producer.vendor.base import Freshness, Plan

USUAL_SECONDS = {
    "XNYS": 23_400,
    "XLON": 30_600,
    "XTSE": 23_400,
    "XETR": 30_600,
    "XBOM": 22_500,
    "XSHG": 14_400,
    "24/7": 86_400,
    "unknown": 86_400,
}
"""Regular trading a day."""
OTHER_SECONDS = 23_400
DAY_SECONDS = 86_400.0
SLACK = 1.001
"""An interval that is longer than the wanted one by less is as wanted."""


class Preview(NamedTuple):
    """What a plan gives.

    calls_a_day: on a day on which all the exchanges trade.
    interval_seconds: between two turns of a symbol.
    oldest_seconds: the largest age of a price while the market trades, without the time of the calls. None:
        end-of-day data, whose age is `oldest_sessions`.
    missing: what is not possible, each with the plan that makes it so.
    doubts: what the settings say and cannot mean, in sentences.
    next_data: calendar → when its next data are due, in UTC.
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
    doubts: tuple[str, ...] = ()
    next_data: Mapping[str, str] = MappingProxyType({})


def preview(
    plan: Plan, symbols: Sequence[str], calendar_setting: str, pace: Pace, plans: Sequence[Plan] = ()
) -> Preview:
    """The preview for `symbols`.

    `plans`: all plans of the source, the cheapest first, to name a better one.
    """
    if plan.freshness is Freshness.END_OF_DAY:
        return _end_of_day(plan, symbols, calendar_setting, plans)
    calendars = _calendars(symbols, calendar_setting)
    calls = {code: _calls(plan, symbols, calendar_setting, code) for code in calendars}
    turns = sum(calls.values())
    seconds = sum(count * USUAL_SECONDS.get(code, OTHER_SECONDS) for code, count in calls.items())
    interval = interval_of(turns, plan.limits, pace)
    if plan.limits.day:
        interval = max(interval, seconds / plan.limits.day)
    return Preview(
        plan=plan.name,
        symbols=list(symbols),
        calendars=calendars,
        functions=_endpoints(plan, symbols),
        when=f"every {_time(interval)} while the exchange trades, and once after the close",
        calls_a_day=round(seconds / interval) + turns,
        calls_limit_day=plan.limits.day,
        interval_seconds=interval,
        oldest_seconds=interval + plan.delay.total_seconds(),
        oldest_sessions=None,
        missing=_missing(plan, len(symbols), interval, pace, plans),
    )


def _end_of_day(plan: Plan, symbols: Sequence[str], calendar_setting: str, plans: Sequence[Plan]) -> Preview:
    count, limit = len(symbols), plan.limits.day
    a_day = count if limit is None else min(count, limit)
    sessions = math.ceil(count / a_day) if symbols else 1
    turns = "each symbol once"
    if sessions > 1:
        turns = f"{a_day} of {count} symbols, each symbol every {sessions} trading days"
    bars = f"{plan.daily_bars} daily bars a call"
    missing = _missing_from_end_of_day(plan, plans)
    if sessions > plan.daily_bars:
        missing.insert(
            0, f"{sessions - plan.daily_bars} of {sessions} daily bars of each symbol: fewer symbols"
        )
    else:
        bars += ", so that no day is missing"
    if sessions > 1:
        open_market = _first(plans, _sees_open_market)
        missing.insert(0, f"all {count} symbols each day ({limit} calls a day): {_name(open_market)}")
    return Preview(
        plan=plan.name,
        symbols=list(symbols),
        calendars=_calendars(symbols, calendar_setting),
        functions=[str(plan.daily)],
        when=f"half an hour after the close, {turns}; {bars}",
        calls_a_day=a_day,
        calls_limit_day=limit,
        interval_seconds=DAY_SECONDS * sessions,
        oldest_seconds=None,
        oldest_sessions=sessions,
        missing=missing,
    )


def _calendars(symbols: Sequence[str], calendar_setting: str) -> dict[str, int]:
    """Symbols by calendar."""
    return dict(Counter(calendar_of(symbol, calendar_setting) for symbol in symbols))


def _calls(plan: Plan, symbols: Sequence[str], calendar_setting: str, calendar: str) -> int:
    """Calls for one quote of each symbol on the calendar."""
    there = [symbol for symbol in symbols if calendar_of(symbol, calendar_setting) == calendar]
    batched = sum(_in_batch(plan, symbol) for symbol in there)
    return (math.ceil(batched / plan.batch.size) if plan.batch else 0) + len(there) - batched


def _in_batch(plan: Plan, symbol: str) -> bool:
    return plan.batch is not None and plan.batch.serves(symbol)


def _endpoints(plan: Plan, symbols: Sequence[str]) -> list[str]:
    batched = [_in_batch(plan, symbol) for symbol in symbols]
    found = [str(plan.batch.endpoint)] if plan.batch and any(batched) else []
    return found if found and all(batched) else [*found, str(plan.quote)]


def _missing_from_end_of_day(plan: Plan, plans: Sequence[Plan]) -> list[str]:
    late, at_once = _first(plans, _is_delayed), _first(plans, _is_realtime)
    where = []
    if late:
        where.append(f"{_name(late)} has them {_time(late.delay.total_seconds())} late")
    if at_once:
        where.append(f"{_name(at_once)} {'' if late else 'has them '}at once")
    found = [f"prices of a market that is open: {', '.join(where)}"] if where else []
    return [*found, *_missing_batch(plan, plans), *plan.lacks]


def _missing_batch(plan: Plan, plans: Sequence[Plan]) -> list[str]:
    better = _first(plans, lambda other: other.batch is not None)
    if plan.batch or better is None or better.batch is None:
        return []
    return [f"bulk quotes ({better.batch.size} symbols a call): {_name(better)}"]


def _missing(plan: Plan, count: int, interval: float, pace: Pace, plans: Sequence[Plan]) -> list[str]:
    found = []
    at_once = _first(plans, _is_realtime)
    if plan.freshness is Freshness.DELAYED and at_once:
        late = _time(plan.delay.total_seconds())
        found.append(f"prices at once (these are {late} late): {_name(at_once)}")
    found += _missing_batch(plan, plans)
    if interval > pace.poll * SLACK:
        better = _first(plans, lambda other: _carries(other, plan, count, pace))
        remedy = _name(better) if better else "fewer symbols"
        found.append(f"a quote every {_time(pace.poll)} of each of {count} symbols: {remedy}")
    return [*found, *plan.lacks]


def _carries(other: Plan, plan: Plan, count: int, pace: Pace) -> bool:
    """Whether the other plan is no smaller, and gives so many symbols a quote at the wanted pace."""
    larger = (other.limits.minute or 0) >= (plan.limits.minute or 0)
    calls = math.ceil(count / other.batch.size) if other.batch else count
    return _sees_open_market(other) and larger and interval_of(calls, other.limits, pace) <= pace.poll


def _first(plans: Sequence[Plan], test: Callable[[Plan], bool]) -> Plan | None:
    return next((plan for plan in plans if test(plan)), None)


def _name(plan: Plan | None) -> str:
    return f"plan {plan.name}" if plan else "another source"


def _sees_open_market(plan: Plan) -> bool:
    return plan.freshness is not Freshness.END_OF_DAY


def _is_delayed(plan: Plan) -> bool:
    return plan.freshness is Freshness.DELAYED


def _is_realtime(plan: Plan) -> bool:
    return plan.freshness is Freshness.REALTIME


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7_200 else f"{seconds / 3600:.3g} h"


def text(found: Preview) -> str:
    """The preview for a reader."""
    places = ", ".join(f"{count} on {code}" for code, count in sorted(found.calendars.items()))
    limit = "no daily limit" if found.calls_limit_day is None else f"of {found.calls_limit_day}"
    lines = [
        f"Plan       {found.plan}",
        f"Symbols    {len(found.symbols)} ({places})",
        f"Fetched    {' and '.join(found.functions)}, {found.when}",
        f"Calls      {found.calls_a_day} on a trading day ({limit}), on closed days only for what is missing",
        f"Age        {_age(found)}",
    ]
    dues = [f"{code}: due {when}" for code, when in sorted(found.next_data.items())]
    for title, sentences in (("Next data", dues), ("Not", found.missing), ("Check", found.doubts)):
        heads = [title, *[""] * len(sentences)]
        lines += [f"{head:<10} {what}" for head, what in zip(heads, sentences, strict=False)]
    return "\n".join(lines)


def _age(found: Preview) -> str:
    if found.oldest_seconds is not None:
        return f"up to {_time(found.oldest_seconds)} while the market trades"
    sessions = found.oldest_sessions or 1
    return "the last close" if sessions == 1 else f"up to {sessions} trading days"

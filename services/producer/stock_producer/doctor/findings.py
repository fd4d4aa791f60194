"""What answers, calendars and settings show of a pipeline that has not begun, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stock_common import exchanges
from stock_producer.market.calendars import calendar_of
from stock_producer.market.sessions import FOREVER_CLOSES, Window, phase
from stock_producer.schedule.end_of_day import GRACE, day_of
from stock_producer.schedule.published import unlearned
from stock_producer.schedule.scheduler import closing_grace
from stock_producer.vendor.base import Answer, Description, Freshness, Plan, Request
from stock_producer.vendor.kinds import LIMITED, Kind

MOST_CALLS = 3
MOST_OFFSET = timedelta(seconds=60)
"""A clock that is further off counts the quota's day and the exchanges' hours wrongly."""
MORNING = 8
"""The hour of tomorrow, in the viewer's zone, at which the page is looked at."""


class Finding(NamedTuple):
    """A sentence about a part. ok: None where it is no question of right or wrong."""

    part: str
    ok: bool | None
    text: str


class Setup(NamedTuple):
    """The settings that matter here. hours: windows by calendar. after_close: when its bars are published."""

    plan: Plan
    symbols: tuple[str, ...]
    calendar_setting: str
    hours: Mapping[str, Sequence[Window]]
    description: Description
    after_close: Callable[[str], timedelta] = unlearned


def requests(plan: Plan, symbols: Sequence[str]) -> list[Request]:
    """The calls that show what a key may see: those that the plan makes, MOST_CALLS at most."""
    if plan.freshness is Freshness.END_OF_DAY:
        return [Request(plan.daily, (symbol,)) for symbol in symbols[:MOST_CALLS]]
    if plan.batch is None:
        return [Request(plan.quote, (symbol,)) for symbol in symbols[:MOST_CALLS]]
    batched = tuple(filter(plan.batch.serves, symbols))
    alone = [symbol for symbol in symbols if symbol not in batched] or batched[:1]
    bulk = [Request(plan.batch.endpoint, batched[: plan.batch.size])] if batched else []
    return [*bulk, *(Request(plan.quote, (symbol,)) for symbol in alone)][:MOST_CALLS]


def of_answers(setup: Setup, answers: Sequence[Answer]) -> Iterator[Finding]:
    """What the key may see, call by call, and the symbols that are not known."""
    for answer in answers:
        names = _names(answer.request.symbols)
        if answer.refusal is not None:
            unknown = answer.refusal.kind is Kind.SYMBOL
            why = f"{setup.description.title} does not know it." if unknown else _otherwise(answer)
            text = setup.description.explain(answer.refusal, why)
            yield Finding("Symbol" if unknown else "Key", False, f"{answer.request.endpoint} {names}: {text}")
            continue
        yield Finding("Key", True, f"{answer.request.endpoint} {names}: answered")
        yield from _of_data(setup, answer)
    unasked = len(setup.symbols) - len({symbol for answer in answers for symbol in answer.request.symbols})
    if unasked and answers:
        yield Finding("Symbol", None, f"{unasked} more were not asked for: {MOST_CALLS} calls at most")


def _of_data(setup: Setup, answer: Answer) -> Iterator[Finding]:
    present = {seen.symbol for seen in answer.observed} | {bar.symbol for bar in answer.bars or ()}
    for symbol in answer.request.symbols:
        if symbol not in present:
            yield Finding("Symbol", False, f"{symbol}: not in the answer of {answer.request.endpoint}")
    lesser = sorted({seen.freshness for seen in answer.observed} - {setup.plan.freshness})
    if lesser:
        yield Finding(
            "Key",
            False,
            f"its data are {lesser[0].replace('_', ' ')}, plan {setup.plan.name} "
            f"has {setup.plan.freshness.replace('_', ' ')} data: set the plan that the key has",
        )
    for text in answer.unread[:1]:
        yield Finding("Key", False, f"{len(answer.unread)} parts of the answer cannot be read: {text}")


def _otherwise(answer: Answer) -> str:
    limited = answer.refusal is not None and answer.refusal.kind in LIMITED
    return "Its calls are used up for now." if limited else "It brought nothing."


def of_clock(answers: Sequence[Answer]) -> Finding:
    """The clock against the source's. A header has whole seconds, and was sent before it arrived."""
    offsets = [answer.sent_at - answer.arrived_at for answer in answers if answer.sent_at]
    if not offsets:
        return Finding("Clock", None, "the source's answers have no time to compare with")
    nearest = min(offsets, key=abs)
    seconds = abs(nearest.total_seconds())
    side = "earlier" if nearest > timedelta(0) else "later"
    text = "as the source's, within 2 s" if seconds < 2 else f"{seconds:,.0f} s {side} than the source's"
    return Finding("Clock", abs(nearest) <= MOST_OFFSET, text)


def of_symbols(setup: Setup, now: datetime) -> Iterator[Finding]:
    """Each exchange, its symbols and its next session."""
    for code in sorted({calendar_of(symbol, setup.calendar_setting) for symbol in setup.symbols}):
        there = [item for item in setup.symbols if calendar_of(item, setup.calendar_setting) == code]
        place = exchanges.by_calendar(code)
        name = code if place is exchanges.UTC_MARKET else f"{place.name} ({code})"
        session = _session(setup.hours[code], now)
        yield Finding("Exchange", None, f"{name}: {_names(there)}. {session}")


def _session(windows: Sequence[Window], now: datetime) -> str:
    around = phase(windows, now)
    if around.current:
        if around.current.closes == FOREVER_CLOSES:
            return "It never closes"
        return f"It trades until {_stamp(around.current.closes)}"
    if around.following:
        return f"It next trades {_stamp(around.following.opens)} to {around.following.closes:%H:%M}"
    return "No session is known from now on"


def of_tomorrow(setup: Setup, now: datetime, zone: datetime) -> Iterator[Finding]:
    """What the page shows tomorrow morning where the process runs until then. zone: now, in the viewer's."""
    morning = (zone + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    for code in sorted({calendar_of(symbol, setup.calendar_setting) for symbol in setup.symbols}):
        count = sum(calendar_of(symbol, setup.calendar_setting) == code for symbol in setup.symbols)
        yield Finding("Tomorrow", None, _on_the_page(setup, code, count, now, morning))


def _on_the_page(setup: Setup, code: str, count: int, now: datetime, morning: datetime) -> str:
    plan, windows = setup.plan, setup.hours[code]
    what = f"{count} of {code}"
    if plan.freshness is Freshness.END_OF_DAY:
        day = day_of(windows, morning, plan.quota_day)
        if day.trading_day is None or day.since is None:
            return f"{what}: nothing, no session is known"
        reached = min(count, plan.limits.day or count)
        turns = "" if reached == count else f", {reached} of them a day"
        since = _stamp(day.since - GRACE + setup.after_close(code))
        return f"{what}: the bar of {day.trading_day:%a %d %b}, there from {since} on{turns}"
    around = phase(windows, morning - plan.delay)
    late = f" {plan.delay.total_seconds() / 60:.0f} minutes late" if plan.delay else ""
    if around.current:
        return f"{what}: prices of the market as it trades{late}"
    if around.previous is None:
        return f"{what}: nothing, no session is known"
    since = around.previous.closes + plan.delay + closing_grace(code)
    return f"{what}: the closing price of {around.previous.closes:%a %d %b}, there from {_stamp(since)} on"


def _stamp(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%a %d %b %H:%M} UTC" if moment else "an unknown time"


def _names(symbols: Sequence[str], shown: int = 5) -> str:
    more = f" and {len(symbols) - shown} more" if len(symbols) > shown else ""
    return ", ".join(symbols[:shown]) + more

"""Which daily bar a symbol has, and when the next one is expected. Pure.

For plans with end-of-day data only: with the others the strip says when the market opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo

from stock_common import exchanges
from stock_common.status import MarketState, ProducerStatus
from stock_dashboard import market, text
from stock_dashboard.health.strip import both_times

SYMBOLS_SHOWN = 12


def sentences(
    days: Mapping[str, date],
    symbols: Iterable[str],
    producer: ProducerStatus | None,
    now: datetime,
    viewer: tzinfo,
) -> list[str]:
    """A sentence for all symbols with the same bar and the same next one, the next that comes first.

    days: symbol → trading day of its newest bar. viewer: the time zone of the browser.
    """
    if producer is None or producer.freshness != "end_of_day":
        return []
    newest: dict[str, date] = {}
    for symbol, day in days.items():
        calendar = _calendar(symbol, producer)
        newest[calendar] = max(day, newest.get(calendar, day))
    states = {item.calendar: item for item in producer.markets}
    alike: dict[tuple[float, date, str], list[str]] = {}
    for symbol in sorted(symbols):
        calendar = _calendar(symbol, producer)
        state, day = states.get(calendar), days[symbol]
        due = state.data_due.timestamp() if state and state.data_due else float("inf")
        words = f"bar of {text.day(day, now)}{_next(day, newest[calendar], state, now, viewer)}"
        alike.setdefault((due, day, words), []).append(symbol)
    return [f"{_names(found)}: {words}." for (_, _, words), found in sorted(alike.items())]


def _next(day: date, newest: date, state: MarketState | None, now: datetime, viewer: tzinfo) -> str:
    """When the bar after that of `day` comes. newest: the newest bar of its exchange."""
    if day < newest:
        return f", that of {text.day(newest, now)} comes in its turn"
    if state is None or state.data_due is None:
        return ""
    when = both_times(state.data_due, exchanges.by_calendar(state.calendar).zone, viewer, now)
    return f", next expected {'after' if state.data_due > now else 'since'} {when}"


def _calendar(symbol: str, producer: ProducerStatus) -> str:
    """The calendar that the producer follows for the symbol."""
    # MARKET_CALENDAR may name one for all symbols.
    if len(producer.markets) == 1:
        return producer.markets[0].calendar
    return market.exchange_of(symbol, producer.markets).calendar


def _names(symbols: list[str]) -> str:
    others = len(symbols) - SYMBOLS_SHOWN
    shown = ", ".join(symbols[:SYMBOLS_SHOWN])
    return f"{shown} and {others} others" if others > 0 else shown

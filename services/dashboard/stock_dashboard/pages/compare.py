"""Compare: up to ten symbols on one scale, 100 at the first bar that all of them have."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from stock_common import exchanges
from stock_common.exchanges import ALWAYS_OPEN, UTC_MARKET, Exchange
from stock_common.symbols import is_symbol
from stock_dashboard import market, text
from stock_dashboard.charts import bars, comparison, plot
from stock_dashboard.charts.comparison import LIMIT, Comparison, Line
from stock_dashboard.data import quotes, runtime
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.history import queries
from stock_dashboard.history.cache import Result
from stock_dashboard.history.queries import Query, Range
from stock_dashboard.pages import base
from stock_dashboard.ui import address, html

FIRST_RANGE = "6M"
SHORTEST = "1D"
FEW_DAYS = 5
"""With fewer trading days than this, the first range is the shortest: a line needs more than a few points."""
_FIRST = "first range"
FIRST_SYMBOLS = 3
HEADS = ("Symbol", "Since first bar", "From", "To", "Low", "High", "Largest fall from a peak", "Last bar")


def page() -> None:
    shared = runtime.current()
    words = (address.read("symbols") or "").upper().split(",")
    asked = [symbol for symbol in words if is_symbol(symbol)]
    known = sorted({*quotes.symbols(shared), *asked[:LIMIT]})
    if not known:
        base.show_no_symbol()
        return
    chosen, span = _choices(known, _first_range(shared, asked or known[:FIRST_SYMBOLS]))
    if not chosen:
        st.html(html.blank("Nothing chosen", f"Choose up to {LIMIT} symbols above; two are a comparison."))
        return
    base.show(
        shared,
        "compare",
        lambda user_opened: _draw_held(shared, chosen, queries.RANGES[span], user_opened),
        comparison.table,
        slower=base.SLOWER,
    )


def _first_range(shared: Runtime, symbols: list[str]) -> str:
    """The range where neither the address nor a person names one. It stays the same for the whole visit."""
    if address.read("span"):
        st.session_state.setdefault(_FIRST, FIRST_RANGE)
    if _FIRST not in st.session_state:
        held = _held(shared, symbols[:LIMIT])
        results = shared.results(_asked(shared, held, FIRST_RANGE), user_opened=True)
        tables = [result.table for result in results if result.table is not None]
        days = {day for table in tables for day in table.column("trading_day").to_pylist()}
        st.session_state[_FIRST] = SHORTEST if tables and len(days) < FEW_DAYS else FIRST_RANGE
    return st.session_state[_FIRST]


def _held(shared: Runtime, symbols: list[str]) -> list[str]:
    """Those that have a quote. The warehouse is asked for no other: an address may hold anything."""
    known = set(quotes.symbols(shared))
    return [symbol for symbol in symbols if symbol in known]


def _asked(shared: Runtime, symbols: list[str], span: str) -> list[Query]:
    """The questions for the symbols' bars."""
    now, markets = shared.now(), shared.store.markets()
    days = [now.astimezone(market.exchange_of(symbol, markets).zone).date() for symbol in symbols]
    return [
        queries.bars(symbol, queries.RANGES[span], day) for symbol, day in zip(symbols, days, strict=True)
    ]


def _choices(known: list[str], first_range: str) -> tuple[list[str], str]:
    """Symbols and range, as chosen here or by the address."""
    if "symbols" in st.session_state:
        st.session_state["symbols"] = [symbol for symbol in st.session_state["symbols"] if symbol in known]
    address.follow_many("symbols", known, known[:FIRST_SYMBOLS], LIMIT)
    address.follow("span", queries.RANGES, first_range)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="choices"):
        chosen = st.multiselect(
            "Symbols",
            known,
            key="symbols",
            max_selections=LIMIT,
            label_visibility="collapsed",
            placeholder="Symbols to compare",
            select_all=False,
        )
        span = st.segmented_control(
            "Range", list(queries.RANGES), required=True, key="span", label_visibility="collapsed"
        )
    span = span or first_range
    address.keep("symbols", ",".join(chosen), ",".join(known[:FIRST_SYMBOLS]))
    address.keep("span", span, first_range)
    return chosen, span


def _draw_held(shared: Runtime, chosen: list[str], span: Range, user_opened: bool) -> list[Line]:
    """Draws those that have a quote, and names the others."""
    held = _held(shared, chosen)
    others = ", ".join(symbol for symbol in chosen if symbol not in held)
    if not held:
        reason = "Choose symbols that have quotes. This page opens by itself when one comes."
        st.html(html.blank(f"No quote of {others} yet", reason))
        return []
    if others:
        st.html(html.note(f"No quote of {others} has come yet."))
    return _draw(shared, held, span, user_opened)


def _draw(shared: Runtime, chosen: list[str], span: Range, user_opened: bool) -> list[Line]:
    """Draws chart and table. Returns the lines."""
    markets = shared.store.markets()
    places = {symbol: market.exchange_of(symbol, markets) for symbol in chosen}
    asked = _asked(shared, chosen, span.name)
    notices, place = st.container(), plot.room()
    results = dict(zip(chosen, shared.results(asked, user_opened=user_opened), strict=True))
    found = comparison.compared(
        {
            symbol: quotes.joined(shared, symbol, span, results[symbol], places[symbol]).bars
            for symbol in chosen
        }
    )
    with notices:
        base.show_notices(shared, _worst(list(results.values())))
    if not found.lines:
        pending = any(result.pending for result in results.values())
        faulty = any(result.fault for result in results.values())
        reason = f"The warehouse has no bars of {', '.join(results)} for {span.name}."
        with place:
            base.show_no_bars(pending, faulty, reason)
        return []
    exchange = _common(list(places.values()))
    closes = all(item.calendar != ALWAYS_OPEN for item in places.values())
    chart = comparison.chart(found.lines, exchange, span.minutes, closes)
    plot.show(chart, place, key=f"compare-{span.name}", user_opened=user_opened)
    st.html(html.table(HEADS, [_row(line, exchange, span) for line in found.lines]))
    st.html(html.foot(_foot(found, span, exchange, results)))
    return found.lines


def _worst(results: list[Result]) -> Result:
    """The first result with a fault, or the first."""
    return next((result for result in results if result.fault), results[0])


def _common(places: list[Exchange]) -> Exchange:
    """The exchange of all symbols, UTC where they have several."""
    first = places[0]
    return first if all(place == first for place in places) else UTC_MARKET


def _when(line: Line, place: int, exchange: Exchange, span: Range) -> str:
    if not span.intraday:
        day = line.bars.days[place].astype(object)
        return f"{day:%a} {day.day} {day:%b %Y}"
    at = market.utc(line.bars.starts[place])
    local = at.astimezone(exchange.zone)
    return f"{local:%a} {local.day}, {text.clock(at, exchange.zone, seconds=False)}"


def _row(line: Line, exchange: Exchange, span: Range) -> list[object]:
    close, change = line.bars.close, line.change
    return [
        line.symbol,
        (f"{text.arrow(change)} {text.signed(change, 2, '%')}", f"sd-{text.direction(change)}"),
        text.price(float(close[0])),
        text.price(float(close[-1])),
        text.price(float(close.min())),
        text.price(float(close.max())),
        text.signed(line.drawdown, 2, "%"),
        _when(line, -1, exchange, span),
    ]


def _foot(found: Comparison, span: Range, exchange: Exchange, results: dict[str, Result]) -> str:
    start = _when(found.lines[0], 0, exchange, span)
    parts = [f"100 is the close of {start}, the first bar that all of them have"]
    if found.late:
        parts.append(f"{found.late} begins last")
    parts += units(line.symbol for line in found.lines)
    parts.append(base.times_of(exchange) if span.intraday else _adjustment(found, results))
    ages = [result.age or 0.0 for result in results.values() if result.table is not None]
    if ages:
        parts.append(f"history read {text.ago(max(ages))}")
    absent = f" No bars of {', '.join(found.absent)}." if found.absent else ""
    return ", ".join(parts) + "." + absent


def units(symbols: Iterable[str]) -> list[str]:
    """Says that the prices are in several currencies, where they are."""
    found = {symbol: exchanges.of(symbol).currency or "an unknown currency" for symbol in symbols}
    if len(set(found.values())) < 2:
        return []
    return ["prices are not converted: " + ", ".join(f"{symbol} in {unit}" for symbol, unit in found.items())]


def _adjustment(found: Comparison, results: dict[str, Result]) -> str:
    """Which symbols' daily bars are not adjusted for splits."""
    tables = {line.symbol: results[line.symbol].table for line in found.lines}
    as_traded = [
        symbol for symbol, table in tables.items() if table is not None and not bars.shares(table).adjusted
    ]
    if as_traded:
        return "as traded, not adjusted for splits: " + ", ".join(as_traded)
    return "split-adjusted"

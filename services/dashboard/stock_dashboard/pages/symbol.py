"""Symbol: candles and volume from the warehouse, continued to this minute by the live topic."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from stock_common.exchanges import ALWAYS_OPEN, Exchange
from stock_common.symbols import is_symbol
from stock_dashboard import market, text
from stock_dashboard.charts import bars, plot
from stock_dashboard.charts.bars import Bars
from stock_dashboard.charts.price import ChartOptions, Mark, price_chart
from stock_dashboard.data import alerts, quotes, runtime
from stock_dashboard.data.runtime import FIRST_PAINT_SECONDS, PARTIAL_PAINT_SECONDS, Runtime
from stock_dashboard.history import queries
from stock_dashboard.history.cache import Result
from stock_dashboard.history.queries import Query, Range
from stock_dashboard.pages import base, download, frame
from stock_dashboard.pages.quote_head import quote_head
from stock_dashboard.ui import address, html

OVERLAYS = {"MA 20": 20, "MA 50": 50, "MA 200": 200, "VWAP": 0}
"""The lines that a person can choose, with the window of moving averages in bars."""
FIRST_RANGE = "1D"
FIRST_LINES = ["VWAP"]
LENGTHS = {1: "1 minute", 5: "5 minutes", 60: "1 hour", 1_440: "1 day"}


class Chosen(NamedTuple):
    """What a person chose, here or by the address."""

    symbol: str
    span: Range
    overlays: tuple[str, ...]


class Shown(NamedTuple):
    """The chart's bars, and of daily bars when each was split-adjusted."""

    bars: Bars
    adjusted_at: np.ndarray | None


def page() -> None:
    shared = runtime.current()
    asked = (address.read("symbol") or "").upper()
    if asked in shared.store.newest():
        # The warehouse is asked for the chart's bars at the same time as for the symbols, not after them.
        span = queries.RANGES.get(address.read("range") or "", queries.RANGES[FIRST_RANGE])
        shared.result(_query(shared, asked, span), user_opened=False)
    known = quotes.symbols(shared)
    if not known:
        base.latest_rows(shared, user_opened=True)
        return
    chosen = _choices(known, asked)
    if chosen is None:
        frame.refreshed("symbol-unknown", lambda: _unknown(shared, asked))
        return
    frame.refreshed("symbol-head", lambda: _head(shared, chosen.symbol))
    base.show(
        shared,
        "symbol",
        lambda user_opened: _chart(shared, chosen, user_opened),
        lambda shown: download.bar_table(chosen.symbol, *shown),
        slower=base.SLOWER,
        file_name=f"{chosen.symbol}-{chosen.span.name}",
    )


def _unknown(shared: Runtime, asked: str) -> None:
    """Says that a symbol has no quote. The warehouse is asked nothing: an address may hold anything."""
    if asked in shared.store.newest():
        address.again()
    title = f"No quote of {asked}" if is_symbol(asked) else "The address names no symbol"
    st.html(html.blank(title, "Choose a symbol that has quotes. This page opens by itself when one comes."))


def _choices(known: list[str], asked: str) -> Chosen | None:
    """Symbol, range and lines, as chosen here or by the address. None where it asks for an unknown symbol."""
    if "symbol" in st.session_state and st.session_state["symbol"] not in (*known, None):
        del st.session_state["symbol"]
    address.follow("symbol", known, None if asked else known[0])
    address.follow("range", queries.RANGES, FIRST_RANGE)
    address.follow_many("lines", OVERLAYS, FIRST_LINES)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="choices"):
        symbol = st.selectbox(
            "Symbol",
            known,
            index=None,
            key="symbol",
            required=True,
            label_visibility="collapsed",
            placeholder="Symbol",
            width=150,
        )
        span = st.segmented_control(
            "Range", list(queries.RANGES), required=True, key="range", label_visibility="collapsed"
        )
        overlays = st.pills(
            "Lines", list(OVERLAYS), selection_mode="multi", key="lines", label_visibility="collapsed"
        )
    span = span or FIRST_RANGE
    address.keep("range", span, FIRST_RANGE)
    address.keep("lines", ",".join(overlays), ",".join(FIRST_LINES))
    if symbol is None:
        return None
    address.keep("symbol", symbol)
    return Chosen(symbol, queries.RANGES[span], tuple(overlays))


def _head(shared: Runtime, symbol: str) -> None:
    row = quotes.latest(shared, symbol)
    if row is None:
        st.html(html.note(f"No quote of {symbol} has come yet."))
        return
    zone = market.exchange_of(symbol, shared.store.markets()).zone
    st.html(quote_head(row, zone, shared.now()))
    base.show_expected(shared, [*quotes.live_rows(shared), row], [row])


def _chart(shared: Runtime, chosen: Chosen, user_opened: bool) -> Shown:
    """Draws the chart. Returns what it shows."""
    symbol, span = chosen.symbol, chosen.span
    exchange = market.exchange_of(symbol, shared.store.markets())
    has_live_bars = span.intraday and shared.store.minutes(symbol)[1] is not None
    notices, place = st.container(), plot.room()
    wait = PARTIAL_PAINT_SECONDS if has_live_bars else FIRST_PAINT_SECONDS
    result = shared.result(_query(shared, symbol, span), user_opened=user_opened, wait=wait)
    shown, live_from, before = quotes.joined(shared, symbol, span, result, exchange)
    with notices:
        base.show_notices(shared, result)
    if not shown:
        with place:
            base.show_no_bars(result.pending, result.fault is not None, _why_empty(symbol, span))
        return Shown(shown, None)
    figure = price_chart(symbol, shown, _options(shared, chosen, exchange, shown)._replace(before=before))
    plot.show(figure, place, key=f"chart-{symbol}-{span.name}", user_opened=user_opened)
    st.html(html.foot(_foot(chosen, shown, result, live_from, exchange)))
    daily = result.table is not None and not span.intraday
    return Shown(shown, bars.adjusted_at(result.table)[-len(shown.starts) :] if daily else None)


def _query(shared: Runtime, symbol: str, span: Range) -> Query:
    zone = market.exchange_of(symbol, shared.store.markets()).zone
    return queries.bars(symbol, span, shared.now().astimezone(zone).date())


def _options(shared: Runtime, chosen: Chosen, exchange: Exchange, shown: Bars) -> ChartOptions:
    row = quotes.latest(shared, chosen.symbol)
    return ChartOptions(
        exchange.zone,
        chosen.span.minutes,
        closes=exchange.calendar != ALWAYS_OPEN,
        averages=tuple(OVERLAYS[name] for name in chosen.overlays if OVERLAYS[name]),
        vwap="VWAP" in chosen.overlays,
        last=row.price if row else None,
        change=row.change if row else None,
        previous_close=row.previous if row and chosen.span.name == "1D" else None,
        marks=_marks(shared, chosen.symbol, shown),
    )


def _marks(shared: Runtime, symbol: str, shown: Bars) -> tuple[Mark, ...]:
    """The symbol's alerts within the bars."""
    first = shown.starts[0].astype(object)
    found = [
        alert
        for alert in alerts.all_alerts(shared, user_opened=False).alerts
        if alert.symbol == symbol and alert.triggered_at.replace(tzinfo=None) >= first
    ]
    return tuple(Mark(alert.triggered_at, float(alert.price), alert.message) for alert in found)


def _why_empty(symbol: str, span: Range) -> str:
    kind = "Daily bars are made when a trading day's quotes are loaded."
    if span.intraday:
        kind = "Intraday bars need quotes with a time within the day, and a load into the warehouse."
    return f"The warehouse has no bars of {symbol} for {span.name}. {kind}"


def _foot(
    chosen: Chosen, shown: Bars, result: Result, live_from: np.datetime64 | None, exchange: Exchange
) -> str:
    """What the chart shows. `live_from`: the first bar from the live topic."""
    span = chosen.span
    parts = [f"{len(shown.starts):,} bar{'' if len(shown.starts) == 1 else 's'} of {LENGTHS[span.minutes]}"]
    if result.table is not None:
        if not span.intraday:
            parts.append(bars.shares(result.table).words)
        parts.append(f"history read {text.ago(result.age)}" + (", being renewed" if result.pending else ""))
    if live_from is not None:
        parts.append("the newest from the live topic")
    if span.intraday:
        parts.append(base.times_of(exchange))
    hint = " VWAP is drawn on intraday ranges." if "VWAP" in chosen.overlays and not span.intraday else ""
    return ", ".join(parts) + "." + hint

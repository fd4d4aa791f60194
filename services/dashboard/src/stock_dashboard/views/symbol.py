"""Symbol: candles and volume from the warehouse, carried on to this minute by the tape."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import streamlit as st

from stock_dashboard import address, alerting, bars, charts, download, frame, market, markup, plot, queries, quotes, runtime, states, text
from stock_dashboard.bars import Bars
from stock_dashboard.charts import Look, Mark
from stock_dashboard.history import Picture
from stock_dashboard.queries import Range

OVERLAYS = {"MA 20": 20, "MA 50": 50, "MA 200": 200, "VWAP": 0}
CHART_PACE = 2.0
FIRST_RANGE = "1D"
FIRST_LINES = ["VWAP"]
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,31}")


class Shown(NamedTuple):
    """The chart's bars; of daily ones when each was split-adjusted."""

    bars: Bars
    adjusted_at: np.ndarray | None


def page() -> None:
    shared = runtime.current()
    asked = st.query_params.get("symbol", "").upper()
    if named := bool(SYMBOL.fullmatch(asked)):
        # The chart's question goes out beside that for the symbols, not after it.
        span = queries.RANGES.get(st.query_params.get("range", ""), queries.RANGES[FIRST_RANGE])
        shared.picture(_query(shared, asked, span), acted=False)
    known = quotes.symbols(shared)
    if named:
        known = sorted({*known, asked})
    if not known:
        st.html(markup.blank("No symbol yet", "Symbols appear here as soon as the first quotes have come."))
        return
    symbol, span, overlays = _choices(known)
    frame.live(lambda: _head(shared, symbol))
    opened, shown = [True], [Shown(bars.empty(), None)]

    def draw() -> None:
        acted, opened[0] = opened[0], False
        shown[0] = _chart(shared, symbol, queries.RANGES[span], tuple(overlays), acted)

    frame.live(draw, slower=CHART_PACE)
    download.buttons(f"{symbol}-{span}", shared.now(), lambda: download.bar_table(symbol, *shown[0]))


def _choices(known: list[str]) -> tuple[str, str, list[str]]:
    """Symbol, range and lines, as chosen here or by the address."""
    if "symbol" in st.session_state and st.session_state["symbol"] not in known:
        del st.session_state["symbol"]
    address.follow("symbol", known, known[0])
    address.follow("range", queries.RANGES, FIRST_RANGE)
    address.follow_many("lines", OVERLAYS, FIRST_LINES)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="choices"):
        symbol = st.selectbox("Symbol", known, index=None, key="symbol", required=True, label_visibility="collapsed", width=150) or known[0]
        span = st.segmented_control("Range", list(queries.RANGES), required=True, key="range", label_visibility="collapsed") or FIRST_RANGE
        overlays = st.pills("Lines", list(OVERLAYS), selection_mode="multi", key="lines", label_visibility="collapsed")
    address.keep("symbol", symbol)
    address.keep("range", span, FIRST_RANGE)
    address.keep("lines", ",".join(overlays), ",".join(FIRST_LINES))
    return symbol, span, overlays


def _head(shared: runtime.Runtime, symbol: str) -> None:
    quote, markets = quotes.latest(shared, symbol), shared.store.markets()
    if quote is None:
        st.html(markup.note(f"No quote of {symbol} has come yet."))
        return
    st.html(markup.quote_head(quote, market.exchange_of(symbol, markets).zone, shared.now()))


def _chart(shared: runtime.Runtime, symbol: str, span: Range, overlays: tuple[str, ...], acted: bool) -> Shown:
    """The chart; returns what it shows."""
    now, markets = shared.now(), shared.store.markets()
    exchange = market.exchange_of(symbol, markets)
    wait = runtime.PARTIAL_PAINT_SECONDS if span.intraday and shared.store.minutes(symbol)[1] is not None else runtime.FIRST_PAINT_SECONDS
    picture = shared.picture(_query(shared, symbol, span), acted=acted, wait=wait)
    shown, live_from = quotes.joined(shared, symbol, span, picture, exchange)
    store = shared.store
    said = [words for words in (states.feed_words(store, now), states.history_words(picture, store.link, store.loader())) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not shown:
        title = "Loading" if picture.pending else "No bars yet"
        st.html(markup.blank(title, _why_empty(symbol, span, picture)))
        return Shown(shown, None)
    quote = quotes.latest(shared, symbol)
    look = Look(
        exchange.zone,
        span.minutes,
        closes=exchange.calendar != market.ALWAYS_OPEN,
        averages=tuple(OVERLAYS[name] for name in overlays if OVERLAYS[name]),
        vwap="VWAP" in overlays,
        last=quote.price if quote else None,
        change=quote.change if quote else None,
        previous_close=quote.previous if quote and span.name == "1D" else None,
        marks=marks(shared, symbol, shown),
    )
    plot.show(charts.price_chart(symbol, shown, look), key=f"chart-{symbol}-{span.name}", opened=acted)
    st.html(markup.foot(_source(span, shown, picture, live_from, exchange, "VWAP" in overlays)))
    return Shown(shown, None if span.intraday or picture.table is None else bars.adjusted_at(picture.table))


def _query(shared: runtime.Runtime, symbol: str, span: Range) -> queries.Query:
    zone = market.exchange_of(symbol, shared.store.markets()).zone
    return queries.bars(symbol, span, shared.now().astimezone(zone).date())


def marks(shared: runtime.Runtime, symbol: str, shown: Bars) -> tuple[Mark, ...]:
    """The symbol's alerts within the bars."""
    first = shown.starts[0].astype(object)
    found = [
        alert for alert in alerting.known(shared, acted=False).alerts if alert.symbol == symbol and alert.triggered_at.replace(tzinfo=None) >= first
    ]
    return tuple(Mark(alert.triggered_at, float(alert.price), alert.message) for alert in found)


def _why_empty(symbol: str, span: Range, picture: Picture) -> str:
    if picture.pending:
        return "The warehouse is being asked; it may have to wake up first."
    if picture.fault:
        return "There is no history in memory, and the warehouse cannot be read now."
    kind = (
        "Daily bars are made when a trading day's quotes are loaded."
        if not span.intraday
        else "Intraday bars need quotes with a time within the day, and a load into the warehouse."
    )
    return f"The warehouse has no bars of {symbol} for {span.name}. {kind}"


def _source(span: Range, shown: Bars, picture: Picture, live_from: np.datetime64 | None, exchange: market.Exchange, vwap: bool) -> str:
    length = {1: "1 minute", 5: "5 minutes", 60: "1 hour", 1_440: "1 day"}[span.minutes]
    parts = [f"{len(shown.starts):,} bar{'' if len(shown.starts) == 1 else 's'} of {length}"]
    if picture.table is not None and not span.intraday:
        parts.append(bars.shares(picture.table).words)
    if picture.table is not None:
        parts.append(f"history read {text.ago(picture.age)}" + (", being renewed" if picture.pending else ""))
    if live_from is not None:
        parts.append("the newest from the live topic")
    if span.intraday:
        parts.append(f"times are {exchange.place}'s" if exchange.place != "UTC" else "times are UTC")
    return ", ".join(parts) + "." + (" VWAP is drawn on intraday ranges." if vwap and not span.intraday else "")

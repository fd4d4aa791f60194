"""Compare: up to ten symbols on one scale, 100 at the first bar that all of them have."""

from __future__ import annotations

import streamlit as st

from stock_dashboard import address, bars, comparison, download, frame, market, markup, plot, queries, quotes, runtime, states, text
from stock_dashboard.comparison import LIMIT, Comparison, Line
from stock_dashboard.history import Picture
from stock_dashboard.market import Exchange
from stock_dashboard.queries import Range
from stock_dashboard.views.symbol import CHART_PACE, SYMBOL

FIRST_RANGE = "6M"
FIRST_SYMBOLS = 3
HEADS = ("Symbol", "Change", "From", "To", "Low", "High", "Deepest fall", "Last bar")


def page() -> None:
    shared = runtime.current()
    asked = [symbol for symbol in st.query_params.get("symbols", "").split(",") if SYMBOL.fullmatch(symbol)]
    known = sorted({*quotes.symbols(shared), *asked[:LIMIT]})
    if not known:
        st.html(markup.blank("No symbol yet", "Symbols appear here as soon as the first quotes have come."))
        return
    chosen, span = _choices(known)
    if not chosen:
        st.html(markup.blank("Nothing chosen", f"Choose up to {LIMIT} symbols above; two are a comparison."))
        return
    opened: list[bool] = [True]
    shown: list[list[Line]] = [[]]

    def draw() -> None:
        acted, opened[0] = opened[0], False
        shown[0] = _draw(shared, chosen, queries.RANGES[span], acted)

    frame.live(draw, slower=CHART_PACE)
    download.buttons("compare", shared.now(), lambda: comparison.table(shown[0]))


def _choices(known: list[str]) -> tuple[list[str], str]:
    """Symbols and range, as chosen here or by the address."""
    if "symbols" in st.session_state:
        st.session_state["symbols"] = [symbol for symbol in st.session_state["symbols"] if symbol in known]
    address.follow_many("symbols", known, known[:FIRST_SYMBOLS], LIMIT)
    address.follow("span", queries.RANGES, FIRST_RANGE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="choices"):
        chosen = st.multiselect(
            "Symbols", known, key="symbols", max_selections=LIMIT, label_visibility="collapsed", placeholder="Symbols to compare", select_all=False
        )
        span = st.segmented_control("Range", list(queries.RANGES), required=True, key="span", label_visibility="collapsed") or FIRST_RANGE
    address.keep("symbols", ",".join(chosen), ",".join(known[:FIRST_SYMBOLS]))
    address.keep("span", span, FIRST_RANGE)
    return chosen, span


def _draw(shared: runtime.Runtime, chosen: list[str], span: Range, acted: bool) -> list[Line]:
    """Chart and table; returns the lines."""
    now, markets = shared.now(), shared.store.markets()
    exchanges = {symbol: market.exchange_of(symbol, markets) for symbol in chosen}
    asked = [queries.bars(symbol, span, now.astimezone(exchanges[symbol].zone).date()) for symbol in chosen]
    found = dict(zip(chosen, shared.pictures(asked, acted=acted), strict=True))
    result = comparison.compared({symbol: quotes.joined(shared, symbol, span, found[symbol], exchanges[symbol])[0] for symbol in chosen})
    worst = next((picture for picture in found.values() if picture.fault), next(iter(found.values())))
    said = [words for words in (states.feed_words(shared.store, now), states.history_words(worst, shared.store.link, shared.store.loader())) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not result.lines:
        pending = any(picture.pending for picture in found.values())
        st.html(markup.blank("Loading" if pending else "No bars yet", _why_empty(span, found, pending)))
        return []
    places = set(exchanges.values())
    exchange = places.pop() if len(places) == 1 else market.UTC_TIME
    closes = all(place.calendar != market.ALWAYS_OPEN for place in exchanges.values())
    chart = comparison.chart(result.lines, exchange, span.minutes, closes)
    plot.show(chart, key=f"compare-{span.name}", opened=acted)
    st.html(markup.table(HEADS, [_row(line, exchange, span) for line in result.lines]))
    st.html(markup.foot(_foot(result, span, exchange, {symbol: picture for symbol, picture in found.items() if picture.table is not None})))
    return result.lines


def _when(line: Line, place: int, exchange: Exchange, span: Range) -> str:
    if not span.intraday:
        day = line.bars.days[place].astype(object)
        return f"{day:%a} {day.day} {day:%b %Y}"
    at = market.utc(line.bars.starts[place])
    return f"{at.astimezone(exchange.zone):%a} {at.astimezone(exchange.zone).day}, {text.clock(at, exchange.zone, seconds=False)}"


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


def _why_empty(span: Range, found: dict[str, Picture], pending: bool) -> str:
    if pending:
        return "The warehouse is being asked; it may have to wake up first."
    if any(picture.fault for picture in found.values()):
        return "There is no history in memory, and the warehouse cannot be read now."
    return f"The warehouse has no bars of {', '.join(found)} for {span.name}."


def _foot(result: Comparison, span: Range, exchange: Exchange, read: dict[str, Picture]) -> str:
    first = result.lines[0]
    parts = [f"100 is the close of {_when(first, 0, exchange, span)}, the first bar that all of them have"]
    if result.late:
        parts.append(f"{result.late} begins last")
    if span.intraday:
        parts.append(f"times are {exchange.place}'s" if exchange.place != "UTC" else "times are UTC")
    else:
        traded = [line.symbol for line in result.lines if line.symbol in read and not bars.shares(read[line.symbol].table).adjusted]
        parts.append("as traded, where a split is a jump: " + ", ".join(traded) if traded else "split-adjusted")
    if read:
        parts.append(f"history read {text.ago(max(picture.age or 0.0 for picture in read.values()))}")
    absent = f" No bars of {', '.join(result.absent)}." if result.absent else ""
    return ", ".join(parts) + "." + absent

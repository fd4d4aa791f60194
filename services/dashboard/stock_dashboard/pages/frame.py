"""The page frame: style sheet, strip, the pace of refreshing, the viewer's time zone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
import structlog
from streamlit.components.v2 import component

from stock_dashboard import market, text
from stock_dashboard.data import runtime
from stock_dashboard.data.row import Row
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.health.snapshot import snapshot
from stock_dashboard.health.strip import strip
from stock_dashboard.live.store import LiveStore
from stock_dashboard.ui import address, html
from stock_dashboard.ui.part import static

_SEEN = "alerts seen"
FAST_SECONDS = 1.0
SLOW_SECONDS = 10.0
PART_FAILED = "This part could not be drawn. The log names the reason. The others go on."
_log = structlog.stdlib.get_logger("stock.dashboard")
_logged: set[tuple[str, str, int]] = set()
"""Errors that are in the log already: a part is drawn each second, for every viewer."""
QUIET_SECONDS = 120.0
"""A closed market's page slows down when no quote has come for this long."""


@cache
def _ages() -> Callable[..., object]:
    return component("stock_ages", js=static("format.js") + static("ages.js"))


def style() -> None:
    """Writes the style sheet. Once in every full run."""
    st.html(f"<style>{static('app.css')}</style>")


def viewer_zone() -> tzinfo:
    """The browser's time zone, UTC where the browser does not give one."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def pace(store: LiveStore, now: datetime) -> float:
    """Seconds between refreshes. Slow while every market is closed and the topic is silent, else fast."""
    markets = store.markets()
    if not markets or any(market.open_now(item, now) for item in markets):
        return FAST_SECONDS
    newest = store.newest_kafka
    is_quiet = newest is None or (now - newest).total_seconds() >= QUIET_SECONDS
    return SLOW_SECONDS if is_quiet else FAST_SECONDS


def refreshed(name: str, draw: Callable[[], None], slower: float = 1.0) -> None:
    """Draws now, and again at the market's pace times `slower`, without a run of the whole page.

    name: no other fragment has it. Streamlit tells fragments apart by the name of their function.
    A change of pace runs the whole page once.
    """
    shared = runtime.current()
    used = pace(shared.store, shared.now())

    def refresh() -> None:
        shared.viewers.touch(st.session_state.setdefault("viewer", str(uuid.uuid4())))
        if pace(shared.store, shared.now()) != used:
            address.again()
        guarded(name, draw)

    refresh.__qualname__ = f"refreshed.{name}"
    st.fragment(refresh, run_every=used * slower)()


def guarded(name: str, draw: Callable[[], None]) -> None:
    """Draws one part of a page. After an error a sentence stands in its place, and the others go on."""
    try:
        draw()
    except Exception as error:
        shared = runtime.current()
        shared.pages.failed()
        where = error.__traceback__
        while where and where.tb_next:
            where = where.tb_next
        kind = (name, type(error).__name__, where.tb_lineno if where else 0)
        if kind not in _logged:
            _logged.add(kind)
            _log.error("a part of a page could not be drawn", part=name, exc_info=error)
        st.html(html.note(PART_FAILED, "bad"))


def _new_alerts(shared: Runtime, seen: bool) -> int:
    """Alerts since this viewer has last seen the page of them, or since the first page of the visit."""
    if seen or _SEEN not in st.session_state:
        st.session_state[_SEEN] = shared.now()
    return sum(alert.triggered_at > st.session_state[_SEEN] for alert in shared.store.alerts())


def title(shared: Runtime, new_alerts: int) -> str:
    """The tab's title: new alerts, and the symbol with price and change. `(2) IBM 101.50 +1.50%`."""
    symbol = (address.read("symbol") or "").upper()
    item = shared.store.newest().get(symbol)
    words = "Stocks"
    if item is not None:
        row = Row.live(item)
        words = f"{symbol} {text.price(row.price)} {text.signed(row.percent, 2, '%')}".rstrip(" –")
    return f"({new_alerts}) {words}" if new_alerts else words


def known_symbols() -> list[str]:
    """Every symbol that the topics have a quote of. The warehouse is asked nothing for them."""
    return sorted(runtime.current().store.newest())


def draw_strip(seen_alerts: bool) -> None:
    """Draws the strip at the top of the page, and tells the browser that the server is at work."""

    def draw() -> None:
        shared = runtime.current()
        now = shared.now()
        state = snapshot(shared.store, now)
        st.html(strip(state, shared.store.rate(state.now), viewer_zone()))
        with st.container(key="ages", height=1, border=False):
            news = {"now": now.timestamp(), "every": pace(shared.store, now)}
            _ages()(key="age-counter", data=news | {"title": title(shared, _new_alerts(shared, seen_alerts))})

    refreshed("strip", draw)

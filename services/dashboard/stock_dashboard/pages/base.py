"""The scaffold of a page: the pace of drawing, the notices, and what the page shows as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pyarrow as pa
import streamlit as st

from stock_common.exchanges import Exchange
from stock_dashboard.data import quotes
from stock_dashboard.data.row import Row
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.health import expected
from stock_dashboard.health.notices import feed_notice, history_notice, no_quotes
from stock_dashboard.history.cache import Result
from stock_dashboard.pages import download, frame
from stock_dashboard.ui import html

T = TypeVar("T")
SLOWER = 2.0
"""Charts, and tables that need not be read every second, refresh at half the pace."""


def show(
    shared: Runtime,
    name: str,
    draw: Callable[[bool], T],
    as_table: Callable[[T], pa.Table],
    *,
    slower: float = 1.0,
    foot: str = "",
    file_name: str | None = None,
) -> None:
    """Draws a page, again and again, with the buttons of its files.

    name: no other page has it. file_name: a part of the files' names where it is not `name`.
    draw: draws the page and returns what it shows. Its argument is whether a person has just opened the page.
    as_table: the content of a file, from what the page shows when a button is pressed.
    """
    opened: list[bool] = [True]
    shown: list[T] = []

    def refresh() -> None:
        user_opened, opened[0] = opened[0], False
        shown[:] = [draw(user_opened)]

    frame.refreshed(name, refresh, slower)
    if foot:
        st.html(html.foot(foot))
    # A part that could not be drawn has no file.
    if shown:
        download.buttons(file_name or name, shared.now(), lambda: as_table(shown[0]))


def show_notices(shared: Runtime, result: Result) -> None:
    """Says why the page's data are old or missing."""
    store = shared.store
    history = history_notice(result, store.connection, store.loader())
    st.html(html.banner(feed_notice(store, shared.now()), history))


def show_no_symbol() -> None:
    """Draws a frame where there is no symbol to choose."""
    st.html(html.blank("No symbol yet", "Symbols appear here as soon as the first quotes have come."))


def show_no_bars(pending: bool, faulty: bool, reason: str) -> None:
    """Draws a frame in place of a chart. `reason`: why it is empty where the warehouse has answered."""
    if pending:
        reason = "The warehouse is being asked; it may have to wake up first."
    elif faulty:
        reason = "There is no history in memory, and the warehouse cannot be read now."
    st.html(html.blank("Loading" if pending else "No bars yet", reason))


def times_of(exchange: Exchange) -> str:
    """Whose time a chart's axis has, in words."""
    return "times are UTC" if exchange.name == "UTC" else f"times are {exchange.name}'s"


def latest_rows(shared: Runtime, user_opened: bool) -> list[Row]:
    """Every symbol's row, with the notices above them. Without any row it says why."""
    store, found = shared.store, quotes.all_rows(shared, user_opened)
    # The live topic has every new quote: most faults of the warehouse take nothing from these rows.
    history = None
    if not found.rows or found.result.fault == "denied":
        history = history_notice(found.result, store.connection)
    st.html(html.banner(feed_notice(store, shared.now()), history))
    if not found.rows:
        st.html(html.blank(*no_quotes(store, found.result.pending, shared.now(), frame.viewer_zone())))
    return found.rows


def show_expected(shared: Runtime, all_rows: Iterable[Row], shown: Iterable[Row]) -> None:
    """Says which daily bar the shown symbols have and when more comes, where there are daily bars only."""
    days = {row.symbol: row.trading_day for row in all_rows}
    symbols = (row.symbol for row in shown)
    found = expected.sentences(days, symbols, shared.store.producer(), shared.now(), frame.viewer_zone())
    if found:
        st.html(html.foot(" ".join(found)))

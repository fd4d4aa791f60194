"""The page's layout and navigation. Streamlit runs this script for every viewer and every full refresh.

All pages have one address, and `?page=` chooses one. Streamlit's own pages have a path each, whose first
request is a 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from stock_dashboard.pages import alerts, compare, frame, live, movers, pipeline, signin, symbol
from stock_dashboard.ui import address, jump, tabs


class Page(NamedTuple):
    """A page and the parameters that it has in the address."""

    draw: Callable[[], None]
    own: tuple[str, ...] = ()


PAGES = {
    "Live": Page(live.page, ("group", "sort", "list")),
    "Symbol": Page(symbol.page, ("symbol", "range", "lines")),
    "Compare": Page(compare.page, ("symbols", "span")),
    "Movers": Page(movers.page),
    "Alerts": Page(alerts.page, ("rule", "sort", "list")),
    "Pipeline": Page(pipeline.page),
}
FIRST = "Live"


st.set_page_config(page_title="Stocks", layout="wide", initial_sidebar_state="collapsed")
frame.style()
if signin.passed():
    chosen = address.begin({name: page.own for name, page in PAGES.items()}, FIRST)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="top"):
        with st.container(key="pages", width="stretch"):
            tabs.show(list(PAGES), chosen)
        with st.container(key="jump", width=170):
            jump.show(frame.known_symbols(), address.read("symbol"))
        signin.leave()
    frame.draw_strip(seen_alerts=chosen == "Alerts")
    PAGES[chosen].draw()
    address.write(FIRST)

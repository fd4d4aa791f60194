"""The page's layout and navigation. Streamlit runs this script for every viewer and every full refresh.

All pages have one address, and `?page=` chooses one. Streamlit's own pages have a path each, whose first
request is a 404.
"""

from __future__ import annotations

import streamlit as st

from stock_dashboard.pages import alerts, compare, frame, live, movers, pipeline, signin, symbol
from stock_dashboard.ui import address

PAGES = {
    "Live": live.page,
    "Symbol": symbol.page,
    "Compare": compare.page,
    "Movers": movers.page,
    "Alerts": alerts.page,
    "Pipeline": pipeline.page,
}
FIRST = "Live"

st.set_page_config(page_title="Stocks", layout="wide", initial_sidebar_state="collapsed")
frame.style()
if signin.passed():
    address.follow("page", PAGES, FIRST)
    if "go" in st.session_state:
        # A row was opened. A widget's value can only be set before the widget is drawn.
        st.session_state["page"], st.session_state["symbol"] = st.session_state.pop("go")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="top"):
        with st.container(key="pages", width="stretch"):
            chosen = (
                st.segmented_control(
                    "Page", list(PAGES), required=True, key="page", label_visibility="collapsed"
                )
                or FIRST
            )
        signin.leave()
    frame.keys()
    address.keep("page", chosen, FIRST)
    frame.draw_strip()
    PAGES[chosen]()
    address.write()

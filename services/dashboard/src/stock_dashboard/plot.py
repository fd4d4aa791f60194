"""Plotly charts that live, and outlive a refresh.

Streamlit makes a Plotly chart's identity of its content, its key only beside it: with other numbers it is another chart, which the browser
builds anew, without the viewer's zoom. For other elements the key alone can be the identity; here it is for these. Of one identity the browser
takes the first figure and no later one: those are handed to the chart by chart.js, which leaves the viewer's zoom and hidden lines as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v2 import component
from streamlit.elements import plotly_chart
from streamlit.elements.lib.utils import compute_and_register_element_id

from stock_dashboard.charts import CONFIG

_DRAWN = "figure drawn"


def _by_key(element_type: str, **identity: Any) -> str:
    identity["key_as_main_identity"] = True
    return compute_and_register_element_id(element_type, **identity)


plotly_chart.compute_and_register_element_id = _by_key


@cache
def _follower() -> Callable[..., object]:
    return component("stock_chart", js=(files("stock_dashboard") / "static" / "chart.js").read_text(encoding="utf-8"))


def show(figure: go.Figure, key: str, opened: bool) -> None:
    """Draws the figure; one of the same key before is changed in place. `opened`: the page is being opened. One chart a page."""
    known, drawn = st.session_state.get(_DRAWN, (None, None))
    if opened or known != key:
        st.session_state[_DRAWN] = key, figure
        drawn = figure
    with st.container(key="plot"):
        # The same figure at each refresh: it is not sent again.
        st.plotly_chart(drawn, key=key, config=CONFIG, theme="streamlit")
    with st.container(key="follower", height=1, border=False):
        _follower()(key="chart-follower", data={"figure": figure.to_json()})

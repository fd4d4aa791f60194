"""Plotly charts that are changed in place at each refresh.

Streamlit derives a Plotly chart's identity from its content as well as its key. A chart with other numbers is
another chart, and the browser builds it without the viewer's zoom. Other elements may have the key alone as
their identity, and this module does the same for charts. The browser then keeps the first figure of an
identity. chart.js hands it the later ones and keeps the viewer's zoom and hidden lines.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v2 import component
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements import plotly_chart
from streamlit.elements.lib.utils import compute_and_register_element_id

from stock_dashboard.charts.price import CONFIG

_DRAWN = "figure drawn"


def _by_key(element_type: str, **identity: Any) -> str:
    identity["key_as_main_identity"] = True
    return compute_and_register_element_id(element_type, **identity)


plotly_chart.compute_and_register_element_id = _by_key


@cache
def _follower() -> Callable[..., object]:
    return component(
        "stock_chart", js=(files("stock_dashboard.charts") / "chart.js").read_text(encoding="utf-8")
    )


def room() -> DeltaGenerator:
    """The place of a page's chart. It says that the chart is being loaded until the browser has drawn it."""
    place = st.container(key="plot")
    place.html('<div class="sd-loading">Loading the chart</div>')
    return place


def show(figure: go.Figure, place: DeltaGenerator, key: str, user_opened: bool) -> None:
    """Draws the figure, or changes the one of the same key in place. One chart a page.

    place: see `room`. user_opened: the page is being opened, so there is no chart yet.
    """
    drawn_key, drawn = st.session_state.get(_DRAWN, (None, None))
    if user_opened or drawn_key != key:
        st.session_state[_DRAWN] = key, figure
        drawn = figure
    with place:
        # Streamlit does not send the same figure again.
        st.plotly_chart(drawn, key=key, config=CONFIG, theme="streamlit")
    with st.container(key="follower", height=1, border=False):
        _follower()(key="chart-follower", data={"figure": figure.to_json()})

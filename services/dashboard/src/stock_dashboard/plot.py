"""Plotly charts that outlive a refresh.

Streamlit makes a Plotly chart's identity of its content, its key only beside it: with other numbers it is another chart, which the browser
builds anew, without the viewer's zoom. For other elements the key alone can be the identity; here it is for these.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.elements import plotly_chart
from streamlit.elements.lib.utils import compute_and_register_element_id

from stock_dashboard.charts import CONFIG


def _by_key(element_type: str, **identity: Any) -> str:
    identity["key_as_main_identity"] = True
    return compute_and_register_element_id(element_type, **identity)


plotly_chart.compute_and_register_element_id = _by_key


def show(figure: go.Figure, key: str) -> None:
    """Draws the figure; one of the same key before is changed in place (its zoom is kept by `uirevision`)."""
    st.plotly_chart(figure, key=key, config=CONFIG, theme="streamlit")

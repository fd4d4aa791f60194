"""The tabs of the pages, their keys, and the way of every choice from the browser to the session."""

from __future__ import annotations

from collections.abc import Sequence

from stock_dashboard.ui import address
from stock_dashboard.ui.part import part


def show(pages: Sequence[str], chosen: str) -> None:
    data = {"pages": list(pages), "page": chosen, "taken": address.taken()}
    part("tabs", "choose.js", "tabs.js")(key=address.TABS, data=data, on_choices_change=_nothing)


def _nothing() -> None:
    """A state's callback, by which Streamlit knows it. The next run reads the choices."""

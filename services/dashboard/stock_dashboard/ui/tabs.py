"""The tabs of the pages, their keys, and the way of every choice from the browser to the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from streamlit.components.v2 import component

from stock_dashboard.ui import address


@cache
def _component() -> Callable[..., object]:
    static = files("stock_dashboard.ui") / "static"
    html, css, *scripts = (
        (static / name).read_text(encoding="utf-8")
        for name in ("tabs.html", "tabs.css", "choose.js", "tabs.js")
    )
    return component("stock_tabs", html=html, css=css, js="".join(scripts))


def show(pages: Sequence[str], chosen: str) -> None:
    data = {"pages": list(pages), "page": chosen, "taken": address.taken()}
    _component()(key=address.TABS, data=data, on_choices_change=_nothing)


def _nothing() -> None:
    """A state's callback, by which Streamlit knows it. The next run reads the choices."""

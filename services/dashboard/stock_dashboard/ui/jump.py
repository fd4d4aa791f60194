"""The field that takes a viewer to any symbol, from any page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from streamlit.components.v2 import component

from stock_dashboard.ui import table


@cache
def _component() -> Callable[..., object]:
    static = files("stock_dashboard.ui") / "static"
    html, css, keys, script = (
        (static / name).read_text(encoding="utf-8")
        for name in ("jump.html", "jump.css", "keyboard.js", "jump.js")
    )
    return component("stock_jump", html=html, css=css, js=keys + script)


def show(symbols: Sequence[str], current: str | None) -> None:
    """Draws the field. Where a symbol was chosen, the page runs again with it.

    symbols: what is offered. What is typed besides is opened too, and Symbol says what is known of it.
    current: the symbol that is shown. The browser keeps the last ones.
    """
    data = {"symbols": list(symbols), "current": current}
    result = _component()(key="jump-to", data=data, on_open_change=_nothing)
    if symbol := getattr(result, "open", None):
        table.open_row(symbol)


def _nothing() -> None:
    """A trigger's callback, by which Streamlit knows it."""

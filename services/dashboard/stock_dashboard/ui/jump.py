"""The field that takes a viewer to any symbol, from any page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from streamlit.components.v2 import component


@cache
def _component() -> Callable[..., object]:
    static = files("stock_dashboard.ui") / "static"
    html, css, *scripts = (
        (static / name).read_text(encoding="utf-8")
        for name in ("jump.html", "jump.css", "choose.js", "jump.js")
    )
    return component("stock_jump", html=html, css=css, js="".join(scripts))


def show(symbols: Sequence[str], current: str | None) -> None:
    """Draws the field.

    symbols: what is offered. What is typed besides is opened too, and Symbol says what is known of it.
    current: the symbol that is shown. The browser keeps the last ones.
    """
    _component()(key="jump-to", data={"symbols": list(symbols), "current": current})

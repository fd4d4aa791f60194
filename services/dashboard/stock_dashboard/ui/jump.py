"""The field that takes a viewer to any symbol, from any page."""

from __future__ import annotations

from collections.abc import Sequence

from stock_dashboard.ui.part import part


def show(symbols: Sequence[str], current: str | None) -> None:
    """Draws the field.

    symbols: what is offered. What is typed besides is opened too, and Symbol says what is known of it.
    current: the symbol that is shown. The browser keeps the last ones.
    """
    data = {"symbols": list(symbols), "current": current}
    part("jump", "choose.js", "jump.js")(key="jump-to", data=data)

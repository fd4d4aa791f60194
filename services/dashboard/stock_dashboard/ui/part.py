"""The parts of the page that the browser draws, from the files in static/."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from streamlit.components.v2 import component


@cache
def static(name: str) -> str:
    """The text of a file in static/."""
    return (files("stock_dashboard.ui") / "static" / name).read_text(encoding="utf-8")


@cache
def part(name: str, *scripts: str) -> Callable[..., Any]:
    """The part of `name`.html and `name`.css, registered at its first use. The scripts share one scope."""
    js = "".join(static(script) for script in scripts)
    return component(f"stock_{name}", html=static(f"{name}.html"), css=static(f"{name}.css"), js=js)

"""What a person chose, in the page's address, so that it can be sent, kept, and gone back to.

Streamlit's own `bind` follows the address, but writes only choices made in the widget, not the script's.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st

_SEEN = "address seen"
_CHOSEN = "address chosen"


def follow(name: str, allowed: Collection[str], default: str) -> None:
    """Sets the coming widget, whose key is `name`, where the address has changed or the widget is new."""
    asked = st.query_params.get(name)
    _set(name, asked, asked if asked in allowed else default)


def follow_many(name: str, allowed: Collection[str], default: list[str], limit: int | None = None) -> None:
    """The same for a choice of several, which commas separate. It takes the first `limit` of them."""
    asked = st.query_params.get(name)
    if asked is None:
        _set(name, asked, default)
        return
    _set(name, asked, list(dict.fromkeys(item for item in asked.split(",") if item in allowed))[:limit])


def _set(name: str, asked: str | None, value: Any) -> None:
    seen = st.session_state.setdefault(_SEEN, {})
    if name not in st.session_state or asked != seen.get(name):
        st.session_state[name] = value
        seen[name] = asked


def keep(name: str, value: str, default: str | None = None) -> None:
    """Takes a widget's choice for the address. The default is left out of it."""
    st.session_state.setdefault(_CHOSEN, {})[name] = None if value == default else value


def write() -> None:
    """Writes all choices at once, so that one step back in the browser undoes one act."""
    chosen, seen = st.session_state.pop(_CHOSEN, {}), st.session_state.setdefault(_SEEN, {})
    address = st.query_params.to_dict()
    wanted = {**address, **chosen}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    seen.update(chosen)
    if wanted != address:
        st.query_params.from_dict(wanted)

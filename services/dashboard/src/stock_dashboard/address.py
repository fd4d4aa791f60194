"""What a person chose, in the page's address: so that it can be sent to another, kept, and gone back to.

Streamlit's own `bind` follows the address, but writes it only for choices made in the widget itself, not for those that the script makes.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

_SEEN = "address seen"
_CHOSEN = "address chosen"


def follow(name: str, allowed: Collection[str], default: str) -> None:
    """Sets the coming widget (its key is `name`) from the address, where that has changed or the widget is new; else leaves it."""
    asked, seen = st.query_params.get(name), st.session_state.setdefault(_SEEN, {})
    if name in st.session_state and asked == seen.get(name):
        return
    st.session_state[name] = asked if asked in allowed else default
    seen[name] = asked


def follow_many(name: str, allowed: Collection[str], default: list[str], limit: int | None = None) -> None:
    """The same for a choice of several, by commas; the first `limit` of them."""
    asked, seen = st.query_params.get(name), st.session_state.setdefault(_SEEN, {})
    if name in st.session_state and asked == seen.get(name):
        return
    st.session_state[name] = default if asked is None else list(dict.fromkeys(item for item in asked.split(",") if item in allowed))[:limit]
    seen[name] = asked


def keep(name: str, value: str, default: str | None = None) -> None:
    """Notes what the widget says; the default is left out of the address."""
    st.session_state.setdefault(_CHOSEN, {})[name] = None if value == default else value


def write() -> None:
    """Writes what was noted, at once: one step back for one act."""
    chosen, seen = st.session_state.pop(_CHOSEN, {}), st.session_state.setdefault(_SEEN, {})
    address = st.query_params.to_dict()
    wanted = {**address, **chosen}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    seen.update(chosen)
    if wanted != address:
        st.query_params.from_dict(wanted)

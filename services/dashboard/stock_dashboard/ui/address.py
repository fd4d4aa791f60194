"""What a person chose, in the page's address, so that it can be sent, kept, and gone back to.

Streamlit's own `bind` follows the address, but writes only choices made in the widget, not the script's.
Each page has parameters of its own. The others are not in its address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import streamlit as st

PAGE = "page"
_NOW = "address now"
"""The address that this run of the page draws. In a later run of a part it is the browser's."""
_SEEN = "address seen"
_CHOSEN = "address chosen"
_LEFT = "address left"
"""Page → its parameters when it was last seen."""
_NOTED = "address noted"


class _Noted(NamedTuple):
    """A choice made in the browser, until the browser's own address has it. "" is no value."""

    former: str
    value: str
    fresh: bool = True


def begin(pages: Collection[str], first: str) -> None:
    """Reads the address at the start of a full run, and sets the widget of the page."""
    now = st.query_params.to_dict()
    for name, noted in st.session_state.pop(_NOTED, {}).items():
        # The browser had not heard of it yet when it sent the message of this run.
        if now.get(name, "") == noted.former:
            now[name] = noted.value
    st.session_state[_NOW] = {name: value for name, value in now.items() if value}
    follow(PAGE, pages, first)


def read(name: str) -> str | None:
    """A parameter as it is now."""
    _settle(name)
    return st.session_state.get(_NOW, st.query_params).get(name)


def _settle(name: str) -> None:
    """Forgets a noted value once a message of the browser has it. The first look is of the noting run."""
    noted = st.session_state.get(_NOTED, {})
    if name not in noted or st.query_params.get(name, "") != noted[name].value:
        return
    if noted[name].fresh:
        noted[name] = noted[name]._replace(fresh=False)
    else:
        del noted[name]


def turn(own: Mapping[str, Collection[str]], first: str) -> None:
    """Brings back the parameters of the chosen page where the address is still another page's.

    own: page → its parameters.
    """
    former, page = _fitting(read(PAGE), own) or first, st.session_state[PAGE]
    if former == page:
        return
    left = st.session_state.setdefault(_LEFT, {})
    left[former] = {name: value for name in own[former] if (value := read(name)) is not None}
    st.session_state[_NOW] = dict(left.get(page, {}))


def _fitting(asked: str | None, allowed: Collection[str]) -> str | None:
    """What the address means of `allowed`, in whatever case it is written."""
    if asked is None or asked in allowed:
        return asked
    return next((name for name in allowed if name.upper() == asked.upper()), None)


def follow(name: str, allowed: Collection[str], default: str | None) -> None:
    """Sets the coming widget, whose key is `name`, where the address has changed or the widget is new."""
    asked = read(name)
    _set(name, asked, _fitting(asked, allowed) or default)


def follow_many(name: str, allowed: Collection[str], default: list[str], limit: int | None = None) -> None:
    """The same for a choice of several, which commas separate. It takes the first `limit` of them."""
    asked = read(name)
    if asked is None:
        _set(name, asked, default)
        return
    found = [item for part in asked.split(",") if (item := _fitting(part, allowed))]
    _set(name, asked, list(dict.fromkeys(found))[:limit])


def _set(name: str, asked: str | None, value: Any) -> None:
    seen = st.session_state.setdefault(_SEEN, {})
    if name not in st.session_state or asked != seen.get(name):
        st.session_state[name] = value
        seen[name] = asked


def choose(name: str, value: Any) -> None:
    """Sets the coming widget as the page itself chooses.

    It notes what the address says at this moment. Without that, `follow` takes the former address for a
    change by the viewer, and opens what the viewer saw before.
    """
    st.session_state[name] = value
    st.session_state.setdefault(_SEEN, {})[name] = read(name)


def ask(name: str, value: str) -> None:
    """Draws this run as if the address had the value."""
    st.session_state[_NOW][name] = value


def keep(name: str, value: str, default: str | None = None) -> None:
    """Takes a widget's choice for the address. The default is left out of it."""
    st.session_state.setdefault(_CHOSEN, {})[name] = None if value == default else value


def note(name: str, value: str | None) -> None:
    """Writes a choice that was made in the browser into the address at once."""
    former = st.query_params.get(name, "")
    if (value or "") == former:
        return
    st.session_state.setdefault(_NOTED, {})[name] = _Noted(former, value or "")
    if value:
        st.query_params[name] = value
    else:
        del st.query_params[name]


def write(own: Collection[str]) -> None:
    """Writes all choices at once, so that one step back in the browser undoes one act.

    own: the parameters of the page that is shown.
    """
    now, chosen = st.session_state.pop(_NOW), st.session_state.pop(_CHOSEN, {})
    wanted = {name: value for name, value in (now | chosen).items() if value is not None}
    kept = {name: value for name, value in wanted.items() if name in own}
    st.session_state.setdefault(_LEFT, {})[st.session_state[PAGE]] = kept
    st.session_state.setdefault(_SEEN, {}).update(chosen)
    if PAGE in wanted:
        kept = {PAGE: wanted[PAGE], **kept}
    if kept != st.query_params.to_dict():
        st.query_params.from_dict(kept)

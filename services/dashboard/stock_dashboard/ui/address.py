"""What a person chose: the session has it, and the address shows it, to be sent, kept and gone back to.

Streamlit's widgets report what they hold. All else that can be chosen (tabs, rows, sort, filter, jump) is a
choice with a number. The browser sends a choice with every message until the session has taken it. So it is
not lost where a run is cut short, and choices are taken in their order.

The address of a message may be older than the last choice. It is read only where it is the choice: at the
start of a visit and after a step in the browser's history. Each page has parameters of its own.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PAGE = "page"
TABS = "tabs"
"""The key of the tabs. They report all choices."""
_STATE = "address state"
_WRITTEN = "address written"


class _State(NamedTuple):
    """Replaced as a whole: a run can be cut short at every access to the session.

    parameters: page → its parameters. taken: the number of the last choice that was taken.
    seen: widget → its parameter when the two were last the same.
    """

    page: str
    parameters: Mapping[str, Mapping[str, str]]
    taken: int
    seen: Mapping[str, str | None]


def begin(own: Mapping[str, Collection[str]], first: str) -> str:
    """Takes what was chosen since the last full run. Returns the page. own: page → its parameters."""
    state, made = st.session_state.get(_STATE), _made()
    if state is None or _navigated():
        # Numbers begin with the time of the visit, so that no choice of an earlier one is taken.
        state = state or _State(first, {}, int(time.time() * 1000), {})
        taken = max([state.taken, *(choice["n"] for choice in made)])
        asked = st.query_params.to_dict()
        page = _fitting(asked.get(PAGE), own) or first
        state = _changed(state, page, {}, asked, own)._replace(page=page, taken=taken)
    for choice in made:
        if choice["n"] > state.taken and choice["page"] in own:
            page = choice["page"]
            state = _changed(state, page, state.parameters.get(page, {}), choice["set"], own)
            state = state._replace(page=page if choice["go"] else state.page, taken=choice["n"])
    st.session_state[_STATE] = state
    return state.page


def _made() -> list[dict[str, Any]]:
    return st.session_state.get(TABS, {}).get("choices") or []


def _navigated() -> bool:
    """Whether this run is for a step in the browser's history."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def session() -> str | None:
    """The tab whose script is running, None outside of scripts. A reload begins a new one."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def _changed(
    state: _State,
    page: str,
    former: Mapping[str, str],
    change: Mapping[str, str],
    own: Mapping[str, Collection[str]],
) -> _State:
    wanted = {**former, **{name: value for name, value in change.items() if name in own[page]}}
    kept = {name: value for name, value in wanted.items() if value}
    return state._replace(parameters={**state.parameters, page: kept})


def taken() -> int:
    """The number of the last choice that what is drawn has in it."""
    return st.session_state[_STATE].taken


def page() -> str:
    return st.session_state[_STATE].page


def read(name: str) -> str | None:
    """A parameter of the page as it is now."""
    state = st.session_state[_STATE]
    return state.parameters.get(state.page, {}).get(name)


def _fitting(asked: str | None, allowed: Collection[str]) -> str | None:
    """What the address means of `allowed`, in whatever case it is written."""
    if asked is None or asked in allowed:
        return asked
    return next((name for name in allowed if name.upper() == asked.upper()), None)


def follow(name: str, allowed: Collection[str], default: str | None) -> None:
    """Sets the coming widget, whose key is `name`, where its parameter has changed or the widget is new."""
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
    state = st.session_state[_STATE]
    if name in st.session_state and name in state.seen and asked == state.seen[name]:
        return
    st.session_state[name] = value
    st.session_state[_STATE] = state._replace(seen={**state.seen, name: asked})


def keep(name: str, value: str, default: str | None = None) -> None:
    """Takes a widget's choice. The default is left out of the address."""
    state, kept = st.session_state[_STATE], None if value == default else value
    here = {**state.parameters.get(state.page, {}), name: kept}
    parameters = {
        **state.parameters,
        state.page: {key: item for key, item in here.items() if item is not None},
    }
    st.session_state[_STATE] = state._replace(parameters=parameters, seen={**state.seen, name: kept})


def again() -> None:
    """Runs the whole page again. Sets all widgets: the browser may not know of the last setting yet."""
    st.session_state[_STATE] = st.session_state[_STATE]._replace(seen={})
    st.rerun(scope="app")


def write(first: str) -> None:
    """Writes all choices at once, so that one step back in the browser undoes one act.

    The browser has the address of its message, or of a run that was cut short and wrote after that.
    """
    state = st.session_state[_STATE]
    wanted = {**({} if state.page == first else {PAGE: state.page}), **state.parameters.get(state.page, {})}
    if wanted != st.query_params.to_dict() or wanted != st.session_state.get(_WRITTEN, wanted):
        st.session_state[_WRITTEN] = wanted
        st.query_params.from_dict(wanted)

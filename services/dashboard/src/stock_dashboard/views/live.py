"""Live: every symbol's latest quote, from the topic itself."""

from __future__ import annotations

from typing import Any

import streamlit as st

from stock_dashboard import address, download, frame, groups, markup, quotes, runtime, states, ticker
from stock_dashboard.groups import EVERYTHING

KEYS = "Keys: 1 to 6 open the pages, / filters, ↑ and ↓ go from row to row, Enter opens one."


def page() -> None:
    shared = runtime.current()
    opened, shown = [True], [[]]
    group = _group(shared)

    def draw() -> None:
        acted, opened[0] = opened[0], False
        shown[0] = _draw(shared, group, acted)

    frame.live(draw)
    st.html(markup.foot(KEYS))
    download.buttons("live", shared.now(), lambda: download.table(ticker.exported(shown[0]), ticker.DOWNLOAD))


def _group(shared: runtime.Runtime) -> str:
    """The group's name, as chosen here or by the address."""
    choice = groups.known(shared.groups, quotes.symbols(shared), shared.store.markets())
    if not choice:
        return EVERYTHING
    names = [EVERYTHING, *choice]
    address.follow("group", names, EVERYTHING)
    name = st.pills("Group", names, required=True, key="group", label_visibility="collapsed") or EVERYTHING
    address.keep("group", name, EVERYTHING)
    return name


def _draw(shared: runtime.Runtime, group: str, acted: bool) -> list[dict[str, Any]]:
    """The table; returns the rows that are seen."""
    store, now = shared.store, shared.now()
    known = quotes.known(shared, acted)
    faulty = not known.rows or known.picture.fault == "denied"
    said = [words for words in (states.feed_words(store, now), states.history_words(known.picture, store.link) if faulty else None) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not known.rows:
        st.html(markup.blank(*states.nothing(store, known.picture.pending)))
        return []
    members = groups.known(shared.groups, (row["symbol"] for row in known.rows), store.markets()).get(group)
    rows = known.rows if members is None else [row for row in known.rows if row["symbol"] in members]
    if len(rows) > ticker.ROWS_LIMIT:
        st.html(markup.foot(f"The first {ticker.ROWS_LIMIT} of {len(rows)} symbols are shown."))
    asked = ticker.Choice(st.query_params.get("sort"), st.query_params.get("list"), None)
    choice = ticker.show(rows, now, sort=asked.sort, chosen=asked.list, old_after=states.old_after(store.producer(), now))
    ticker.remember(choice)
    seen = ticker.Choice(choice.sort or asked.sort, asked.list if choice.list is None else choice.list, None)
    return ticker.selected(rows[: ticker.ROWS_LIMIT], seen)

"""Live: every symbol's latest quote, from the topic itself."""

from __future__ import annotations

import streamlit as st

from stock_dashboard import groups, text
from stock_dashboard.data import quotes, row, runtime
from stock_dashboard.data.row import Row
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.groups import EVERYTHING
from stock_dashboard.health import notices
from stock_dashboard.pages import base, download
from stock_dashboard.ui import address, html, table
from stock_dashboard.ui.table import TableOptions

KEYS = (
    "Keys: letters go to a symbol, 1 to 6 open the pages, / filters, ↑ and ↓ go from row to row, "
    "Enter opens one."
)
OPTIONS = TableOptions("Live prices", row.COLUMNS, empty="No symbol yet.")


def page() -> None:
    shared = runtime.current()
    group = _group(shared)
    base.show(
        shared,
        "live",
        lambda user_opened: _draw(shared, group, user_opened),
        lambda rows: download.table(table.file_rows(rows, row.COLUMNS), table.fields(row.COLUMNS)),
        foot=KEYS,
    )


def _group(shared: Runtime) -> str:
    """The group's name, as chosen here or by the address."""
    choice = groups.groups_with_members(shared.groups, quotes.symbols(shared), shared.store.markets())
    if not choice:
        return EVERYTHING
    names = [EVERYTHING, *choice]
    address.follow("group", names, EVERYTHING)
    name = (
        st.pills(
            "Group",
            names,
            required=True,
            key="group",
            format_func=text.literal,
            label_visibility="collapsed",
        )
        or EVERYTHING
    )
    address.keep("group", name, EVERYTHING)
    return name


def _draw(shared: Runtime, group: str, user_opened: bool) -> list[Row]:
    """Draws the table. Returns the rows that are seen."""
    store, now = shared.store, shared.now()
    found = base.latest_rows(shared, user_opened)
    if not found:
        return []
    symbols = (item.symbol for item in found)
    members = groups.groups_with_members(shared.groups, symbols, store.markets()).get(group)
    rows = found if members is None else [item for item in found if item.symbol in members]
    if len(rows) > table.ROWS_LIMIT:
        st.html(html.foot(f"The first {table.ROWS_LIMIT} of {len(rows)} symbols are shown."))
    old_after = notices.old_after(store.producer(), now)
    seen = table.show_sortable(rows, now, OPTIONS, key="ticker", old_after=old_after)
    base.show_expected(shared, found, seen)
    return seen

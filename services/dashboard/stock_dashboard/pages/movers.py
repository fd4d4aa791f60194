"""Movers: gainers, losers and the most active of all symbols."""

from __future__ import annotations

import streamlit as st

from stock_dashboard.data import movers, row, runtime
from stock_dashboard.data.movers import Movers
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.health import notices
from stock_dashboard.pages import base, download
from stock_dashboard.ui import html, table
from stock_dashboard.ui.table import TableOptions

CHANGED = row.columns("symbol", "spark", "price", "percent", "volume")
TRADED = row.columns("symbol", "spark", "price", "percent", "turnover")
EMPTY = Movers([], [], [], 0)
LISTS = (
    TableOptions("Gainers", CHANGED, fixed=True, empty="No symbol is above its previous close."),
    TableOptions("Losers", CHANGED, fixed=True, empty="No symbol is below its previous close."),
    TableOptions("Most active", TRADED, fixed=True, empty="No quote with a volume has come yet."),
)


def page() -> None:
    shared = runtime.current()
    base.show(
        shared,
        "movers",
        lambda user_opened: _draw(shared, user_opened),
        lambda found: download.table(movers.file_rows(found), movers.FIELDS),
        slower=base.SLOWER,
    )


def _draw(shared: Runtime, user_opened: bool) -> Movers:
    """Draws three tables. Returns what they hold."""
    store, now = shared.store, shared.now()
    rows = base.latest_rows(shared, user_opened)
    if not rows:
        return EMPTY
    found = movers.ranked(rows)
    old_after = notices.old_after(store.producer(), now)
    lists = st.container(key="lists")
    for options, ranked in zip(LISTS, found[:3], strict=True):
        with lists.container():
            st.html(html.head(options.label))
            # The key of a row is its place, so that a change of rank moves nothing on the page.
            places = [
                {**item.cells(), "turnover": item.turnover, "key": str(place)}
                for place, item in enumerate(ranked)
            ]
            key = f"movers-{options.label}"
            table.show(places, now, options, key=key, old_after=old_after)
    st.html(html.foot(foot(len(rows), found)))
    return found


def foot(symbols: int, found: Movers) -> str:
    """What the lists are made of."""
    old = others = ""
    if found.left_out:
        older = f"more than {movers.STALE_DAYS} days before the newest"
        old = f" {found.left_out} with a last quote {older} are left out."
    if found.elsewhere:
        which = f"in {found.currency}" if found.currency else "without a currency"
        others = f" among the symbols {which}, since nothing is converted: {found.elsewhere} have another one"
    return (
        f"Of {symbols} symbols: change against the previous close; "
        f"most active by price times the day's volume{others}.{old}"
    )

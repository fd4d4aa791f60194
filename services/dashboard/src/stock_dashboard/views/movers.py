"""Movers: gainers, losers and the most active, of every symbol that is known."""

from __future__ import annotations

import streamlit as st

from stock_dashboard import download, frame, markup, movers, quotes, runtime, states, ticker
from stock_dashboard.movers import Movers
from stock_dashboard.ticker import Look

COLUMNS = ("symbol", "spark", "price", "percent", "volume")
PACE = 2.0
EMPTY = Movers([], [], [], 0)
LISTS = (
    ("Gainers", Look("Gainers", COLUMNS, fixed=True, empty="No symbol is above its previous close.")),
    ("Losers", Look("Losers", COLUMNS, fixed=True, empty="No symbol is below its previous close.")),
    (
        "Most active",
        Look("Most active", ("symbol", "spark", "price", "percent", "turnover"), fixed=True, empty="No quote with a volume has come yet."),
    ),
)


def page() -> None:
    shared = runtime.current()
    opened, shown = [True], [EMPTY]

    def draw() -> None:
        acted, opened[0] = opened[0], False
        shown[0] = _draw(shared, acted)

    frame.live(draw, slower=PACE)
    download.buttons("movers", shared.now(), lambda: download.table(movers.exported(shown[0]), movers.FIELDS))


def _draw(shared: runtime.Runtime, acted: bool) -> Movers:
    """Three tables; returns what they hold."""
    store, now = shared.store, shared.now()
    known = quotes.known(shared, acted)
    faulty = not known.rows or known.picture.fault == "denied"
    said = [words for words in (states.feed_words(store, now), states.history_words(known.picture, store.link) if faulty else None) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not known.rows:
        st.html(markup.blank(*states.nothing(store, known.picture.pending)))
        return EMPTY
    found = movers.ranked(known.rows)
    old = states.old_after(store.producer(), now)
    for column, (name, look), rows in zip(st.columns(3, gap="small"), LISTS, found[:3], strict=True):
        with column:
            st.html(markup.head(name))
            # Rows are places, so that a change of rank moves nothing on the page.
            places = [row | {"key": str(place)} for place, row in enumerate(rows)]
            ticker.remember(ticker.show(places, now, look=look, key=f"movers-{name}", old_after=old))
    st.html(markup.foot(_foot(len(known.rows), found.left_out)))
    return found


def _foot(symbols: int, left_out: int) -> str:
    old = f" {left_out} with a last quote more than {movers.STALE_DAYS} days behind the newest are left out." if left_out else ""
    return f"Of {symbols} symbols: change against the previous close; most active by price times the day's volume.{old}"

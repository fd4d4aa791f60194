"""Tables that live: their rows, and the browser part that draws them in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pyarrow as pa
import streamlit as st
from streamlit.components.v2 import component

from stock_dashboard.tape import Observed

ROWS_LIMIT = 500
SPARK_POINTS = 40


class Choice(NamedTuple):
    """What a person did in the table. `open` is a symbol, once."""

    sort: str | None
    list: str | None
    open: str | None


def rows(newest: dict[str, Observed], sparks: dict[str, list[float]], older: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The table's rows by symbol: of the topics, and of the warehouse for symbols that the topics are silent about or behind on."""
    found = {symbol: _live(symbol, item, sparks.get(symbol, [])) for symbol, item in newest.items()}
    for row in older:
        known = newest.get(row["symbol"])
        if known is None or (row["trading_day"], row["quoted_at"] or row["fetched_at"]) > (known.quote.trading_day, known.at):
            found[row["symbol"]] = _stored(row, sparks.get(row["symbol"], []))
    return [found[symbol] for symbol in sorted(found)]


def stored_rows(table: pa.Table | None) -> list[dict[str, Any]]:
    """ANALYTICS.LATEST_QUOTES as rows."""
    return [] if table is None else table.to_pylist()


def _live(symbol: str, item: Observed, spark: list[float]) -> dict[str, Any]:
    quote = item.quote
    return _row(symbol, quote.price, quote.previous_close, quote.open, quote.high, quote.low, quote.volume, item.at, quote.session, spark)


def _stored(row: dict[str, Any], spark: list[float]) -> dict[str, Any]:
    at = row["quoted_at"] or row["fetched_at"]
    return _row(row["symbol"], row["price"], row["previous_close"], row["open"], row["high"], row["low"], row["volume"], at, row["session"], spark)


def _row(
    symbol: str, price: Any, previous: Any, opened: Any, high: Any, low: Any, volume: Any, at: datetime, session: str | None, spark: list[float]
) -> dict[str, Any]:
    last, before = float(price), _number(previous)
    change = None if before is None else last - before
    return {
        "key": symbol,
        "symbol": symbol,
        "price": last,
        "previous": before,
        "change": change,
        "percent": None if not before or change is None else change / before * 100,
        "open": _number(opened),
        "high": _number(high),
        "low": _number(low),
        "volume": _number(volume),
        "at": at.timestamp(),
        "session": session,
        "spark": spark,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


DOWNLOAD = (
    ("symbol", pa.string()),
    ("price", pa.float64()),
    ("change", pa.float64()),
    ("percent", pa.float64()),
    ("open", pa.float64()),
    ("high", pa.float64()),
    ("low", pa.float64()),
    ("previous", pa.float64()),
    ("volume", pa.float64()),
    ("observed_at", pa.timestamp("us", "UTC")),
    ("session", pa.string()),
)
"""The columns of a row in a file; `percent` is `change` against the previous close."""


def exported(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their time as a time."""
    return [row | {"observed_at": datetime.fromtimestamp(row["at"], UTC)} for row in rows]


@cache
def _component() -> Callable[..., Any]:
    html, css, *scripts = (
        (files("stock_dashboard") / "static" / name).read_text(encoding="utf-8")
        for name in ("ticker.html", "ticker.css", "format.js", "columns.js", "keyboard.js", "ticker.js")
    )
    return component("stock_ticker", html=html, css=css, js="".join(scripts))


class Look(NamedTuple):
    """How a table is drawn. `columns`: names of columns.js; `fixed`: the rows' order is ours, and there is no filter; `moves`: how many rose
    and fell is said; `empty`: what stands in a table without rows."""

    label: str
    columns: tuple[str, ...]
    noun: str = "symbols"
    fixed: bool = False
    moves: bool = True
    empty: str = ""


LIVE = Look(
    "Live prices", ("symbol", "spark", "price", "change", "percent", "reach", "open", "previous", "volume", "at", "session"), empty="No symbol yet."
)


def show(
    shown: list[dict[str, Any]],
    now: datetime,
    *,
    look: Look = LIVE,
    key: str = "ticker",
    sort: str | None = None,
    chosen: str | None = None,
    old_after: float = 1e12,
) -> Choice:
    """Draws a table. `sort`, `chosen`: as in the URL; `old_after`: seconds from which a row is dimmed."""
    data = {"rows": shown[:ROWS_LIMIT], "now": now.timestamp(), "sort": sort, "list": chosen, "old_after": old_after, **look._asdict()}
    result = _component()(key=key, data=data, on_sort_change=_nothing, on_list_change=_nothing, on_open_change=_nothing)
    return Choice(getattr(result, "sort", None), getattr(result, "list", None), getattr(result, "open", None))


def selected(rows: list[dict[str, Any]], choice: Choice, look: Look = LIVE, by: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The rows as a person sees them, filtered and sorted as the browser does it. `by`: columns that are sorted by another field."""
    words = [word for word in re.split(r"[\s,]+", (choice.list or "").upper()) if word]
    kept = [row for row in rows if not words or any(word in row["symbol"] for word in words)]
    name, _, way = (choice.sort or "").partition(":")
    if look.fixed or name not in look.columns:
        return kept
    field = (by or {}).get(name, name)
    there, absent = [row for row in kept if row.get(field) is not None], [row for row in kept if row.get(field) is None]
    return sorted(sorted(there, key=lambda row: row["symbol"]), key=lambda row: row[field], reverse=way == "desc") + absent


def remember(choice: Choice) -> None:
    """Keeps the choice in the URL, and follows a row that was opened."""
    for name, value in (("sort", choice.sort), ("list", choice.list)):
        if value is None or st.query_params.get(name, "") == value:
            continue
        if value:
            st.query_params[name] = value
        else:
            del st.query_params[name]
    if choice.open:
        st.session_state["go"] = ("Symbol", choice.open)
        st.rerun(scope="app")


def _nothing() -> None:
    """A state's callback: naming it is what makes the state known to Streamlit."""

"""The live table: its rows, and the browser part that draws them in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pyarrow as pa
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


@cache
def _component() -> Callable[..., Any]:
    html, css, js = ((files("stock_dashboard") / "static" / f"ticker.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return component("stock_ticker", html=html, css=css, js=js)


def show(shown: list[dict[str, Any]], now: datetime, *, sort: str | None, chosen: str | None, old_after: float) -> Choice:
    """Draws the table. `sort`, `chosen`: as in the URL; `old_after`: seconds from which a row is dimmed."""
    data = {"rows": shown[:ROWS_LIMIT], "now": now.timestamp(), "sort": sort, "list": chosen, "old_after": old_after}
    result = _component()(key="ticker", data=data, on_sort_change=_nothing, on_list_change=_nothing, on_open_change=_nothing)
    return Choice(getattr(result, "sort", None), getattr(result, "list", None), getattr(result, "open", None))


def _nothing() -> None:
    """A state's callback: naming it is what makes the state known to Streamlit."""

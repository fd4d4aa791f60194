"""Every symbol's latest quote and bars: from the topics, and from the warehouse where they have none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from stock_common.exchanges import ALWAYS_OPEN, Exchange
from stock_dashboard.charts import axes, bars
from stock_dashboard.charts.bars import Bars
from stock_dashboard.data import row
from stock_dashboard.data.row import Row
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.history import queries
from stock_dashboard.history.cache import Result
from stock_dashboard.history.queries import Range


class AllRows(NamedTuple):
    """The live table's rows by symbol, and the warehouse's result that some of them are from."""

    rows: list[Row]
    result: Result


def all_rows(shared: Runtime, user_opened: bool) -> AllRows:
    """Every symbol's row.

    The warehouse is asked once: the topics have every new quote. While Kafka is down each load renews it.
    """
    newest = shared.store.newest()
    result = _stored(shared, user_opened and not newest)
    return AllRows(row.merged(newest, shared.store.sparks(row.SPARK_POINTS), _rows(result)), result)


def symbols(shared: Runtime) -> list[str]:
    """Every symbol that the topics or the warehouse have a quote of."""
    newest = shared.store.newest()
    result = _stored(shared, not newest)
    return sorted({*newest, *(values["symbol"] for values in _rows(result))})


def latest(shared: Runtime, symbol: str) -> Row | None:
    """The symbol's latest quote, from the topic or else from the warehouse."""
    item = shared.store.newest().get(symbol)
    if item is not None:
        return Row.live(item)
    stored = _rows(_stored(shared, False))
    return next((Row.of(values) for values in stored if values["symbol"] == symbol), None)


def live_rows(shared: Runtime) -> list[Row]:
    """The rows of the topic's quotes. The warehouse is asked nothing."""
    return row.merged(shared.store.newest(), {})


def _stored(shared: Runtime, user_opened: bool) -> Result:
    query = queries.latest(follows_loads=shared.store.connection.state == "down")
    return shared.result(query, user_opened=user_opened)


def _rows(result: Result) -> list[dict[str, Any]]:
    return [] if result.table is None else result.table.to_pylist()


class Joined(NamedTuple):
    """The bars of a range.

    live_from: the start of the first live one, None where all are the warehouse's.
    before: closes of the bars before them, for averages that begin earlier.
    """

    bars: Bars
    live_from: np.datetime64 | None
    before: np.ndarray


def joined(shared: Runtime, symbol: str, span: Range, result: Result, exchange: Exchange) -> Joined:
    """The bars of a range, from the warehouse and from the live topic.

    Daily bars are the provider's own, so the live topic adds none to them.
    """
    history = bars.from_table(result.table) if result.table is not None else bars.empty()
    live = bars.empty()
    if span.intraday:
        columns, whole_from = shared.store.minutes(symbol)
        live = bars.from_minutes(
            columns, whole_from, span.minutes, axes.local_days(columns[0], exchange.zone)
        )
    closes = exchange.calendar != ALWAYS_OPEN
    together = bars.join(history, live)
    shown = bars.last_sessions(together, span.sessions, closes)
    if span.lead and span.days and shown:
        today = shared.now().astimezone(exchange.zone).date()
        shown = shown.pick(shown.days > np.datetime64(today - timedelta(days=span.days)))
    before = together.close[: len(together.starts) - len(shown.starts)]
    return Joined(shown, live.starts[0] if live else None, before)

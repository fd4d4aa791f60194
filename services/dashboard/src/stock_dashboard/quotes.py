"""Every symbol's latest quote, for every page: from the topics, and from the warehouse for symbols that they are silent about."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np

from stock_dashboard import axes, bars, market, markup, queries, runtime, ticker
from stock_dashboard.bars import Bars
from stock_dashboard.history import Picture
from stock_dashboard.queries import Range


class Known(NamedTuple):
    """The live table's rows by symbol, and the warehouse's picture that some are from."""

    rows: list[dict[str, Any]]
    picture: Picture


def known(shared: runtime.Runtime, acted: bool) -> Known:
    """The warehouse is asked once, or again by loads when Kafka is down: the topics tell of every new quote. `acted`: the page is being opened."""
    newest = shared.store.newest()
    picture = _stored(shared, acted and not newest)
    return Known(ticker.rows(newest, shared.store.sparks(ticker.SPARK_POINTS), ticker.stored_rows(picture.table)), picture)


def _stored(shared: runtime.Runtime, acted: bool) -> Picture:
    return shared.picture(queries.latest(follows_loads=shared.store.link.state == "down"), acted=acted)


def symbols(shared: runtime.Runtime) -> list[str]:
    """Every symbol that the topics or the warehouse know of."""
    newest = shared.store.newest()
    picture = _stored(shared, not newest)
    return sorted({*newest, *(row["symbol"] for row in ticker.stored_rows(picture.table))})


def latest(shared: runtime.Runtime, symbol: str) -> markup.Quote | None:
    """The symbol's latest quote, from the topic or else from the warehouse."""
    item = shared.store.newest().get(symbol)
    if item is not None:
        return markup.Quote.of(msgspec.structs.asdict(item.quote))
    picture = _stored(shared, False)
    return next((markup.Quote.of(row) for row in ticker.stored_rows(picture.table) if row["symbol"] == symbol), None)


def joined(shared: runtime.Runtime, symbol: str, span: Range, picture: Picture, exchange: market.Exchange) -> tuple[Bars, np.datetime64 | None]:
    """The bars of the range, and from where on they are the tape's (None: nowhere). Daily bars are the provider's own: the tape adds none."""
    history = bars.from_table(picture.table) if picture.table is not None else bars.empty()
    live = bars.empty()
    if span.intraday:
        columns, whole_from = shared.store.minutes(symbol)
        live = bars.from_minutes(columns, whole_from, span.minutes, axes.local_days(columns[0], exchange.zone))
    together = bars.last_sessions(bars.join(history, live), span.sessions)
    return together, live.starts[0] if live else None

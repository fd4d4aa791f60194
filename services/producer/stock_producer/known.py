"""What earlier runs have kept of the symbols, in the outbox."""

from __future__ import annotations

from datetime import date

from stock_producer.outbox.outbox import Outbox
from stock_producer.schedule.watchlist import Known


def bar_mark(symbol: str) -> str:
    """The kind of the outbox's marks of daily bars: day → event_id."""
    return f"bar {symbol}"


def known(outbox: Outbox) -> Known:
    """What earlier runs have kept of the symbols."""
    newest = outbox.newest_marks(bar_mark(""))
    return Known(outbox.asked(), {symbol: date.fromisoformat(day) for symbol, day in newest.items()})

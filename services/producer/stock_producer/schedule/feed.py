"""The symbols, and what they are asked for with. Polling, answers and status share it."""

from __future__ import annotations

from dataclasses import dataclass

from stock_producer.market.calendars import Calendars
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.published import Published
from stock_producer.schedule.watchlist import Watchlist
from stock_producer.vendor.base import Description, Plan


@dataclass(frozen=True)
class Feed:
    """One source's symbols. `source` labels its quotes and bars."""

    source: str
    description: Description
    plan: Plan
    calendars: Calendars
    watchlist: Watchlist
    budget: Budget
    published: Published

"""Sends the calls that are due. The decision is the scheduler's; here are its inputs and the effects."""

from __future__ import annotations

from datetime import datetime

from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.fetching import Fetcher
from stock_producer.plans import Plan
from stock_producer.scheduler import Pace, next_fetch
from stock_producer.watchlist import Watchlist


class Polling:
    """One thread. `interval`: seconds between two turns of a symbol, as last decided."""

    def __init__(self, calendars: Calendars, watchlist: Watchlist, plan: Plan, pace: Pace, budget: Budget, fetcher: Fetcher) -> None:
        self._calendars = calendars
        self._watchlist = watchlist
        self._plan = plan
        self._pace = pace
        self._budget = budget
        self._fetcher = fetcher
        self.interval = pace.poll

    def send_due(self, now: datetime) -> datetime:
        """Starts every call that is due, each counted on disk before it goes. Returns when to come again. Does not wait for answers."""
        hours = self._calendars.windows()
        while self._fetcher.free:
            allowance = self._budget.allowance(now)
            decision = next_fetch(now, self._watchlist.items(now), hours, self._plan, allowance, self._budget.limits, self._pace)
            self.interval = decision.interval
            if decision.request is None:
                return decision.wake_at
            self._budget.take(now)
            self._watchlist.sent(decision.request.symbols, now)
            self._fetcher.send(decision.request)
        # The next answer wakes the loop.
        return now

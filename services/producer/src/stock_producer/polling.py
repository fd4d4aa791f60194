"""Sends the calls that are due. The decision is the scheduler's; here are its inputs and the effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.fetching import Fetcher
from stock_producer.plans import Plan
from stock_producer.scheduler import next_fetch
from stock_producer.symbols import SymbolsFile
from stock_producer.turns import Pace
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
        self._file: SymbolsFile | None = None

    def follow(self, file: SymbolsFile, asked: Callable[[], Mapping[str, datetime]], log: structlog.stdlib.BoundLogger) -> None:
        """Takes the symbols from `file` too, whenever it changes."""
        self._file, self._asked, self._log = file, asked, log

    def renew(self, now: datetime) -> None:
        """Looks whether other symbols are to be watched. A file that cannot be used changes nothing, which a warning says."""
        if self._file is None:
            return
        try:
            symbols = self._file.changed(now)
        except ValueError as error:
            self._log.warning("symbols not changed: the file cannot be used", reason=str(error))
            return
        if symbols is not None:
            new, gone = self._watchlist.watch(symbols, self._asked())
            self._calendars.add(self._watchlist.calendars)
            self._log.info("symbols changed", new=new, gone=gone, watched=len(self._watchlist))

    def send_due(self, now: datetime) -> datetime:
        """Starts every call that is due, each counted on disk before it goes. Returns when to come again. Does not wait for answers."""
        self.renew(now)
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

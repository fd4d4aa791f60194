"""Sends the calls that are due. The scheduler decides. Its inputs and the effects are here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from stock_common import exchanges
from stock_producer.schedule.feed import Feed
from stock_producer.schedule.scheduler import next_fetch
from stock_producer.schedule.symbols_file import SymbolsFile
from stock_producer.schedule.types import Pace
from stock_producer.schedule.watchlist import Known
from stock_producer.schedule.workers import Fetcher


class Polling:
    """One thread. `interval`: seconds between two turns of a symbol, as last decided."""

    def __init__(self, feed: Feed, pace: Pace, fetcher: Fetcher) -> None:
        self._feed = feed
        self._pace = pace
        self._fetcher = fetcher
        self.interval = pace.poll
        self._file: SymbolsFile | None = None

    def follow(
        self,
        file: SymbolsFile,
        known: Callable[[], Known],
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        """Takes the symbols from `file` too, whenever it changes."""
        self._file, self._known, self._log = file, known, log

    def renew(self, now: datetime) -> None:
        """Looks whether other symbols are to be watched.

        A file that cannot be used changes nothing but the log.
        """
        if self._file is None:
            return
        try:
            symbols = self._file.changed(now)
        except ValueError as error:
            self._log.warning("symbols not changed: the file cannot be used", reason=str(error))
            return
        if symbols is not None:
            new, gone = self._feed.watchlist.watch(symbols, self._known())
            self._feed.calendars.add(self._feed.watchlist.calendars)
            self._log.info("symbols changed", new=new, gone=gone, watched=len(self._feed.watchlist))
            unknown = [symbol for symbol in new if exchanges.of(symbol) is exchanges.UNKNOWN]
            if unknown:
                self._log.warning("the exchange is not known: asked for one by one", symbols=unknown)

    def send_due(self, now: datetime) -> datetime:
        """Starts every call that is due, each counted on disk before it goes.

        Returns when to come again. Does not wait for answers.
        """
        self.renew(now)
        feed, hours = self._feed, self._feed.calendars.windows()
        while self._fetcher.free:
            allowance = feed.budget.allowance(now)
            watched, limits = feed.watchlist.items(now), feed.budget.limits
            decision = next_fetch(now, watched, hours, feed.plan, allowance, limits, self._pace)
            self.interval = decision.interval
            if decision.request is None:
                return decision.wake_at
            feed.budget.take(now)
            feed.watchlist.sent(decision.request.symbols, now)
            self._fetcher.send(decision.request)
        # The next answer wakes the loop.
        return now

"""What follows from a call without data: for the budget, for its symbols, and for the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from stock_producer.schedule.feed import Feed
from stock_producer.schedule.types import is_recent
from stock_producer.vendor.base import Answer
from stock_producer.vendor.kinds import FATAL, LIMITED, Kind, Refusal

LOG_EVERY = timedelta(seconds=30)
"""A reason that lasts is logged this often."""
_SHOWN_SYMBOLS = 5


class Refusals:
    """One thread. `trouble`: why the last call brought nothing, None after one that brought data."""

    def __init__(
        self,
        feed: Feed,
        log: structlog.stdlib.BoundLogger,
        jitter: Callable[[], float],
        *,
        stop_on_wrong_symbols: bool,
    ) -> None:
        self._feed = feed
        self._log = log
        self._jitter = jitter
        self._stop_on_wrong_symbols = stop_on_wrong_symbols
        self._logged: dict[tuple[str, Kind], datetime] = {}
        self.trouble: str | None = None

    def take(self, answer: Answer, refusal: Refusal) -> str | None:
        """Acts on a refusal. Returns why the process has to end, None where it goes on."""
        symbols, now = answer.request.symbols, answer.arrived_at
        if refusal.kind in FATAL:
            return self._feed.description.explain(refusal)
        if refusal.kind is Kind.SYMBOL and len(symbols) == 1:
            return self._unknown(symbols[0], answer, refusal)
        if refusal.kind in LIMITED:
            self._feed.budget.correct(refusal, now)
            self._feed.watchlist.put_back(symbols)
        else:
            # A call for several symbols that is refused as a whole is no word about any one of them.
            self._feed.watchlist.failed(symbols, now, refusal.retry_after, self._jitter())
        return self._no_data(answer, refusal)

    def _no_data(self, answer: Answer, refusal: Refusal) -> None:
        self.trouble = f"{refusal.kind}: {refusal.text}"
        self._report(answer, refusal)

    def _unknown(self, symbol: str, answer: Answer, refusal: Refusal) -> str | None:
        now = answer.arrived_at
        until = self._feed.watchlist.unknown(symbol, now, self._feed.plan.quota_day.end(now))
        if until is None:
            return self._no_data(answer, refusal)
        if self._stop_on_wrong_symbols:
            named = Refusal(Kind.SYMBOL, f"{symbol}: {refusal.text}")
            remedy = "correct SYMBOLS or SYMBOLS_FILE, or set WRONG_SYMBOLS=skip."
            title = self._feed.description.title
            return self._feed.description.explain(named, f"{title} does not know a symbol: {remedy}")
        self._log.warning(
            "symbol skipped: the vendor does not know it",
            symbol=symbol,
            until=f"{until:%Y-%m-%d %H:%M} UTC",
            reason=refusal.text,
        )
        return None

    def _report(self, answer: Answer, refusal: Refusal) -> None:
        place, now = (answer.request.endpoint, refusal.kind), answer.arrived_at
        if is_recent(self._logged.get(place), now, LOG_EVERY):
            return
        self._logged[place] = now
        self._log.warning(
            "call refused",
            endpoint=str(answer.request.endpoint),
            kind=str(refusal.kind),
            reason=refusal.text,
            symbols=list(answer.request.symbols[:_SHOWN_SYMBOLS]),
        )

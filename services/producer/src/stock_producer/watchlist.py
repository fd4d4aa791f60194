"""The symbols and where each stands: when it was asked for, whether a call is under way, how often it failed, whether it is skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from stock_producer.exchanges import calendar, served_in_bulk
from stock_producer.turns import Watched

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(seconds=60)


class Watchlist:
    """State in memory; what must outlive the process (`asked_at`) comes in from the outbox and goes back there."""

    def __init__(self, symbols: Iterable[str], calendar_setting: str, asked: Mapping[str, datetime]) -> None:
        self._setting = calendar_setting
        self._items: dict[str, Watched] = {}
        self._before: dict[str, datetime | None] = {}
        self._failures: dict[str, int] = {}
        self._skipped: dict[str, datetime] = {}
        self._dropped: set[str] = set()
        self.watch(symbols, asked)

    def watch(self, symbols: Iterable[str], asked: Mapping[str, datetime]) -> tuple[list[str], list[str]]:
        """Watches these from now on. Returns what is new and what is gone; what is gone is not asked for any more, but still known to an
        answer under way."""
        wanted = list(dict.fromkeys(symbols))
        before = set(self._items) - self._dropped
        self._dropped = set(self._items) - set(wanted)
        for symbol in wanted:
            if symbol not in self._items:
                self._items[symbol] = Watched(symbol, calendar(symbol, self._setting), served_in_bulk(symbol), asked_at=asked.get(symbol))
        return [symbol for symbol in wanted if symbol not in before], sorted(before - set(wanted))

    @property
    def calendars(self) -> set[str]:
        return {item.calendar for item in self._items.values()}

    def __len__(self) -> int:
        return len(self._items) - len(self._dropped)

    def calendar_of(self, symbol: str) -> str:
        return self._items[symbol].calendar

    def items(self, now: datetime) -> list[Watched]:
        """What may be fetched: all but the skipped ones."""
        self._skipped = {symbol: until for symbol, until in self._skipped.items() if until > now}
        return [item for item in self._items.values() if item.symbol not in self._skipped and item.symbol not in self._dropped]

    @property
    def skipped(self) -> list[str]:
        return sorted(set(self._skipped) - self._dropped)

    def sent(self, symbols: Iterable[str], at: datetime) -> None:
        """A call for them is under way."""
        for symbol in symbols:
            item = self._items[symbol]
            self._before[symbol] = item.asked_at
            self._items[symbol] = item._replace(asked_at=at, busy=True)

    def answered(self, symbols: Iterable[str]) -> dict[str, datetime]:
        """Their call brought data. Returns when each was asked for, to be kept."""
        asked: dict[str, datetime] = {}
        for symbol in symbols:
            item = self._items[symbol]
            self._items[symbol] = item._replace(busy=False, not_before=None)
            self._failures.pop(symbol, None)
            if item.asked_at:
                asked[symbol] = item.asked_at
        return asked

    def put_back(self, symbols: Iterable[str]) -> None:
        """Their call was refused for want of quota: they are as overdue as before."""
        for symbol in symbols:
            self._items[symbol] = self._items[symbol]._replace(busy=False, asked_at=self._before.get(symbol))

    def stale(self, symbols: Iterable[str], until: datetime) -> bool:
        """Their call brought old data: as overdue as before, but not before `until`. False at the second time: older data are what there is."""
        late = [symbol for symbol in symbols if symbol not in self._failures]
        self.put_back(late)
        for symbol in late:
            self._failures[symbol] = 1
            self._items[symbol] = self._items[symbol]._replace(not_before=until)
        return bool(late)

    def failed(self, symbols: Iterable[str], now: datetime, retry_after: float | None, jitter: float) -> None:
        """Their call failed: the next turn, but not before a pause that doubles. `jitter`: 0 to 1, so that they do not all come back at once."""
        for symbol in symbols:
            count = self._failures[symbol] = self._failures.get(symbol, 0) + 1
            pause = min(FIRST_BACKOFF * 2 ** min(count - 1, 10), LONGEST_BACKOFF) * (1 + jitter / 2)
            until = now + max(pause, timedelta(seconds=retry_after or 0))
            self._items[symbol] = self._items[symbol]._replace(busy=False, not_before=until)

    def skip(self, symbol: str, until: datetime) -> bool:
        """Leaves a symbol that the vendor does not know alone until then. Returns whether that is new."""
        self._items[symbol] = self._items[symbol]._replace(busy=False)
        new = symbol not in self._skipped
        self._skipped[symbol] = until
        return new

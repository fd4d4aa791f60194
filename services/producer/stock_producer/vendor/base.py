"""What the producer needs of a source of quotes. Nothing here knows a vendor.

A source is asked by Requests and gives Answers. An Answer has observations, bars, or a Refusal. A source
chooses the names of its endpoints, and the producer only passes them on. To add a source, see
docs/how-to/add-a-source.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from stock_common.run import FatalError
from stock_producer.vendor.kinds import Kind, Refusal

DAILY = "daily"
"""The interval of daily bars. Other intervals are minutes: 1min, 5min."""


class Freshness(StrEnum):
    """How fresh data are while a market is open. It is also the quote's `entitlement`."""

    END_OF_DAY = "end_of_day"
    DELAYED = "delayed"
    REALTIME = "realtime"


class Limits(NamedTuple):
    """Calls at most within any second, any minute and the quota's day. None: no such limit."""

    second: int | None = None
    minute: int | None = None
    day: int | None = None


class QuotaDay(NamedTuple):
    """The day of a source's daily quota. It ends at midnight in `zone`."""

    zone: tzinfo = UTC

    def of(self, now: datetime) -> date:
        """The day that `now` (aware) is in."""
        return now.astimezone(self.zone).date()

    def end(self, now: datetime) -> datetime:
        """The moment that the quota starts again after `now`, in UTC."""
        tomorrow = self.of(now) + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self.zone).astimezone(UTC)


class Batch(NamedTuple):
    """Quotes of several symbols in one call. `serves` is true for a symbol that may be among them."""

    endpoint: str
    size: int
    serves: Callable[[str], bool]


class Plan(NamedTuple):
    """What an account may ask for.

    quote: the endpoint of one symbol's latest price.
    daily: the endpoint of one symbol's last `daily_bars` daily bars, for plans with end-of-day data.
    delay: the age of delayed data, 0 for other data.
    lacks: what a better plan has, in sentences for `stock-producer plan`.
    """

    name: str
    limits: Limits
    freshness: Freshness
    quote: str
    daily: str
    batch: Batch | None = None
    delay: timedelta = timedelta(0)
    quota_day: QuotaDay = QuotaDay()
    daily_bars: int = 100
    lacks: tuple[str, ...] = ()


class Request(NamedTuple):
    """One call. `parameters` are the endpoint's own."""

    endpoint: str
    symbols: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()


class Observation(NamedTuple):
    """The latest quote of one symbol. Prices are in the exchange's currency, times are aware.

    quoted_at: the time of the price, None where the source gives none.
    delay: the age of the data when they arrive, where `quoted_at` is None.
    """

    symbol: str
    price: Decimal
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    previous_close: Decimal | None
    volume: int | None
    trading_day: date
    quoted_at: datetime | None
    freshness: Freshness
    delay: timedelta = timedelta(0)


class PriceBar(NamedTuple):
    """A bar as traded.

    starts_at: aware, in UTC. A daily bar starts at 00:00 of its day.
    trading_day: the exchange's day that the bar belongs to.
    split: new shares for an old one on that day (1: no split), None where the source does not report splits.
    """

    symbol: str
    interval: str
    starts_at: datetime
    trading_day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None
    split: Decimal | None = None


def ignore(_text: str) -> None:
    """Notes nothing."""


class Answer(NamedTuple):
    """What a call brought, and when it arrived (aware). `seconds` is the time that the call took.

    It has observations (possibly of fewer symbols than were asked for), or bars (oldest first), or a refusal.
    unread: what of it could not be read, in words: rows, and fields that a record may lack.
    sent_at: when the source's own clock says that it was sent (aware), None where it does not say.
    """

    request: Request
    arrived_at: datetime
    seconds: float
    observed: list[Observation]
    refusal: Refusal | None
    bars: list[PriceBar] | None = None
    unread: tuple[str, ...] = ()
    sent_at: datetime | None = None


class HistoryCall(NamedTuple):
    """A call for the bars of one symbol, and the days of its answer that are wanted, both included."""

    endpoint: str
    parameters: tuple[tuple[str, str], ...]
    first: date
    last: date


class History(NamedTuple):
    """How a source gives history: the calls for each symbol, and a sentence on which bars they bring."""

    note: str
    calls: tuple[HistoryCall, ...]


class NotInPlan(FatalError):
    """The plan has none of the bars that were asked for."""


class Match(NamedTuple):
    """A symbol that a search has found. `score`: 0 to 1, as the source gives it."""

    symbol: str
    name: str
    kind: str
    region: str
    currency: str
    score: str


class Description(NamedTuple):
    """A source in words.

    title: its name for people.
    endpoints: all endpoints that it has, which are labels of the metrics.
    intervals: of the bars that `history` knows.
    advice: what to do after each kind of refusal in FATAL.
    examples: command lines with its variables.
    """

    title: str
    endpoints: tuple[str, ...]
    intervals: tuple[str, ...] = (DAILY,)
    advice: Mapping[Kind, str] = MappingProxyType({})
    examples: str = ""

    def explain(self, refusal: Refusal, otherwise: str = "") -> str:
        """What to do after a refusal, `otherwise` where there is no advice, and what the source answered."""
        return f"{self.advice.get(refusal.kind) or otherwise} {self.title} says: {refusal.text}"


class Source(Protocol):
    """A source of quotes. `fetch` is called from several threads at once."""

    def fetch(self, request: Request) -> Answer:
        """Makes one call, for ten seconds or so at most, for minutes where it is one of `history`.

        It raises for nothing that the source does.
        """
        ...

    def history(self, interval: str, first: date, last: date) -> History:
        """The calls that bring the bars of these days. Raises NotInPlan where the plan has none of them."""
        ...

    def search(self, text: str) -> Sequence[Match]:
        """The symbols that match a text, best first. It is one call. Raises Refusal."""
        ...

    def close(self) -> None: ...

"""A runtime with a store that tests fill and a history that answers what tests choose.

It has no Kafka, no warehouse and no clock.
"""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry
from samples import BARS, LATEST, NOW, audit, chain, loader, producer, quote

from stock_common.records import Quote
from stock_dashboard.data import runtime
from stock_dashboard.history.cache import Result
from stock_dashboard.history.queries import Query
from stock_dashboard.live.minute_bars import LiveQuotes
from stock_dashboard.live.store import KafkaConnection, LiveStore
from stock_dashboard.metrics import PageMetrics, Viewers


class StubHistory:
    """Answers by view. `asked` has each query, and whether a person opened its page."""

    def __init__(self) -> None:
        self.answers: dict[str, Result] = {}
        self.asked: list[tuple[Query, bool]] = []

    def read(
        self,
        query: Query,
        generation: object,
        *,
        user_opened: bool = False,
        wait: float = 0.0,
        viewer: str | None = None,
    ) -> Result:
        self.asked.append((query, user_opened))
        return self.answers.get(query.view, Result(None, None, False, None))


class Desk:
    """The store, the history and the clock of a page."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = LiveStore(LiveQuotes(), NOW)
        self.history = StubHistory()
        viewers = Viewers(lambda: 0.0)
        self.runtime = runtime.Runtime(
            self.store, self.history, viewers, PageMetrics(CollectorRegistry(), viewers), lambda: self.now
        )  # type: ignore[arg-type]

    def up(self) -> None:
        self.store.connected(KafkaConnection("up", NOW, True))

    def down(self, seconds: float) -> None:
        self.store.connected(KafkaConnection("down", self.now - timedelta(seconds=seconds)))

    def feed(self, *quotes: Quote) -> None:
        for offset, item in enumerate(quotes):
            self.store.quote(item, offset, item.fetched_at, item.fetched_at)
            self.store.end("stock-data", 0, offset + 1)


def well(desk):
    """A pipeline at work in an open market."""
    desk.up()
    desk.feed(
        *(
            quote(symbol, at=NOW - timedelta(minutes=20 - number))
            for number in range(20)
            for symbol in ("AAPL", "IBM")
        ),
        quote("AAPL"),
        quote("IBM"),
    )
    for state in (producer(), chain(41), loader(41), audit(42)):
        desk.store.status(state)
    desk.history.answers |= dict.fromkeys(
        ("bars_1min", "bars_5min", "bars_1h", "bars_1d"), Result(BARS, 3.0, False, None)
    )
    desk.history.answers["latest"] = Result(LATEST, 3.0, False, None)

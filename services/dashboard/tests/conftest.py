"""A runtime with a store that tests fill and a history that answers what tests say; no Kafka, no warehouse, no clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from stock_common.records import Quote
from stock_common.status import AuditStatus, ChainStatus, Loaded, LoaderStatus, MarketState, PartitionVerdict, ProducerStatus
from stock_dashboard import runtime
from stock_dashboard.history import Picture
from stock_dashboard.metrics import PageMetrics, Viewers
from stock_dashboard.queries import Query
from stock_dashboard.store import Link, LiveStore
from stock_dashboard.tape import Tape

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
TOPIC_ID = "ab" * 16


def quote(symbol: str = "IBM", price: str = "101.5", at: datetime = NOW, **changes: object) -> Quote:
    """A real-time quote of `at`."""
    fields: dict = {
        "event_id": str(uuid.uuid4()), "symbol": symbol, "price": Decimal(price), "open": Decimal(100), "high": Decimal(102), "low": Decimal(99),
        "previous_close": Decimal(100), "volume": 1_000, "trading_day": at.date(), "quoted_at": at, "fetched_at": at, "source": "alphavantage",
        "endpoint": "REALTIME_BULK_QUOTES", "entitlement": "realtime", "session": "regular",
    }  # fmt: skip
    return Quote(**(fields | changes))


def producer(at: datetime = NOW, is_open: bool = True, **changes: object) -> ProducerStatus:
    market = MarketState(calendar="XNYS", is_open=is_open, next_open=NOW + timedelta(hours=23), next_close=NOW + timedelta(hours=5))
    fields: dict = {
        "at": at, "source": "alphavantage", "plan": "1200", "freshness": "realtime", "symbols": 2, "interval_seconds": 5.0, "calls_today": 40,
        "calls_limit_day": 100, "calls_limit_minute": 1200, "refusals_today": 0, "outbox": 0, "fetched_at": at, "markets": [market],
    }  # fmt: skip
    return ProducerStatus(**(fields | changes))


def chain(last: int, at: datetime = NOW, partition: int = 0, **changes: object) -> ChainStatus:
    fields: dict = {
        "at": at, "topic": "stock-data", "topic_id": TOPIC_ID, "partition": partition, "last_offset": last, "last_object": None, "put_at": at,
        "first_kafka_time": at, "last_kafka_time": at, "buffered": 0,
    }  # fmt: skip
    return ChainStatus(**(fields | changes))


def loader(last: int, at: datetime = NOW, loads: int = 1, **changes: object) -> LoaderStatus:
    part = Loaded(topic="stock-data", topic_id=TOPIC_ID, partition=0, last_offset=last, rows=last + 1, last_kafka_time=at)
    fields: dict = {
        "at": at,
        "loads": loads, "loaded_at": at, "interval_seconds": 5.0, "partitions": [part], "quarantined": 0, "warehouse_seconds_today": 3_600.0,
    }  # fmt: skip
    return LoaderStatus(**(fields | changes))


def audit(end: int, at: datetime = NOW, complete: bool = True, findings: tuple[str, ...] = ()) -> AuditStatus:
    part = PartitionVerdict(
        topic="stock-data", topic_id=TOPIC_ID, partition=0, kafka_first=0, kafka_end=end, s3_last=end - 1, warehouse_last=end - 1, rows=end,
        rejected=0, holes=0, lost=0, in_flight_s3=0, in_flight_warehouse=0, missing=len(findings), doubled=0, resent=0, findings=list(findings),
    )  # fmt: skip
    return AuditStatus(at=at, complete=complete, full=False, warehouse_at=at, partitions=[part], dead_letters=0)


def bar_table(starts: list[datetime], close: float = 100.0, adjusted: Sequence[datetime | None] = ()) -> pa.Table:
    """Bars newest first, as the warehouse answers; `adjusted`: when those of them were split-adjusted."""
    starts = sorted(starts, reverse=True)
    numbers = {name: [Decimal(str(close))] * len(starts) for name in ("open", "high", "low", "close")}
    stamps = pa.array(starts, pa.timestamp("us", "UTC"))
    table = pa.table({"trading_day": [start.date() for start in starts], "starts_at": stamps, **numbers, "volume": [10] * len(starts)})
    return table.append_column("adjusted_at", pa.array(adjusted or [None] * len(starts), pa.timestamp("us", "UTC")))


LATEST = pa.table(
    {
        "symbol": ["OLD"], "price": [Decimal("7.5")], "previous_close": [Decimal("7.0")],
        "open": [None], "high": [None], "low": [None], "volume": [None],
        "trading_day": [NOW.date() - timedelta(days=1)], "quoted_at": pa.array([None], pa.timestamp("us", "UTC")),
        "fetched_at": pa.array([NOW - timedelta(days=1)], pa.timestamp("us", "UTC")), "source": ["alphavantage"], "entitlement": ["end_of_day"],
        "session": ["closed"],
    }
)  # fmt: skip


class StubHistory:
    """Answers by view; `asked` says what was asked for and whether a person did."""

    def __init__(self) -> None:
        self.answers: dict[str, Picture] = {}
        self.asked: list[tuple[Query, bool]] = []

    def read(self, query: Query, generation: object, *, acted: bool = False, wait: float = 0.0) -> Picture:
        self.asked.append((query, acted))
        return self.answers.get(query.view, Picture(None, None, False, None))


class Desk:
    """What a test of a page holds in its hands."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = LiveStore(Tape(), NOW)
        self.history = StubHistory()
        viewers = Viewers(lambda: 0.0)
        self.runtime = runtime.Runtime(self.store, self.history, viewers, PageMetrics(CollectorRegistry(), viewers), lambda: self.now)  # type: ignore[arg-type]

    def up(self) -> None:
        self.store.connection(Link("up", NOW, True))

    def down(self, seconds: float) -> None:
        self.store.connection(Link("down", self.now - timedelta(seconds=seconds)))

    def feed(self, *quotes: Quote) -> None:
        for offset, item in enumerate(quotes):
            self.store.quote(item, offset, item.fetched_at, item.fetched_at)
            self.store.end("stock-data", 0, offset + 1)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    runtime.install(made.runtime)
    return made


@pytest.fixture
def clock() -> Callable[[], float]:
    """A clock that stands until it is moved: `clock.at = 5`."""

    class Clock:
        at = 0.0

        def __call__(self) -> float:
            return self.at

    return Clock()

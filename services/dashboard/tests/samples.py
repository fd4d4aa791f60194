"""Records, states and results that tests begin with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from stock_common.records import Alert, Quote
from stock_common.status import (
    AuditStatus,
    ChainStatus,
    Loaded,
    LoaderStatus,
    MarketState,
    PartitionVerdict,
    ProducerStatus,
)
from stock_dashboard.history import queries

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
TOPIC_ID = "ab" * 16


def quote(symbol: str = "IBM", price: str = "101.5", at: datetime = NOW, **changes: object) -> Quote:
    """A real-time quote of `at`."""
    fields: dict = {
        "event_id": str(uuid.uuid4()),
        "symbol": symbol,
        "price": Decimal(price),
        "open": Decimal(100),
        "high": Decimal(102),
        "low": Decimal(99),
        "previous_close": Decimal(100),
        "volume": 1_000,
        "trading_day": at.date(),
        "quoted_at": at,
        "fetched_at": at,
        "source": "alphavantage",
        "endpoint": "REALTIME_BULK_QUOTES",
        "entitlement": "realtime",
        "session": "regular",
        "currency": "USD",
    }
    return Quote(**(fields | changes))


def producer(at: datetime = NOW, is_open: bool = True, **changes: object) -> ProducerStatus:
    market = MarketState(
        calendar="XNYS",
        is_open=is_open,
        next_open=NOW + timedelta(hours=23),
        next_close=NOW + timedelta(hours=5),
    )
    fields: dict = {
        "at": at,
        "source": "alphavantage",
        "plan": "1200",
        "freshness": "realtime",
        "symbols": 2,
        "interval_seconds": 5.0,
        "calls_today": 40,
        "calls_limit_day": 100,
        "calls_limit_minute": 1200,
        "refusals_today": 0,
        "outbox": 0,
        "fetched_at": at,
        "markets": [market],
    }
    return ProducerStatus(**(fields | changes))


def chain(last: int, at: datetime = NOW, partition: int = 0, **changes: object) -> ChainStatus:
    fields: dict = {
        "at": at,
        "topic": "stock-data",
        "topic_id": TOPIC_ID,
        "partition": partition,
        "last_offset": last,
        "last_object": None,
        "put_at": at,
        "first_kafka_time": at,
        "last_kafka_time": at,
        "buffered": 0,
    }
    return ChainStatus(**(fields | changes))


def loader(last: int, at: datetime = NOW, loads: int = 1, **changes: object) -> LoaderStatus:
    part = Loaded(
        topic="stock-data",
        topic_id=TOPIC_ID,
        partition=0,
        last_offset=last,
        rows=last + 1,
        last_kafka_time=at,
    )
    fields: dict = {
        "at": at,
        "loads": loads,
        "loaded_at": at,
        "interval_seconds": 5.0,
        "partitions": [part],
        "quarantined": 0,
        "warehouse_seconds_today": 3_600.0,
    }
    return LoaderStatus(**(fields | changes))


def audit(end: int, at: datetime = NOW, complete: bool = True, findings: tuple[str, ...] = ()) -> AuditStatus:
    part = PartitionVerdict(
        topic="stock-data",
        topic_id=TOPIC_ID,
        partition=0,
        kafka_first=0,
        kafka_end=end,
        s3_last=end - 1,
        warehouse_last=end - 1,
        rows=end,
        rejected=0,
        holes=0,
        lost=0,
        in_flight_s3=0,
        in_flight_warehouse=0,
        missing=len(findings),
        doubled=0,
        resent=0,
        findings=list(findings),
    )
    return AuditStatus(
        at=at, complete=complete, full=False, warehouse_at=at, partitions=[part], dead_letters=0
    )


def bar_table(
    starts: list[datetime], close: float = 100.0, adjusted: Sequence[datetime | None] = ()
) -> pa.Table:
    """Bars newest first, as the warehouse answers. `adjusted`: when those of them were split-adjusted."""
    starts = sorted(starts, reverse=True)
    numbers = {name: [Decimal(str(close))] * len(starts) for name in ("open", "high", "low", "close")}
    stamps = pa.array(starts, pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "trading_day": [start.date() for start in starts],
            "starts_at": stamps,
            **numbers,
            "volume": [10] * len(starts),
        }
    )
    return table.append_column(
        "adjusted_at", pa.array(adjusted or [None] * len(starts), pa.timestamp("us", "UTC"))
    )


LATEST = pa.table(
    {
        "symbol": ["OLD"],
        "price": [Decimal("7.5")],
        "previous_close": [Decimal("7.0")],
        "open": [None],
        "high": [None],
        "low": [None],
        "volume": [None],
        "trading_day": [NOW.date() - timedelta(days=1)],
        "quoted_at": pa.array([None], pa.timestamp("us", "UTC")),
        "fetched_at": pa.array([NOW - timedelta(days=1)], pa.timestamp("us", "UTC")),
        "source": ["alphavantage"],
        "entitlement": ["end_of_day"],
        "session": ["closed"],
        "currency": pa.array([None], pa.string()),
    }
)


def alert(number: int = 1, symbol: str = "IBM", price: str = "100", **changes: object) -> Alert:
    fields: dict = {
        "alert_id": str(uuid.UUID(int=number)),
        "rule": "move",
        "symbol": symbol,
        "price": Decimal(price),
        "severity": "warning",
        "triggered_at": NOW - timedelta(minutes=number),
        "event_id": str(uuid.UUID(int=0)),
        "message": f"{symbol} has moved",
    }
    return Alert(**(fields | changes))


def stored(*alerts: Alert) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: getattr(item, name) for name in queries.ALERT_COLUMNS} for item in alerts]
    )


BARS = bar_table([NOW - timedelta(minutes=number) for number in range(30, 90)])

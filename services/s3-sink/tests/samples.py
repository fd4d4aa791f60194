"""Records that the tests share."""

from __future__ import annotations

import io
from array import array
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from stock_common.records import Alert, Bar, Quote
from stock_s3_sink.cutter import Records

ID = "5f0c6a2e-7a55-5a4e-9a53-000000000001"
AT = datetime(2026, 11, 20, 15, 30, 5, 123456, tzinfo=UTC)
QUOTE = Quote(
    event_id=ID,
    symbol="AAPL",
    price=Decimal("1.5"),
    trading_day=date(2026, 11, 20),
    fetched_at=AT,
    source="simulated",
    endpoint="GLOBAL_QUOTE",
)
ALERT = Alert(
    alert_id=ID,
    rule="move",
    symbol="AAPL",
    price=Decimal(1),
    severity="warning",
    triggered_at=AT,
    event_id=ID,
    message="up",
)
BAR = Bar(
    event_id=ID,
    symbol="AAPL",
    interval="daily",
    starts_at=AT,
    open=Decimal(1),
    high=Decimal(2),
    low=Decimal(1),
    close=Decimal(2),
    source="simulated",
    fetched_at=AT,
)
TOPIC_ID = "0123456789abcdef" * 2


def held(*values: bytes, first: int = 0) -> Records:
    offsets = array("q", range(first, first + len(values)))
    return Records(
        list(values),
        offsets,
        array("q", [1_795_000_000_123 + n for n in range(len(values))]),
        3,
        sum(map(len, values)),
    )


def table(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))

"""Chains as the sink writes them: real Parquet, keys and metadata."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from stock_common.keys import ObjectKey, hour_of
from stock_common.links import Link
from stock_lake.tables import QUOTES, Table

TOPIC_ID = "0123456789abcdef" * 2
DAY = date(2026, 11, 24)
"""A Tuesday."""
NEXT = date(2026, 11, 25)
OPEN = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
NAMESPACE = uuid.UUID(int=7)


class Store(Protocol):
    def put_new(self, key: str, body: bytes, metadata: dict[str, str]) -> str: ...


def quote(seconds: float = 0, symbol: str = "AAPL", at: datetime = OPEN, **changes: Any) -> dict[str, Any]:
    fetched = at + timedelta(seconds=seconds)
    row = {
        "event_id": str(uuid.uuid5(NAMESPACE, f"{symbol}{fetched}")),
        "symbol": symbol,
        "price": Decimal("101.25"),
        "previous_close": Decimal(100),
        "volume": int(seconds) + 1_000,
        "trading_day": fetched.date(),
        "quoted_at": None,
        "fetched_at": fetched,
        "source": "simulated",
        "endpoint": "GLOBAL_QUOTE",
        "entitlement": "realtime",
    }
    return row | changes


def bar(seconds: float = 0, symbol: str = "AAPL", at: datetime = OPEN, **changes: Any) -> dict[str, Any]:
    starts = at + timedelta(seconds=seconds)
    row = {
        "event_id": str(uuid.uuid5(NAMESPACE, f"bar{symbol}{starts}{changes}")),
        "symbol": symbol,
        "interval": "1min",
        "starts_at": starts,
        **dict.fromkeys(("open", "high", "low", "close"), Decimal(100)),
        "volume": 10,
        "adjusted": False,
        "source": "simulated",
        "fetched_at": starts + timedelta(minutes=1),
    }
    return row | changes


def alert(seconds: float = 0, symbol: str = "AAPL", at: datetime = OPEN, **changes: Any) -> dict[str, Any]:
    when = at + timedelta(seconds=seconds)
    row = {
        "alert_id": str(uuid.uuid5(NAMESPACE, f"alert{symbol}{when}")),
        "rule": "move",
        "symbol": symbol,
        "price": Decimal("101.25"),
        "severity": "warning",
        "triggered_at": when,
        "event_id": str(uuid.uuid5(NAMESPACE, f"{symbol}{when}")),
        "message": "up",
    }
    return row | changes


class Chains:
    """Puts links one after another. `ends` has the next offset of each chain."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ends: dict[tuple[str, int, str], int] = {}

    def link(
        self,
        rows: Sequence[dict[str, Any]],
        partition: int = 0,
        at: datetime = OPEN,
        table: Table = QUOTES,
        topic_id: str = TOPIC_ID,
        **counts: int,
    ) -> str:
        """Puts a link of the rows, which the broker got at `at`. Returns its key."""
        place = (table.topic.name, partition, topic_id)
        first = self.ends.get(place, 0)
        lineage = [
            {
                "kafka_topic_id": topic_id,
                "kafka_partition": partition,
                "kafka_offset": first + number,
                "kafka_time": at + timedelta(milliseconds=number),
            }
            for number in range(len(rows))
        ]
        body = parquet([row | where for row, where in zip(rows, lineage, strict=True)], table)
        key = ObjectKey(table.topic.name, topic_id, partition, hour_of(at), first)
        last = first + len(rows) + sum(counts.values()) - 1
        self.store.put_new(
            str(key), body, Link(key, last, len(rows), schema=table.topic.schema, **counts).metadata()
        )
        self.ends[place] = last + 1
        return str(key)


def parquet(rows: list[dict[str, Any]], table: Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, table.linked), body, compression="zstd")
    return body.getvalue()


def read(body: bytes) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(body)).to_pylist()

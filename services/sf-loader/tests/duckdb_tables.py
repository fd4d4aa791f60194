"""The warehouse's tables and views on DuckDB, through fakesnow."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from typing import Any

from stock_sf_loader.account.schema import migrations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import fakesnow  # noqa: F401
    import snowflake.connector  # noqa: F401


DAY = date(2026, 3, 2)


OPEN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


GIVEN = {
    "stage": "STOCK_STAGE",
    "stage_url": "s3://stocks/raw/",
    "storage_integration": "",
    "retention_days": "1",
}


class Tables:
    """The warehouse's tables and views in memory, as the migrations up to the number `last` make them."""

    def __init__(self, cursor: Any, last: str = "999") -> None:
        self._cursor = cursor
        self._offset = 0
        for migration in migrations(GIVEN):
            for statement in migration.statements if migration.name[:3] <= last else ():
                cursor.execute(statement)

    def clear(self) -> None:
        self._offset = 0
        for table in ("STOCK_QUOTES", "STOCK_ALERTS", "STOCK_BARS"):
            self._cursor.execute(f"DELETE FROM RAW.{table}")

    def insert(self, table: str, **columns: Any) -> None:
        self._offset += 1
        lineage = {
            "kafka_topic_id": "a" * 32,
            "kafka_partition": 0,
            "kafka_offset": self._offset,
            "kafka_time": OPEN,
            "source_file": "f",
            "loaded_at": OPEN,
        }
        row = lineage | columns
        names = ", ".join(f'"{name.upper()}"' for name in row)
        self._cursor.execute(
            f"INSERT INTO RAW.{table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", tuple(row.values())
        )

    def quote(
        self,
        seconds: float,
        price: float,
        volume: int | None = None,
        symbol: str = "IBM",
        day: date = DAY,
        **changes: Any,
    ) -> None:
        at = OPEN + timedelta(seconds=seconds)
        row = {
            "event_id": f"e{self._offset}",
            "symbol": symbol,
            "price": price,
            "open": 10,
            "high": 20,
            "low": 5,
            "previous_close": 8,
            "volume": volume,
            "trading_day": day,
            "quoted_at": None,
            "fetched_at": at,
            "source": "simulated",
            "endpoint": "GLOBAL_QUOTE",
            "entitlement": "realtime",
        }
        self.insert("STOCK_QUOTES", **(row | changes))

    def rows(self, view: str, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
        return sorted(
            self._cursor.execute(f"SELECT {columns} FROM ANALYTICS.{view} WHERE {where}").fetchall()
        )

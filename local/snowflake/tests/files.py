"""Parquet files as the product writes them, for loading."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NOON = datetime.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=datetime.UTC)

QUOTES_DDL = """
CREATE OR REPLACE TABLE QUOTES (
  EVENT_ID VARCHAR(36) NOT NULL, SYMBOL VARCHAR(8) NOT NULL, PRICE NUMBER(18,6), VOLUME NUMBER(20,0),
  TRADING_DAY DATE, QUOTED_AT TIMESTAMP_LTZ(6), KAFKA_OFFSET NUMBER(20,0), SOURCE_FILE VARCHAR,
  LOADED_AT TIMESTAMP_LTZ DEFAULT CURRENT_TIMESTAMP(), FILE_ROW NUMBER(10,0), CONTENT_KEY VARCHAR,
  MODIFIED TIMESTAMP_NTZ)
"""
METADATA = """INCLUDE_METADATA = (SOURCE_FILE = METADATA$FILENAME,
  LOADED_AT = METADATA$START_SCAN_TIME, FILE_ROW = METADATA$FILE_ROW_NUMBER,
  CONTENT_KEY = METADATA$FILE_CONTENT_KEY, MODIFIED = METADATA$FILE_LAST_MODIFIED)"""


def quotes(rows: int, first: int = 0, **columns: Any) -> pa.Table:
    """Quotes with offsets first, first + 1, ... Every second one has no time. `columns` replaces or adds."""
    table: dict[str, Any] = {
        "event_id": pa.array([f"e{first + row}" for row in range(rows)], pa.string()),
        "symbol": pa.array(["IBM"] * rows, pa.string()),
        "price": pa.array([Decimal("123.456789")] * rows, pa.decimal128(18, 6)),
        "volume": pa.array([10**15 + row for row in range(rows)], pa.int64()),
        "trading_day": pa.array([NOON.date()] * rows, pa.date32()),
        "quoted_at": pa.array([None if row % 2 else NOON for row in range(rows)], pa.timestamp("us", "UTC")),
        "kafka_offset": pa.array(range(first, first + rows), pa.int64()),
    }
    return pa.table({name: column for name, column in (table | columns).items() if column is not None})


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def copy(
    *names: str, path: str = "", table: str = "QUOTES", metadata: str = METADATA, options: str = ""
) -> str:
    """The product's COPY. Without names: of everything under the path."""
    files = f"FILES = ({', '.join(repr(name) for name in names)})" if names else ""
    return f"""COPY INTO {table} FROM @LANDING/{path} {files}
      FILE_FORMAT = (TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE)
      MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE {metadata} {options} ON_ERROR = ABORT_STATEMENT"""

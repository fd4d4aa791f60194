"""An object on S3 is what its name and metadata say, and plain Parquet with the contract's columns."""

from __future__ import annotations

import io
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from stock_common.keys import parse, topic_prefix
from stock_common.links import from_metadata
from stock_common.topics import QUOTES
from stock_stack.layout import BUCKET
from stock_testing.pipeline import Pipeline

PRICE, INSTANT = pa.decimal128(18, 6), pa.timestamp("us", "UTC")
COLUMNS = {
    **dict.fromkeys(
        ("event_id", "symbol", "source", "endpoint", "entitlement", "session", "currency", "kafka_topic_id"),
        pa.string(),
    ),
    **dict.fromkeys(("price", "open", "high", "low", "previous_close"), PRICE),
    **dict.fromkeys(("volume", "kafka_offset"), pa.int64()),
    **dict.fromkeys(("quoted_at", "fetched_at", "kafka_time"), INSTANT),
    "trading_day": pa.date32(),
    "kafka_partition": pa.int32(),
}
"""The contract of the quotes, written out a second time on purpose."""


class Stored:
    """The first object of the quotes' chains that has rows."""

    def __init__(self, pipeline: Pipeline) -> None:
        bucket: Any = pipeline.bucket()
        listing = bucket.list_objects_v2(Bucket=BUCKET, Prefix=topic_prefix(QUOTES.name))["Contents"]
        found = (
            bucket.get_object(Bucket=BUCKET, Key=entry["Key"]) | {"Key": entry["Key"]} for entry in listing
        )
        chosen = next(entry for entry in found if int(entry["Metadata"]["rows"]))
        self.key = parse(chosen["Key"])
        self.link = from_metadata(self.key, chosen["Metadata"])
        self.body: bytes = chosen["Body"].read()
        self.table = parquet.read_table(io.BytesIO(self.body))


@pytest.fixture(scope="module")
def stored(pipeline: Pipeline) -> Stored:
    return Stored(pipeline)


def test_the_schema_is_the_contract(stored: Stored) -> None:
    assert {field.name: field.type for field in stored.table.schema} == COLUMNS


def test_the_name_and_the_metadata_agree_with_what_is_inside(stored: Stored) -> None:
    offsets = stored.table["kafka_offset"].to_pylist()
    assert offsets == sorted(set(offsets))
    assert offsets[0] >= stored.link.first
    assert offsets[-1] <= stored.link.last
    assert len(offsets) == stored.link.rows
    assert set(stored.table["kafka_partition"].to_pylist()) == {stored.key.partition}
    assert set(stored.table["kafka_topic_id"].to_pylist()) == {stored.key.topic_id}
    assert stored.key.topic == QUOTES.name
    assert stored.link.schema == QUOTES.schema
    assert stored.table["kafka_time"][0].as_py() >= stored.key.hour


def test_another_reader_sees_the_same(stored: Stored, tmp_path: Any) -> None:
    file = tmp_path / "object.parquet"
    file.write_bytes(stored.body)
    reader = duckdb.connect()
    rows = reader.execute(
        "SELECT COUNT(*), COUNT(DISTINCT event_id), MIN(price) > 0, COUNT(*) FILTER (symbol = '') "
        f"FROM '{file}'"
    ).fetchall()
    assert rows == [(stored.link.rows, stored.link.rows, True, 0)]
    types = dict(
        reader.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{file}')").fetchall()
    )
    assert (types["price"], types["kafka_time"], types["trading_day"]) == (
        "DECIMAL(18,6)",
        "TIMESTAMP WITH TIME ZONE",
        "DATE",
    )

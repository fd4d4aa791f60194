from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from samples import ALERT, BAR, QUOTE, TOPIC_ID, held, table

from stock_common import records
from stock_common.records import Alert, Bar, Quote, Record
from stock_s3_sink.encode.columns import SLICE
from stock_s3_sink.encode.parquet import encode
from stock_s3_sink.encode.schema import SCHEMAS


@pytest.mark.parametrize(
    ("record", "kind"), [(QUOTE, Quote), (ALERT, Alert), (BAR, Bar)], ids=["quote", "alert", "bar"]
)
def test_rows_come_back_with_their_lineage(record: Record, kind: type[Record]) -> None:
    encoded = encode(kind, held(records.encode(record), first=41), TOPIC_ID, 4)
    rows = table(encoded.body)
    assert rows.schema.equals(SCHEMAS[kind])
    (row,) = rows.to_pylist()
    lineage = {
        name: row.pop(name) for name in ("kafka_topic_id", "kafka_partition", "kafka_offset", "kafka_time")
    }
    assert lineage == {
        "kafka_topic_id": TOPIC_ID,
        "kafka_partition": 4,
        "kafka_offset": 41,
        "kafka_time": datetime.fromtimestamp(1_795_000_000.123, UTC),
    }
    assert row == msgspec.structs.asdict(record)


def test_bad_records_are_returned_and_the_rest_is_kept() -> None:
    good = records.encode(QUOTE)
    encoded = encode(Quote, held(good, b"", b"{", good, b'{"symbol":1}', first=10), TOPIC_ID, 0)
    assert table(encoded.body)["kafka_offset"].to_pylist() == [10, 13]
    assert [(r.offset, r.reason) for r in encoded.rejected] == [(11, "empty"), (12, "json"), (14, "schema")]
    assert encoded.rows == 2


def test_a_file_of_nothing_but_bad_records_is_empty_and_has_the_schema() -> None:
    encoded = encode(Quote, held(b"x"), TOPIC_ID, 0)
    assert encoded.rows == 0
    assert table(encoded.body).schema.equals(SCHEMAS[Quote])


def test_prices_with_more_than_six_decimals_are_rounded_and_counted() -> None:
    value = records.encode(msgspec.structs.replace(QUOTE, price=Decimal("1.23456789"), low=Decimal("0.1")))
    encoded = encode(Quote, held(value), TOPIC_ID, 0)
    assert encoded.rounded == 1
    assert table(encoded.body)["price"].to_pylist() == [Decimal("1.234568")]


def test_more_records_than_a_slice_keep_their_order() -> None:
    value = records.encode(QUOTE)
    encoded = encode(Quote, held(*[value] * (SLICE + 3)), TOPIC_ID, 0)
    assert table(encoded.body)["kafka_offset"].to_pylist() == list(range(SLICE + 3))

"""One decoder for all messages: it refuses what a stage could not carry, and raises nothing else."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_common import status
from stock_common.domain import BadMessage
from stock_common.status import ChainStatus

CHAIN = {
    "type": "chain",
    "at": "2026-11-20T15:30:05Z",
    "topic": "stock-data",
    "topic_id": "0" * 32,
    "partition": 0,
    "last_offset": 1,
    "last_object": None,
    "put_at": None,
    "last_kafka_time": None,
    "buffered": 0,
}
LOADER = {
    "type": "loader",
    "at": "2026-11-20T15:30:05Z",
    "loads": 1,
    "loaded_at": None,
    "interval_seconds": 1.0,
    "partitions": [],
    "quarantined": 0,
    "warehouse_seconds_today": 0.0,
}
PART = {"topic": "t", "topic_id": "i", "partition": 0, "last_offset": 1, "rows": 2}


def test_a_status_in_the_domain_is_decoded() -> None:
    assert isinstance(status.decode(json.dumps(CHAIN).encode()), ChainStatus)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(b"", "empty", id="tombstone"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "schema", id="200 kB of brackets"),
        pytest.param(b'{"type":"chain","x":' + b"[" * 100_000, "json", id="brackets in a field"),
        pytest.param(b"\xff\xfe", "json", id="not UTF-8"),
        pytest.param(json.dumps(CHAIN | {"last_offset": int("9" * 401)}).encode(), "range", id="401 digits"),
        pytest.param(json.dumps(CHAIN | {"buffered": 2**63}).encode(), "range", id="64 bits and one"),
        pytest.param(
            json.dumps(CHAIN | {"at": "9999-12-31T23:59:59-14:00"}).encode(), "range", id="year 10000"
        ),
        pytest.param(json.dumps(LOADER).replace("0.0", "1e400").encode(), "schema", id="an infinite number"),
        pytest.param(
            json.dumps(LOADER | {"partitions": [PART | {"rows": 2**70}]}).encode(),
            "range",
            id="inside a list",
        ),
    ],
)
def test_a_status_outside_of_the_domain_is_refused(value: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        status.decode(value)
    assert refused.value.reason == reason


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing_else(value: bytes) -> None:
    for prefix in (b"", b'{"type":"chain",', json.dumps(CHAIN).encode()[:-1] + b","):
        with pytest.raises(BadMessage):
            assert msgspec.json.encode(status.decode(prefix + value)) == b""

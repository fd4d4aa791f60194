"""What strangers send: records, status messages and decisions, and names of objects."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from stock_common.topics import ALERTS, BARS, DEAD_LETTERS, DECISIONS, QUOTES, STATUS, Topic

NESTED = b"[" * 100_000 + b"]" * 100_000
HUGE = int("9" * 401)
STRAYS = 1_100
"""More than S3 lists at once."""


class Hostile(NamedTuple):
    """A message. `event_id` is the one that a view would show, should every stage take the record."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    event_id: str


def records() -> Iterator[Hostile]:
    """Records that the contract refuses or only just takes, on every topic that goes to S3."""
    for topic in (QUOTES, ALERTS, BARS):
        for raw in (None, b"", b"\xff\xfe{}", b"null", b"{", NESTED, b'{"a":' * 5_000 + b"1" + b"}" * 5_000):
            yield Hostile(topic, b"STRANGE", raw, "")
    for change in _QUOTES:
        yield _changed(QUOTES, _quote(), change)
    for change in _ALERTS:
        yield _changed(ALERTS, _alert(), change)
    for change in _BARS:
        yield _changed(BARS, _bar(), change)


def compacted() -> Iterator[Hostile]:
    """Messages on the compacted topics, which stay until somebody replaces their key. And strange letters."""
    for topic in (STATUS, DECISIONS):
        yield Hostile(topic, b"\x1b[2Jstrange", NESTED, "")
        yield Hostile(topic, b"not-utf-8", b"\xff\xfe", "")
        yield Hostile(topic, None if topic is DEAD_LETTERS else b"", b"null", "")
    yield Hostile(STATUS, b"chain/stock-data/99", json.dumps(_CHAIN | {"last_offset": HUGE}).encode(), "")
    yield Hostile(STATUS, b"chain/x/1", json.dumps(_CHAIN | {"at": "9999-12-31T23:59:59-14:00"}).encode(), "")
    yield Hostile(DECISIONS, b"x", json.dumps({"type": "accepted", "finding": 7}).encode(), "")


def object_names(folder: str) -> Iterator[str]:
    """Keys of a stranger's files in a folder of ours, after our own names, and next to our folders."""
    yield from (f"{folder}part-{number:05d}-c000.snappy.parquet" for number in range(STRAYS))
    yield f"{folder}_SUCCESS"
    yield f"{folder}zzz 'quoted\" \u00e9\u4e2d.parquet"
    yield "raw/stock-data/zz/data.parquet"
    yield "raw/other/file.csv"


def _changed(topic: Topic, record: dict[str, object], change: dict[str, object]) -> Hostile:
    changed = record | change
    value = re.sub(r'"@([^"]*)"', r"\1", json.dumps(changed)).encode()
    return Hostile(topic, b"STRANGE", value, str(changed.get("alert_id", record["event_id"])))


def _quote() -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {
        "event_id": str(uuid.uuid4()),
        "symbol": "STRANGE",
        "price": 1.5,
        "previous_close": 1.25,
        "volume": 7,
        "trading_day": now[:10],
        "fetched_at": now,
        "source": "stranger",
        "endpoint": "GLOBAL_QUOTE",
    }


def _alert() -> dict[str, object]:
    return {
        "alert_id": str(uuid.uuid4()),
        "rule": "strange",
        "symbol": "STRANGE",
        "price": 1.5,
        "severity": "info",
        "triggered_at": datetime.now(UTC).isoformat(),
        "event_id": str(uuid.uuid4()),
        "message": "a stranger's",
    }


def _bar() -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {
        "event_id": str(uuid.uuid4()),
        "symbol": "STRANGE",
        "interval": "1min",
        "starts_at": now,
        "open": 1,
        "high": 1,
        "low": 1,
        "close": 1,
        "source": "stranger",
        "fetched_at": now,
    }


# "@1e400" becomes the number 1e400, digit by digit.
_QUOTES: tuple[dict[str, object], ...] = (
    {"price": "@999999999999.9999999"},
    {"price": 999_999_999_999, "previous_close": 0.000001},
    {"price": 10**30},
    {"price": -1},
    {"previous_close": "@1e-30"},
    {"price": "@1e-999999999"},
    {"volume": 2**64},
    {"volume": HUGE},
    {"trading_day": "9999-12-31"},
    {"trading_day": "2026-02-30"},
    {"fetched_at": "9999-12-31T23:59:59-14:00"},
    {"fetched_at": "0001-01-01T00:00:00+14:00"},
    {"symbol": "IBM\n"},
    {"symbol": "\u0399\u0392\u039c"},
    {"source": "\x1b[31mred"},
    {"extra": {"deep": [[[[{}]]]]}},
    {"event_id": "not-a-uuid"},
)
_ALERTS: tuple[dict[str, object], ...] = (
    {"triggered_at": "9999-12-31T23:59:59-14:00"},
    {"rule": "![x](http://127.0.0.1:9/x)"},
    {"message": '=HYPERLINK("http://127.0.0.1:9")\x1b[2J'},
    {"message": "x" * 513},
    {"threshold": "@1e400"},
)
_BARS: tuple[dict[str, object], ...] = (
    {"high": "@999999999999.9999999"},
    {"starts_at": "9999-12-31T23:59:59-14:00"},
    {"interval": ""},
    {"volume": -1},
)
_CHAIN: dict[str, object] = {
    "type": "chain",
    "at": "2026-01-01T00:00:00Z",
    "topic": "stock-data",
    "topic_id": "0" * 32,
    "partition": 99,
    "last_offset": 1,
    "last_object": None,
    "put_at": None,
    "last_kafka_time": None,
    "buffered": 0,
}

"""What the decoder accepts, every later stage carries: the file, the types, the rules, the pages."""

from __future__ import annotations

import io
import json
import math
import re
import uuid
from array import array
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
from every_rule import check_rules
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stock_common import domain, status
from stock_common.domain import BadMessage
from stock_common.records import Alert, Quote, decode
from stock_common.status import ChainStatus, LoaderStatus
from stock_dashboard.charts import axes, bars
from stock_dashboard.charts.price import ChartOptions, price_chart
from stock_dashboard.data import alerts, movers, row
from stock_dashboard.health.faults import describe
from stock_dashboard.health.snapshot import snapshot
from stock_dashboard.health.strip import strip
from stock_dashboard.health.tiles import tiles
from stock_dashboard.live.minute_bars import LiveQuotes
from stock_dashboard.live.store import LiveStore
from stock_dashboard.pages import download
from stock_dashboard.ui import table
from stock_s3_sink.cutter import Records
from stock_s3_sink.encode.parquet import encode as to_parquet

NOW = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
PRICES = [
    *("1", "0", "-1", "0.000001", "0.0000001", "1e-30", "-0", "1e12", "1e400", "123.456789012345"),
    *("999999999999", "999999999999.999999", "999999999999.9999994", "999999999999.9999999"),
]
TIMES = [
    *("2026-11-27T15:30:00Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"),
    *("2199-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
]
DAYS = ["2026-11-27", "1970-01-01", "1969-12-31", "2199-12-31", "2200-01-01", "9999-12-31"]
VOLUMES = ["0", "1", "null", str(2**63 - 1), str(2**63), "-1"]
prices = st.sampled_from(PRICES) | st.decimals(min_value=-(10**12), max_value=10**12, places=6).map(str)
texts = st.sampled_from(
    ["IBM", "closed", "realtime", "end_of_day", "![x](http://a)", "=1", "\x1b[2J", "é", ""]
)
quotes = st.fixed_dictionaries(
    {"price": prices, "trading_day": st.sampled_from(DAYS), "fetched_at": st.sampled_from(TIMES)},
    optional={
        "previous_close": prices,
        "open": prices,
        "high": prices,
        "low": prices,
        "volume": st.sampled_from(VOLUMES),
        "quoted_at": st.sampled_from(TIMES),
        "session": texts,
        "entitlement": texts,
        "currency": texts,
        "source": texts,
    },
)


def as_json(fields: dict[str, str], **other: str) -> bytes:
    """Numbers as they are written, times, days and texts in quotes."""
    written = {name: json.dumps(value) for name, value in other.items()}
    for name, value in fields.items():
        is_number = name in (
            "price",
            "previous_close",
            "open",
            "high",
            "low",
            "volume",
            "threshold",
            "reference",
        )
        written[name] = value if is_number else json.dumps(value)
    return ("{" + ",".join(f'"{name}":{value}' for name, value in written.items()) + "}").encode()


def quote_json(fields: dict[str, str]) -> bytes:
    base = {"event_id": str(uuid.UUID(int=7)), "symbol": "IBM", "endpoint": "GLOBAL_QUOTE"}
    return as_json({"source": "test"} | fields, **base)


def accepted(values: list[bytes], kind: type) -> list[Any]:
    found = []
    for value in values:
        try:
            found.append(decode(value, kind))
        except BadMessage:
            continue
    return found


def finite(value: Any) -> bool:
    """Whether a browser can take all the numbers in it."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def fields_of(price: str, previous_close: str) -> dict[str, str]:
    place = {"trading_day": DAYS[0], "fetched_at": TIMES[0]}
    return {"price": price, "previous_close": previous_close, **place}


@settings(deadline=None)
@given(st.lists(quotes, min_size=1, max_size=6))
@example([{"price": price, "trading_day": DAYS[-1], "fetched_at": TIMES[0]} for price in PRICES])
@example([fields_of("999999999999", "0.000001")])
@example([fields_of("1", "1e-30")] * 2)
@example([fields_of("0", "1"), fields_of("1e-999999", "1")])
def test_whatever_is_accepted_as_a_quote_goes_all_the_way(rows: list[dict[str, str]]) -> None:
    values = [quote_json(fields) for fields in rows]
    found = accepted(values, Quote)
    check_file(values, found)
    check_rules(found)
    check_pages(found)


def check_file(values: list[bytes], found: list[Quote]) -> None:
    """The object has a row for each, within the columns' types (NUMBER(18,6), 1970 to 2199)."""
    held = Records(values, array("q", range(len(values))), array("q", [1] * len(values)))
    encoded = to_parquet(Quote, held, "0" * 32, 0)
    assert (encoded.rows, len(encoded.rejected)) == (len(found), len(values) - len(found))
    written = pq.read_table(io.BytesIO(encoded.body)).to_pylist()
    for quote, line in zip(found, written, strict=True):
        assert line["price"] == domain.rounded(quote.price)[0]
        assert abs(line["price"]) < domain.PRICE_LIMIT
        assert domain.FIRST_INSTANT <= line["fetched_at"] < domain.END_INSTANT
        assert domain.FIRST_DAY <= line["trading_day"] < domain.END_DAY


def check_pages(found: list[Quote]) -> None:
    """Every table, chart and file is drawn, and no number in them is infinite."""
    store = LiveStore(LiveQuotes(symbols=10), NOW)
    for offset, quote in enumerate(found):
        store.quote(quote, offset, NOW, NOW)
    rows = row.merged(store.newest(), store.sparks(row.SPARK_POINTS), [])
    assert finite([each.cells() for each in rows])
    shown = movers.ranked(rows)
    assert finite([each.cells() for each in shown[0]])
    download.csv(download.table(table.file_rows(rows, row.COLUMNS), table.fields(row.COLUMNS)))
    download.parquet(download.table(movers.file_rows(shown), movers.FIELDS))
    columns, whole_from = store.minutes("IBM")
    drawn = bars.from_minutes(columns, whole_from, 1, axes.local_days(columns[0], NEW_YORK))
    if drawn:
        figure = price_chart("IBM", drawn, ChartOptions(NEW_YORK, 1, closes=True, vwap=True))
        assert not re.search(r"NaN|Infinity", json.dumps(json.loads(figure.to_json())))
        download.csv(download.bar_table("IBM", drawn))
    describe(snapshot(store, NOW))


alert_fields = st.fixed_dictionaries(
    {
        "price": prices,
        "triggered_at": st.sampled_from(TIMES),
        "rule": texts,
        "message": texts | st.just("x" * 512) | st.just("![x](http://a)"),
    },
    optional={"threshold": prices, "reference": prices, "direction": texts},
)


@settings(deadline=None)
@given(st.lists(alert_fields, min_size=1, max_size=6))
@example([{"price": "1", "triggered_at": "9999-12-31T23:59:59-14:00", "rule": "r", "message": "m"}])
def test_whatever_is_accepted_as_an_alert_is_drawn_and_written(fields: list[dict[str, str]]) -> None:
    base = {
        "alert_id": str(uuid.UUID(int=1)),
        "event_id": str(uuid.UUID(int=2)),
        "symbol": "IBM",
        "severity": "info",
    }
    found = accepted([as_json(each, **base) for each in fields], Alert)
    store = LiveStore(LiveQuotes(symbols=10), NOW)
    for alert in found:
        store.alert(alert)
    drawn = alerts.rows(found, {"IBM": 1.0}, store.minutes, lambda symbol: NEW_YORK, NOW)
    assert finite([each.cells() for each in drawn])
    download.csv(download.table(alerts.file_rows(drawn), alerts.FIELDS))


numbers = st.sampled_from([0, -1, 1, 2**63 - 1, -(2**63), 2**63, int("9" * 401)])
chains = st.fixed_dictionaries({"last_offset": numbers, "buffered": numbers, "at": st.sampled_from(TIMES)})


@settings(deadline=None)
@given(st.lists(chains, max_size=4), numbers, st.sampled_from(["0", "1e308", "1e400", "-1"]))
def test_whatever_is_accepted_as_a_status_is_drawn(
    some: list[dict[str, Any]], rows: int, seconds: str
) -> None:
    store = LiveStore(LiveQuotes(symbols=10), NOW)
    part = {"topic": "stock-data", "topic_id": "0" * 32, "partition": 0, "last_offset": rows, "rows": rows}
    chain = part | {"type": "chain", "last_object": None, "put_at": None, "last_kafka_time": None}
    del chain["rows"]
    loader = {"type": "loader", "at": TIMES[0], "loads": 1, "loaded_at": None, "interval_seconds": 1.0}
    loader |= {"partitions": [part], "quarantined": rows, "warehouse_seconds_today": 0.5}
    messages = [json.dumps(chain | each | {"partition": place}).encode() for place, each in enumerate(some)]
    messages.append(json.dumps(loader).replace("0.5", seconds).encode())
    for value in messages:
        try:
            found = status.decode(value)
        except BadMessage:
            continue
        assert isinstance(found, ChainStatus | LoaderStatus)
        store.status(found)
    state = snapshot(store, NOW + timedelta(days=1))
    assert "inf" not in strip(state, 0.0, NEW_YORK)
    tiles(state)
    describe(state)
    assert np.isfinite(store.rate(NOW))

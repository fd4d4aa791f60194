from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.bodies import global_quote

from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.quotes import number
from stock_producer.vendor.alphavantage.quotes import observations as parse
from stock_producer.vendor.base import Freshness, Observation, Request
from stock_producer.vendor.kinds import Kind, Refusal


def observations(
    request: Request, body: bytes, promised: Freshness = Freshness.REALTIME
) -> list[Observation]:
    return parse(request, body, promised)


IBM = Request(Endpoint.GLOBAL_QUOTE, ("IBM",))
DELAYED = "Global Quote - DATA DELAYED BY 15 MINUTES"
BULK = Request(Endpoint.BULK, ("IBM", "AAPL", "BRK.B"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b"", Kind.UNREADABLE, id="empty"),
        pytest.param(
            b"<html><body>502 Bad Gateway</body></html>", Kind.UNREADABLE, id="HTML with status 200"
        ),
        pytest.param(global_quote("IBM")[:-40], Kind.UNREADABLE, id="truncated"),
        pytest.param(b"[]", Kind.UNREADABLE, id="a list"),
        pytest.param(b"{}", Kind.UNREADABLE, id="an empty object"),
        pytest.param(b"\xff\xfe", Kind.UNREADABLE, id="no UTF-8"),
        pytest.param(b"[" * 100_000, Kind.UNREADABLE, id="deeply nested"),
        pytest.param(b'{"Global Quote": []}', Kind.UNREADABLE, id="a quote that is a list"),
        pytest.param(b'{"Global Quote": {}}', Kind.SYMBOL, id="symbol not known"),
        pytest.param(b'{"Global Quote": {"01. symbol": "", "05. price": ""}}', Kind.SYMBOL, id="only blanks"),
        pytest.param(global_quote("MSFT"), Kind.UNREADABLE, id="another symbol"),
        pytest.param(global_quote("IBM", price="abc"), Kind.UNREADABLE, id="price is text"),
        pytest.param(global_quote("IBM", price="0.0000"), Kind.UNREADABLE, id="price is 0"),
        pytest.param(global_quote("IBM", price="NaN"), Kind.UNREADABLE, id="price is no number"),
        pytest.param(global_quote("IBM", price="Infinity"), Kind.UNREADABLE, id="price is infinite"),
        pytest.param(global_quote("IBM", price="1e12"), Kind.UNREADABLE, id="price beyond the contract"),
        pytest.param(global_quote("IBM", day="yesterday"), Kind.UNREADABLE, id="day is no day"),
    ],
)
def test_bodies_without_a_quote(body: bytes, kind: Kind) -> None:
    with pytest.raises(Refusal) as refused:
        observations(IBM, body)
    assert refused.value.kind is kind


@pytest.mark.parametrize(
    ("top", "delayed"),
    [("Global Quote", False), ("Global Quote - DATA DELAYED BY 15 MINUTES", True)],
    ids=["plain top key", "delayed top key"],
)
def test_global_quote(top: str, delayed: bool) -> None:
    [seen] = observations(IBM, global_quote("IBM", top=top))
    assert seen.price == Decimal("101.5000")
    assert (seen.open, seen.high, seen.low, seen.previous_close) == (
        Decimal("100.25"),
        Decimal(102),
        Decimal("99.75"),
        Decimal(100),
    )
    assert (seen.volume, seen.trading_day, seen.quoted_at, seen.freshness is Freshness.DELAYED) == (
        1834201,
        date(2026, 11, 23),
        None,
        delayed,
    )


def test_missing_numbers_are_absent() -> None:
    [seen] = observations(
        IBM,
        global_quote(
            "IBM", **{"02. open": "", "03. high": "None", "06. volume": "-", "08. previous close": "0.0000"}
        ),
    )
    assert (seen.open, seen.high, seen.volume, seen.previous_close) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.8418%", Decimal("1.8418")),
        (" -3.2 % ", Decimal("-3.2")),
        ("", None),
        ("None", None),
        ("-", None),
        (None, None),
        ("1e3", Decimal(1000)),
    ],
)
def test_numbers(text: object, value: Decimal | None) -> None:
    assert number(text) == value


def bulk_row(symbol: str, **fields: Any) -> dict[str, Any]:
    row = {
        "symbol": symbol,
        "timestamp": "2026-11-23 10:15:30.667",
        "open": "100.25",
        "high": "102.00",
        "low": "99.75",
        "close": "101.50",
        "volume": "1834201",
        "previous_close": "100.00",
        "change": "1.50",
        "change_percent": "1.50",
        "extended_hours_quote": "",
    }
    return row | fields


def bulk(*rows: object, **fields: Any) -> bytes:
    return json.dumps(
        {"endpoint": "Realtime Bulk Quotes", "message": "success", "data": rows} | fields
    ).encode()


def test_bulk_times_are_new_yorks() -> None:
    winter, summer = bulk_row("IBM"), bulk_row("AAPL", timestamp="2026-07-01 10:15:30")
    seen = {item.symbol: item for item in observations(BULK, bulk(winter, summer))}
    assert seen["IBM"].quoted_at == datetime(2026, 11, 23, 15, 15, 30, 667000, tzinfo=UTC)
    assert seen["AAPL"].quoted_at == datetime(2026, 7, 1, 14, 15, 30, tzinfo=UTC)
    assert (seen["IBM"].price, seen["IBM"].trading_day, seen["IBM"].volume) == (
        Decimal("101.50"),
        date(2026, 11, 23),
        1834201,
    )


@pytest.mark.parametrize(
    ("rows", "symbols"),
    [
        pytest.param([bulk_row("IBM")], ["IBM"], id="a symbol is not there"),
        pytest.param([bulk_row("IBM", close=""), bulk_row("AAPL")], ["AAPL"], id="a price is blank"),
        pytest.param([bulk_row("IBM", timestamp="soon")], [], id="a time is no time"),
        pytest.param([{"symbol": "IBM"}, "text", bulk_row("AAPL")], ["AAPL"], id="rows of another shape"),
        pytest.param([bulk_row("TSLA"), bulk_row("AAPL")], ["AAPL"], id="a symbol nobody asked for"),
        pytest.param([bulk_row("IBM"), bulk_row("IBM", close="9")], ["IBM"], id="a symbol twice"),
        pytest.param([bulk_row("BRK-B")], ["BRK.B"], id="another way to write a share class"),
        pytest.param(
            [{k: v for k, v in bulk_row("IBM").items() if "change" not in k}],
            ["IBM"],
            id="changes are left out",
        ),
    ],
)
def test_partial_bulk_answers(rows: list[object], symbols: list[str]) -> None:
    assert [item.symbol for item in observations(BULK, bulk(*rows))] == symbols


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(
            bulk(bulk_row("IBM"), message="Sample data. This is a premium endpoint."),
            Kind.PREMIUM,
            id="sample data are never quotes",
        ),
        pytest.param(
            bulk(bulk_row("IBM"), message="some other words"), Kind.UNKNOWN, id="an unknown message"
        ),
        pytest.param(b'{"message": "success", "data": {}}', Kind.UNREADABLE, id="data is no list"),
    ],
)
def test_bulk_answers_without_quotes(body: bytes, kind: Kind) -> None:
    with pytest.raises(Refusal) as refused:
        observations(BULK, body)
    assert refused.value.kind is kind


@pytest.mark.parametrize(
    ("plan", "top", "fresh"),
    [
        pytest.param("free", "Global Quote", Freshness.END_OF_DAY, id="free"),
        pytest.param("75", DELAYED, Freshness.DELAYED, id="delayed, and says so"),
        pytest.param("75", "Global Quote", Freshness.END_OF_DAY, id="delayed, but does not say so"),
        pytest.param("150", "Global Quote", Freshness.REALTIME, id="realtime"),
        pytest.param("150", DELAYED, Freshness.DELAYED, id="realtime, but says delayed"),
    ],
)
def test_freshness_is_what_the_answer_says(plan: str, top: str, fresh: Freshness) -> None:
    [seen] = observations(IBM, global_quote("IBM", top=top), PLANS[plan].freshness)
    assert seen.freshness is fresh
    assert seen.delay == timedelta(minutes=15 if top == DELAYED else 0)


def test_a_bulk_quote_is_as_fresh_as_the_plan() -> None:
    [seen] = observations(BULK, bulk(bulk_row("IBM")), PLANS["150"].freshness)
    assert seen.freshness is Freshness.REALTIME

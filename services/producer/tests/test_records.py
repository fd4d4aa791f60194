from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from stock_common.records import Quote, decode, encode
from stock_producer.ids import quote_id
from stock_producer.records import bar, quote
from stock_producer.vendor.base import Freshness, Observation, PriceBar

AT = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
SEEN = Observation(
    symbol="IBM",
    price=Decimal("101.5000"),
    open=None,
    high=Decimal(102),
    low=None,
    previous_close=Decimal(100),
    volume=1834201,
    trading_day=date(2026, 11, 23),
    quoted_at=None,
    freshness=Freshness.REALTIME,
)
PRICE_BAR = PriceBar(
    symbol="IBM",
    interval="daily",
    starts_at=datetime(2026, 11, 20, tzinfo=UTC),
    trading_day=date(2026, 11, 20),
    open=Decimal("100.0000"),
    high=Decimal("120.0000"),
    low=Decimal("90.0000"),
    close=Decimal("103.5000"),
    volume=1000,
)


def test_the_event_is_named_by_what_was_observed() -> None:
    same = quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT)
    assert (
        same == quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT) == "d55523a6-8100-50bf-bf1d-7cd3ee296de4"
    )
    others = {
        quote_id("simulated", "GLOBAL_QUOTE", "IBM", AT),
        quote_id("alphavantage", "REALTIME_BULK_QUOTES", "IBM", AT),
        quote_id("alphavantage", "GLOBAL_QUOTE", "AAPL", AT),
        quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT + timedelta(microseconds=1)),
    }
    assert len(others | {same}) == 5


@pytest.mark.parametrize(
    ("adjusted", "name"),
    [(False, "d8627295-188d-5767-9fea-1d54d2f27716"), (True, "1982dbf8-262c-5808-bf48-ccb098e47c4d")],
)
def test_the_ids_of_bars_never_change(adjusted: bool, name: str) -> None:
    assert bar(PRICE_BAR, "alphavantage", AT, adjusted=adjusted).event_id == name


def test_a_quote_is_the_contracts() -> None:
    made = quote(SEEN, "GLOBAL_QUOTE", "simulated", AT, "regular")
    assert decode(encode(made), Quote) == made
    assert (made.open, made.quoted_at, made.fetched_at, made.entitlement) == (None, None, AT, "realtime")


@pytest.mark.parametrize(
    ("symbol", "currency"), [("IBM", "USD"), ("TSCO.LON", "GBX"), ("MBG.DEX", "EUR"), ("X.QQQ", None)]
)
def test_a_quote_has_the_currency_of_its_exchange(symbol: str, currency: str | None) -> None:
    made = quote(SEEN._replace(symbol=symbol), "GLOBAL_QUOTE", "simulated", AT, "regular")
    assert decode(encode(made), Quote).currency == currency


def test_a_quote_from_before_the_currency_is_still_one() -> None:
    made = quote(SEEN, "GLOBAL_QUOTE", "simulated", AT, "regular")
    old = {name: value for name, value in json.loads(encode(made)).items() if name != "currency"}
    assert decode(json.dumps(old).encode(), Quote).currency is None

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_common import domain, records
from stock_common.domain import BadMessage
from stock_common.records import Quote

QUOTE = Quote(
    event_id="5f0c6a2e-7a55-5a4e-9a53-000000000001",
    symbol="AAPL",
    price=Decimal("189.123456"),
    volume=1200,
    trading_day=date(2026, 11, 20),
    fetched_at=datetime(2026, 11, 20, 15, 30, 5, 123456, tzinfo=UTC),
    source="alphavantage",
    endpoint="GLOBAL_QUOTE",
)


def changed(**fields: object) -> bytes:
    value = msgspec.json.decode(records.encode(QUOTE))
    value.update(fields)
    return msgspec.json.encode(value)


def test_quote_comes_back_as_it_was() -> None:
    assert records.decode(records.encode(QUOTE), Quote) == QUOTE


def test_prices_are_json_numbers_with_every_digit() -> None:
    assert b'"price":189.123456' in records.encode(QUOTE)


@given(st.decimals(min_value=0, max_value=domain.PRICE_LIMIT - 1, places=6))
def test_every_price_that_fits_the_column_is_exact(price: Decimal) -> None:
    quote = msgspec.structs.replace(QUOTE, price=price)
    assert records.decode(records.encode(quote), Quote).price == price


def number(text: str) -> bytes:
    """The quote with this price, digit by digit."""
    return changed(price="@").replace(b'"@"', text.encode())


class Case(NamedTuple):
    value: bytes
    reason: str


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(b"", "empty"), id="tombstone"),
        pytest.param(Case(b"{", "json"), id="truncated"),
        pytest.param(Case(b"\xff\xfe", "json"), id="not UTF-8"),
        pytest.param(Case(b"[1]", "schema"), id="no object"),
        pytest.param(Case(b'{"x":' + b"[" * 100_000, "json"), id="nested too deep"),
        pytest.param(Case(changed(price=None), "schema"), id="no price"),
        pytest.param(Case(changed(price="NaN"), "range"), id="price NaN"),
        pytest.param(Case(changed(price="Infinity"), "range"), id="price infinite"),
        pytest.param(Case(changed(price=1e12), "range"), id="price too large"),
        pytest.param(Case(changed(low=-1e12), "range"), id="low too small"),
        pytest.param(Case(changed(symbol=""), "schema"), id="empty symbol"),
        pytest.param(Case(changed(session=""), "schema"), id="empty session: COPY refuses ''"),
        pytest.param(Case(changed(fetched_at="2026-11-20T15:30:05"), "schema"), id="time without offset"),
        pytest.param(Case(changed(volume=-1), "schema"), id="negative volume"),
        pytest.param(Case(changed(volume=2**63), "schema"), id="volume beyond int64"),
        pytest.param(Case(changed(volume=int("9" * 401)), "schema"), id="volume of 401 digits"),
        pytest.param(Case(number("999999999999.9999999"), "range"), id="price that rounds up to the limit"),
        pytest.param(Case(number("1e999999999999999999"), "range"), id="price with a huge exponent"),
        pytest.param(Case(number("1" * 100_000), "range"), id="price of 100,000 digits"),
        pytest.param(Case(changed(trading_day="9999-12-31"), "range"), id="day too late"),
        pytest.param(Case(changed(trading_day="1969-12-31"), "range"), id="day too early"),
        pytest.param(Case(changed(fetched_at="9999-12-31T23:59:59-14:00"), "range"), id="year 10000 in UTC"),
        pytest.param(Case(changed(fetched_at="0001-01-01T00:00:00+14:00"), "range"), id="year 0 in UTC"),
        pytest.param(Case(changed(quoted_at="2199-12-31T23:59:59-00:01"), "range"), id="2200 in UTC"),
        pytest.param(Case(changed(symbol="IBM\n"), "schema"), id="symbol with a line break"),
        pytest.param(Case(changed(source="\x1b[31mred"), "schema"), id="an escape in a name"),
        pytest.param(
            Case(changed(source="\u0399\u0392\u039c"), "schema"), id="Greek letters that look like Latin"
        ),
        pytest.param(
            Case(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json"), id="200 kB of brackets"
        ),
    ],
)
def test_what_the_contract_refuses(case: Case) -> None:
    with pytest.raises(BadMessage) as refused:
        records.decode(case.value, Quote)
    assert refused.value.reason == case.reason


@pytest.mark.parametrize("text", ["1e-30", "0.0000005", "-0", "999999999999.9999994", "0." + "1" * 5_000])
def test_a_price_that_six_decimals_can_say_is_taken(text: str) -> None:
    price = records.decode(number(text), Quote).price
    assert abs(domain.rounded(price)[0]) < domain.PRICE_LIMIT


def test_unknown_fields_of_a_value_that_nests_too_deep_are_none() -> None:
    assert records.unknown_fields(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Quote) == frozenset()


def test_a_field_of_a_later_version_is_ignored_and_named() -> None:
    value = changed(of_a_later_version="x")
    assert records.decode(value, Quote) == QUOTE
    assert records.unknown_fields(value, Quote) == {"of_a_later_version"}


def test_more_than_six_decimals_are_rounded_and_reported() -> None:
    assert domain.rounded(Decimal("1.0000005")) == (Decimal("1.000000"), True)
    assert domain.rounded(Decimal("1.5")) == (Decimal("1.5"), False)

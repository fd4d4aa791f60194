"""Whatever is wrong with one row of an answer costs no other row, and ends nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import daily, global_quote
from support.world import START, World

from stock_common.domain import BadMessage
from stock_common.records import Bar, Quote, decode
from stock_producer import records
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.quotes import observations
from stock_producer.vendor.base import Freshness, Observation, Request
from stock_producer.vendor.kinds import Refusal

BULK = Request(Endpoint.BULK, ("IBM", "AAPL", "MSFT"))
GOOD = {"timestamp": "2026-11-23 10:00:00", "close": "101.5", "previous_close": "100.0", "volume": "7"}
ODD_ROWS = [
    pytest.param({"timestamp": "9999-12-31 23:59:59"}, id="a date at the end of time"),
    pytest.param({"timestamp": "0001-01-01 00:00:00"}, id="a date at the beginning of time"),
    pytest.param({"timestamp": "0001-01-01T00:00:00+14:00"}, id="a date before the beginning of time"),
    pytest.param({"timestamp": None}, id="no date"),
    pytest.param({"timestamp": ["x"]}, id="a list for a date"),
    pytest.param({"close": "9" * 2_000_000}, id="a price of 2,000,000 digits"),
    pytest.param({"close": "0." + "1" * 2_000_000}, id="a price of 2,000,000 decimals"),
    pytest.param({"close": "1e999999999"}, id="a price with a huge exponent"),
    pytest.param({"close": "999999999999.9999999"}, id="a price that rounds up to the limit"),
    pytest.param({"close": "0.0000001"}, id="a price that rounds to nothing"),
    pytest.param({"close": "-1"}, id="a negative price"),
    pytest.param({"close": "NaN"}, id="no number"),
    pytest.param({"close": {"a": 1}}, id="an object for a price"),
    pytest.param({"volume": "1e30"}, id="a volume beyond 64 bits"),
]


def bulk(**odd: object) -> bytes:
    rows = [{"symbol": symbol, **GOOD} for symbol in BULK.symbols]
    rows[1] |= odd
    return json.dumps({"message": "success", "data": rows}).encode()


@pytest.mark.parametrize("odd", ODD_ROWS)
def test_an_odd_row_of_a_bulk_answer_costs_no_other(odd: dict[str, object]) -> None:
    found = observations(BULK, bulk(**odd), Freshness.REALTIME)
    assert {"IBM", "MSFT"} <= {each.symbol for each in found}


def test_a_previous_close_of_almost_nothing_is_none() -> None:
    found = observations(BULK, bulk(previous_close="1e-30"), Freshness.REALTIME)
    assert found[1].previous_close is None


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"07. latest trading day": "2027-11-23"}, id="one wrong year"),
        pytest.param({"07. latest trading day": "9999-12-31"}, id="the last day of all"),
        pytest.param({"08. previous close": "1e-30"}, id="a previous close of almost nothing"),
        pytest.param({"05. price": "9" * 100}, id="a price of 100 digits"),
    ],
)
def test_an_odd_quote_neither_ends_the_producer_nor_freezes_its_symbol(
    world: World, odd: dict[str, str]
) -> None:
    world.vendor.bodies["IBM"] = global_quote("IBM", **odd)
    world.start()
    world.steps(60)
    others = {quote.symbol for quote in world.broker.quotes()} - {"IBM"}
    assert others
    assert all(quote.trading_day <= START.date() + timedelta(days=2) for quote in world.broker.quotes())
    before = len([quote for quote in world.broker.quotes() if quote.symbol == "IBM"])
    del world.vendor.bodies["IBM"]
    world.steps(1_200)
    assert len([quote for quote in world.broker.quotes() if quote.symbol == "IBM"]) > before


@pytest.mark.parametrize(
    "odd", [{"volume": "many"}, {"open": "x"}, {"previous_close": "-1"}, {"volume": "1e30"}]
)
def test_an_odd_field_that_a_quote_may_lack_costs_no_quote(odd: dict[str, str]) -> None:
    noted: list[str] = []
    found = observations(BULK, bulk(**odd), Freshness.REALTIME, noted.append)
    assert [each.symbol for each in found] == list(BULK.symbols)
    assert len(noted) == 1


def test_what_cannot_be_read_is_counted(world: World) -> None:
    world.vendor.bodies["IBM"] = global_quote("IBM", **{"06. volume": "many"})
    world.start()
    world.steps(20)
    asked = world.vendor.asked.count("IBM")
    assert world.registry.get_sample_value("stock_producer_rows_refused_total") == asked > 0
    assert {quote.symbol for quote in world.broker.quotes()} == {"AAPL", "IBM"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"trading_day": datetime(2027, 11, 23, tzinfo=UTC).date()}, id="a day of next year"),
        pytest.param({"quoted_at": START + timedelta(days=3)}, id="a time in three days"),
        pytest.param({"price": Decimal("999999999999.9999999")}, id="a price that rounds up to the limit"),
        pytest.param({"price": Decimal("0." + "1" * 20_000)}, id="a price of 20,000 decimals"),
        pytest.param({"symbol": "IBM\n"}, id="a line break in a symbol"),
        pytest.param({"volume": 2**70}, id="a volume beyond 64 bits"),
    ],
)
def test_what_no_later_stage_could_carry_does_not_leave_the_producer(change: dict[str, object]) -> None:
    seen = observations(BULK, bulk(), Freshness.REALTIME)[0]._replace(**change)
    with pytest.raises(BadMessage):
        records.fitting(records.quote(seen, "E", "alphavantage", START, "regular"), START)


texts = st.text(max_size=12) | st.sampled_from(
    [
        "1e-30",
        "1e400",
        "9" * 50,
        "-",
        "None",
        "2026-11-23",
        "9999-12-31 23:59:59",
        "0001-01-01",
        "1.5%",
        "\ud800",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*GOOD, "symbol", "open", "extended_hours_quote", "message", "data"])


@given(st.lists(st.dictionaries(names, values, max_size=5), max_size=3), values)
def test_a_bulk_answer_of_any_values_gives_quotes_that_fit_or_a_refusal(
    rows: list[dict[str, object]], message: object
) -> None:
    given_rows = [{"symbol": "IBM", **GOOD, **row} for row in rows]
    body = json.dumps({"message": message, "data": given_rows}, allow_nan=True).encode()
    try:
        found = observations(BULK, body, Freshness.REALTIME)
    except Refusal:
        return
    for each in found:
        check_quote(each)


@given(
    st.dictionaries(st.sampled_from([*json.loads(global_quote("IBM"))["Global Quote"]]), values, max_size=5)
)
def test_a_quote_of_any_values_fits_or_is_a_refusal(changes: dict[str, object]) -> None:
    body = json.loads(global_quote("IBM"))
    body["Global Quote"] |= changes
    try:
        found = observations(
            Request(Endpoint.GLOBAL_QUOTE, ("IBM",)), json.dumps(body).encode(), Freshness.REALTIME
        )
    except Refusal:
        return
    check_quote(found[0])


@given(st.dictionaries(st.text(max_size=12) | st.just("2026-11-20"), values, max_size=3))
def test_bars_of_any_values_fit_or_are_a_refusal(changes: dict[str, object]) -> None:
    body = json.loads(daily("IBM"))
    body["Time Series (Daily)"] |= changes
    try:
        found = bars(Request(Endpoint.DAILY, ("IBM",)), json.dumps(body).encode())
    except Refusal:
        return
    for each in found:
        try:
            value = records.fitting(records.bar(each, "alphavantage", START), START)
        except BadMessage:
            continue
        assert decode(value, Bar).symbol == "IBM"


def check_quote(seen: Observation) -> None:
    """The quote fits, or is refused by name."""
    try:
        value = records.fitting(records.quote(seen, "E", "alphavantage", START, "regular"), START)
    except BadMessage:
        return
    assert decode(value, Quote).symbol == seen.symbol


@given(st.binary(max_size=300))
def test_any_bytes_are_a_refusal_at_worst(body: bytes) -> None:
    for request in (BULK, Request(Endpoint.GLOBAL_QUOTE, ("IBM",))):
        with pytest.raises(Refusal):
            observations(request, body, Freshness.REALTIME)
    with pytest.raises(Refusal):
        bars(Request(Endpoint.DAILY, ("IBM",)), body)

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from stock_common.records import Quote, decode, encode
from stock_producer.ids import quote_id
from stock_producer.plans import PLANS, Freshness
from stock_producer.quotes import freshness, quote
from stock_producer.responses import Endpoint, Observed

AT = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
SEEN = Observed("IBM", Decimal("101.5000"), None, Decimal(102), None, Decimal(100), 1834201, date(2026, 11, 23), None, False)


def test_the_event_is_named_by_what_was_observed() -> None:
    same = quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT)
    assert same == quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT) == "d55523a6-8100-50bf-bf1d-7cd3ee296de4"
    others = {
        quote_id("simulated", "GLOBAL_QUOTE", "IBM", AT),
        quote_id("alphavantage", "REALTIME_BULK_QUOTES", "IBM", AT),
        quote_id("alphavantage", "GLOBAL_QUOTE", "AAPL", AT),
        quote_id("alphavantage", "GLOBAL_QUOTE", "IBM", AT + timedelta(microseconds=1)),
    }
    assert len(others | {same}) == 5


@pytest.mark.parametrize(
    ("plan", "endpoint", "delayed", "fresh"),
    [
        pytest.param("free", Endpoint.GLOBAL_QUOTE, False, Freshness.END_OF_DAY, id="free"),
        pytest.param("75", Endpoint.GLOBAL_QUOTE, True, Freshness.DELAYED, id="delayed, and says so"),
        pytest.param("75", Endpoint.GLOBAL_QUOTE, False, Freshness.END_OF_DAY, id="delayed, but does not say so"),
        pytest.param("150", Endpoint.GLOBAL_QUOTE, False, Freshness.REALTIME, id="realtime"),
        pytest.param("150", Endpoint.GLOBAL_QUOTE, True, Freshness.DELAYED, id="realtime, but says delayed"),
        pytest.param("150", Endpoint.BULK, False, Freshness.REALTIME, id="bulk"),
    ],
)
def test_freshness_is_what_the_answer_says(plan: str, endpoint: Endpoint, delayed: bool, fresh: Freshness) -> None:
    assert freshness(SEEN._replace(delayed=delayed), endpoint, PLANS[plan]) is fresh


def test_a_quote_is_the_contracts() -> None:
    made = quote(SEEN, Endpoint.GLOBAL_QUOTE, "simulated", AT, Freshness.REALTIME, "regular")
    assert decode(encode(made), Quote) == made
    assert (made.open, made.quoted_at, made.fetched_at, made.entitlement) == (None, None, AT, "realtime")

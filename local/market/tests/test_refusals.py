"""The vendor's refusals, in its own words, and the data that each plan may use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

INVALID = (
    "Invalid API call. Please retry or visit the documentation "
    "(https://www.alphavantage.co/documentation/) for {}."
)
KEY = (
    "the parameter apikey is invalid or missing. Please claim your free API key on "
    "(https://www.alphavantage.co/support/#api-key). "
    "It should take less than 20 seconds."
)
DEMO = (
    "The **demo** API key is for demo purposes only. Please claim your free API key at "
    "(https://www.alphavantage.co/support/#api-key) "
    "to explore our full API offerings. It takes fewer than 20 seconds."
)
PREMIUM = (
    "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the "
    "premium plans at "
    "https://www.alphavantage.co/premium/ to instantly unlock all premium endpoints"
)
FULL = (
    "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the "
    "TIME_SERIES_DAILY endpoint. "
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly "
    "unlock all premium features"
)


class Refusal(NamedTuple):
    function: str
    params: dict[str, str]
    body: dict[str, Any]
    plan: str = "unlimited"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": "invalid"}, {"Error Message": KEY}),
            id="bad key",
        ),
        pytest.param(
            Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": ""}, {"Error Message": KEY}), id="no key"
        ),
        pytest.param(
            Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": "demo"}, {"Information": DEMO}), id="demo key"
        ),
        pytest.param(
            Refusal("GLOBAL_QUOT", {}, {"Error Message": "This API function (GLOBAL_QUOT) does not exist."}),
            id="no such function",
        ),
        pytest.param(
            Refusal("", {}, {"Error Message": "This API function () does not exist."}), id="no function"
        ),
        pytest.param(
            Refusal("GLOBAL_QUOTE", {"symbol": "NOPE"}, {"Global Quote": {}}), id="unknown symbol, quote"
        ),
        pytest.param(
            Refusal("GLOBAL_QUOTE", {}, {"Error Message": INVALID.format("GLOBAL_QUOTE")}), id="no symbol"
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_DAILY",
                {"symbol": "NOPE", "datatype": "csv"},
                {"Error Message": INVALID.format("TIME_SERIES_DAILY")},
            ),
            id="unknown symbol, series, JSON although csv was asked for",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "2min"},
                {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")},
            ),
            id="no such interval",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "5min", "month": "2026-13"},
                {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")},
            ),
            id="no such month",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "5min", "month": "2027-01"},
                {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")},
            ),
            id="a month to come",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_DAILY", {"symbol": "IBM", "outputsize": "full"}, {"Information": FULL}, "free"
            ),
            id="premium parameter",
        ),
        pytest.param(
            Refusal("TIME_SERIES_DAILY_ADJUSTED", {"symbol": "IBM"}, {"Information": PREMIUM}, "free"),
            id="premium endpoint",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "5min"},
                {"Information": PREMIUM},
                "free",
            ),
            id="intraday, free",
        ),
        pytest.param(
            Refusal("REALTIME_BULK_QUOTES", {"symbol": "IBM"}, {"Information": PREMIUM}, "75"),
            id="bulk, delayed plan",
        ),
    ],
)
def test_refusals(new_bench: Callable[..., Any], case: Refusal) -> None:
    assert json.loads(new_bench(plan=case.plan).text(case.function, **case.params)) == case.body


@pytest.mark.parametrize(
    ("plan", "entitlement", "allowed"),
    [
        ("free", "delayed", False),
        ("free", "realtime", False),
        ("75", "delayed", True),
        ("75", "realtime", False),
        ("150", "realtime", True),
    ],
)
def test_entitlements_of_the_plans(
    new_bench: Callable[..., Any], plan: str, entitlement: str, allowed: bool
) -> None:
    answer = new_bench(plan=plan).ask("GLOBAL_QUOTE", symbol="IBM", entitlement=entitlement)
    assert ("Information" not in answer) == allowed
    assert allowed or "not yet entitled" in answer["Information"]

from __future__ import annotations

import json

import pytest

from stock_producer.vendor.alphavantage.quotes import document
from stock_producer.vendor.alphavantage.refusals import ADVICE, classify, refusal
from stock_producer.vendor.kinds import FATAL, Kind, Refusal

PREMIUM_PAGE = "Please subscribe to any of the premium plans at https://www.alphavantage.co/premium/"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(
            "We have detected your API key as ABCD1234 and our standard API rate limit is 25 requests"
            f" per day. {PREMIUM_PAGE} to instantly "
            "remove all daily rate limits.",
            Kind.DAY,
            id="daily quota",
        ),
        pytest.param(
            "Thank you for using Alpha Vantage! Please consider spreading out your free API requests "
            "more sparingly (1 request per second). "
            f"{PREMIUM_PAGE} to lift the free key rate limit (25 requests per day), raise the "
            "per-second burst limit, and instantly unlock all "
            "premium endpoints",
            Kind.BURST,
            id="free burst, which names the day and premium endpoints too",
        ),
        pytest.param(
            "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more "
            f"sparingly. {PREMIUM_PAGE} to lift the free key rate limit (25 requests per day), raise the "
            "burst limit, and instantly unlock all premium endpoints",
            Kind.BURST,
            id="free burst of December 2025, which names only the day",
        ),
        pytest.param("You have reached the daily limit of 25 requests.", Kind.DAY, id="reached"),
        pytest.param("Free keys have 25 requests per day.", Kind.BURST, id="the day is named, not over"),
        pytest.param(
            "Burst pattern detected. Please consider spreading out your API requests more evenly "
            "across a 1-minute window and query no more than 5 "
            "requests per second.",
            Kind.BURST,
            id="paid burst",
        ),
        pytest.param(
            "Minute-level rate limit exceed. Please stay under the number of API requests per minute "
            "for your premium subscription plan.",
            Kind.MINUTE,
            id="paid minute",
        ),
        pytest.param(
            "Our standard API call frequency is 5 calls per minute and 500 calls per day.",
            Kind.MINUTE,
            id="the wording before 2024",
        ),
        pytest.param(
            "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any plan.",
            Kind.PREMIUM,
            id="premium endpoint",
        ),
        pytest.param(
            "The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint.",
            Kind.PREMIUM,
            id="premium parameter",
        ),
        pytest.param(
            "Your API key is not yet entitled to realtime US market data.",
            Kind.PREMIUM,
            id="entitlement not held",
        ),
        pytest.param(
            "the parameter apikey is invalid or missing. Please claim your free API key on "
            "(https://www.alphavantage.co/support/#api-key). It should "
            "take less than 20 seconds.",
            Kind.KEY,
            id="bad key, though it says seconds",
        ),
        pytest.param(
            "The **demo** API key is for demo purposes only. Please claim your free API key.",
            Kind.DEMO_KEY,
            id="demo key elsewhere",
        ),
        pytest.param(
            "Invalid API call. Please retry or visit the documentation "
            "(https://www.alphavantage.co/documentation/) for TIME_SERIES_DAILY.",
            Kind.SYMBOL,
            id="bad symbol of a time series",
        ),
        pytest.param("This API function (GLOBAL_QUOTES) does not exist.", Kind.FUNCTION, id="bad function"),
        pytest.param("We are having a lovely day.", Kind.UNKNOWN, id="never seen"),
    ],
)
@pytest.mark.parametrize("key", ["Information", "Note", "Error Message"])
def test_messages_are_classified_by_text(text: str, kind: Kind, key: str) -> None:
    assert classify(text) is kind
    with pytest.raises(Refusal) as refused:
        document(json.dumps({key: text}).encode())
    assert refused.value.kind is kind


def test_each_refusal_that_ends_the_process_has_advice() -> None:
    assert set(ADVICE) == FATAL
    # An endpoint may become premium while the plan's name stays.
    assert "Alpha Vantage has changed what the plan includes" in ADVICE[Kind.PREMIUM]


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("Burst pattern detected. Query no more than 20 requests per second.", 20),
        ("Consider spreading out your requests (1 request per second).", None),
    ],
)
def test_a_limit_that_the_text_names(text: str, per_second: int | None) -> None:
    assert refusal(text).per_second == per_second

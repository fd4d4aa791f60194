"""The vendor's refusals, in its own words and under its own keys. It sends all of them with HTTP 200."""

from __future__ import annotations

from stock_market.limits import Limit, Plan

_SITE = "https://www.alphavantage.co"
_SUBSCRIBE = f"You may subscribe to any of the premium plans at {_SITE}/premium/ to"
_THANKS = "Thank you for using Alpha Vantage!"
_HIGHER = "Please contact support@alphavantage.co if you are targeting a higher API request volume."
_PAID_BURST = 30

Body = dict[str, str]


class Refused(Exception):
    """An answer without data. `body` is what the vendor sends."""

    def __init__(self, body: Body) -> None:
        super().__init__(next(iter(body.values())))
        self.body = body


def bad_key() -> Body:
    text = (
        "the parameter apikey is invalid or missing. "
        f"Please claim your free API key on ({_SITE}/support/#api-key). "
        "It should take less than 20 seconds."
    )
    return {"Error Message": text}


def demo_key() -> Body:
    text = (
        "The **demo** API key is for demo purposes only. "
        f"Please claim your free API key at ({_SITE}/support/#api-key) "
        "to explore our full API offerings. It takes fewer than 20 seconds."
    )
    return {"Information": text}


def no_function(name: str) -> Body:
    return {"Error Message": f"This API function ({name}) does not exist."}


def invalid_call(function: str) -> Body:
    """A parameter is missing or wrong, or the symbol of a time series is unknown."""
    text = (
        f"Invalid API call. Please retry or visit the documentation ({_SITE}/documentation/) for {function}."
    )
    return {"Error Message": text}


def premium_endpoint() -> Body:
    text = f"{_THANKS} This is a premium endpoint. {_SUBSCRIBE} instantly unlock all premium endpoints"
    return {"Information": text}


def premium_parameter(parameter: str, function: str) -> Body:
    text = (
        f"{_THANKS} The {parameter} parameter value is a premium feature for the {function} endpoint. "
        f"{_SUBSCRIBE} instantly unlock all premium features"
    )
    return {"Information": text}


def not_entitled(entitlement: str) -> Body:
    """Only the words "not yet entitled" were seen. The rest is invented in the style of the other texts."""
    text = (
        f"{_THANKS} Your API key is not yet entitled to {entitlement} US market data: "
        f"the entitlement={entitlement} parameter value is a premium feature. "
        f"{_SUBSCRIBE} instantly unlock all premium features"
    )
    return {"Information": text}


def over_limit(limit: Limit, plan: Plan, key: str) -> Body:
    """The daily quota's text echoes the API key, as the vendor's does."""
    match limit:
        case Limit.DAY:
            text = (
                f"We have detected your API key as {key} "
                f"and our standard API rate limit is {plan.per_day or 25} requests per day. "
                f"Please subscribe to any of the premium plans at {_SITE}/premium/ "
                "to instantly remove all daily rate limits."
            )
        case Limit.SECOND if not plan.premium:
            text = (
                f"{_THANKS} Please consider spreading out your free API requests more sparingly "
                f"(1 request per second). {_SUBSCRIBE} lift the free key rate limit (25 requests per day), "
                "raise the per-second burst limit, and instantly unlock all premium endpoints"
            )
        case Limit.SECOND:
            text = (
                "Burst pattern detected. "
                "Please consider spreading out your API requests more evenly across a 1-minute window "
                f"and query no more than {plan.per_second or _PAID_BURST} requests per second. {_HIGHER}"
            )
        case Limit.MINUTE:
            text = (
                "Minute-level rate limit exceed. "
                "Please stay under the number of API requests per minute "
                f"for your premium subscription plan. {_HIGHER}"
            )
    return {"Information": text}

"""Alpha Vantage's messages instead of data, and what to do about them. Pure.

Nearly all of them come with HTTP status 200, so the text of the body decides. The same sentence has been seen
under `Information`, `Note` and `Error Message`. The order of the tests matters because the texts advertise:
the refusal of a burst names the 25 requests per day and "all premium endpoints" too, and since December 2025
without "per second". So only a text that says what the daily limit is, or that it is reached, is DAY. Any
other text about limits is BURST, and `schedule.budget` decides when it repeats.
"""

from __future__ import annotations

import re

from stock_producer.vendor.kinds import Kind, Refusal

ADVICE = {
    Kind.KEY: "Alpha Vantage does not know the key. Check ALPHA_VANTAGE_API_KEY.",
    Kind.DEMO_KEY: (
        "The demo key only answers the examples of the documentation. "
        "Claim a key of your own and set ALPHA_VANTAGE_API_KEY."
    ),
    Kind.PREMIUM: (
        "The key's plan does not include what was asked for. Set ALPHA_VANTAGE_PLAN to the plan that the key "
        "has. Where it is that plan already, Alpha Vantage has changed what the plan includes."
    ),
    Kind.FUNCTION: ("Alpha Vantage does not know the function that was asked for. Check ALPHA_VANTAGE_URL."),
}
"""What to do about the refusals that end the process."""
_DAY_IS_OVER = re.compile(
    r"rate limit is \d+ (?:requests|calls) per day"
    r"|(?:reached|exceeded|exhausted|used up|hit)\b[^.]*\b(?:daily|per day|for today)"
    r"|\b(?:daily|per day)\b[^.]*\b(?:reached|exceeded|exhausted|used up)",
    re.IGNORECASE,
)
_NAMES_THE_DAY = re.compile(r"per day|\bdaily\b", re.IGNORECASE)
_TESTS = (
    (Kind.KEY, re.compile(r"apikey is invalid or missing", re.IGNORECASE)),
    (Kind.DEMO_KEY, re.compile(r"\*\*demo\*\* API key|demo API key is for demo purposes", re.IGNORECASE)),
    (
        Kind.PREMIUM,
        re.compile(r"this is a premium endpoint|is a premium feature|not (?:yet )?entitled", re.IGNORECASE),
    ),
    (Kind.BURST, re.compile(r"per second|burst pattern|spreading out|sparingly", re.IGNORECASE)),
    (Kind.MINUTE, re.compile(r"per minute|minute-level", re.IGNORECASE)),
    (Kind.DAY, _DAY_IS_OVER),
    (Kind.FUNCTION, re.compile(r"API function \S* ?does not exist", re.IGNORECASE)),
    (Kind.SYMBOL, re.compile(r"invalid API call", re.IGNORECASE)),
    (Kind.BURST, _NAMES_THE_DAY),
)
_PER_SECOND = re.compile(r"no more than (\d+) requests? per second", re.IGNORECASE)


def classify(text: str) -> Kind:
    """The kind of a message from Alpha Vantage. UNKNOWN for one that was never seen."""
    return next((kind for kind, pattern in _TESTS if pattern.search(text)), Kind.UNKNOWN)


def refusal(text: str) -> Refusal:
    """The refusal that a message is."""
    named, kind = _PER_SECOND.search(text), classify(text)
    doubtful = kind is Kind.BURST and "per second" not in text.lower() and bool(_NAMES_THE_DAY.search(text))
    return Refusal(kind, text, per_second=int(named[1]) if named else None, may_be_day=doubtful)

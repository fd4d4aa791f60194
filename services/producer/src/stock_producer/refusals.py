"""What Alpha Vantage says instead of data, and what follows from it. Pure.

Nearly all of it comes with HTTP status 200, so the body decides, by its text: the same sentence has been seen under `Information`,
`Note` and `Error Message`. The order of the tests matters, because the texts advertise: the refusal of a burst names the 25 requests
per day and "all premium endpoints" too.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """Why there are no data. Also the label of the metric."""

    BURST = "burst"
    MINUTE = "minute"
    DAY = "day"
    THROTTLED = "throttled"
    SYMBOL = "symbol"
    KEY = "key"
    DEMO_KEY = "demo_key"
    PREMIUM = "premium"
    FUNCTION = "function"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    SERVER = "server"
    TIMEOUT = "timeout"
    CONNECTION = "connection"


LIMITED = frozenset({Kind.BURST, Kind.MINUTE, Kind.DAY, Kind.THROTTLED})
"""The budget is corrected and the call's symbols stay first in line."""
RETRYABLE = frozenset({Kind.UNKNOWN, Kind.UNREADABLE, Kind.SERVER, Kind.TIMEOUT, Kind.CONNECTION})
"""The next turn may succeed; turns are spaced out while it does not."""
FATAL = {
    Kind.KEY: "Alpha Vantage does not know the key. Check ALPHA_VANTAGE_API_KEY.",
    Kind.DEMO_KEY: "The demo key only answers the examples of the documentation. Claim a key of your own and set ALPHA_VANTAGE_API_KEY.",
    Kind.PREMIUM: "The key's plan does not include what was asked for. Set ALPHA_VANTAGE_PLAN to the plan that the key has.",
    Kind.FUNCTION: "Alpha Vantage does not know the function that was asked for. Check ALPHA_VANTAGE_URL.",
}
"""Wrong configuration: nothing gets better by asking again."""

TEXT_LIMIT = 300
_TESTS = (
    (Kind.KEY, re.compile(r"apikey is invalid or missing", re.IGNORECASE)),
    (Kind.DEMO_KEY, re.compile(r"\*\*demo\*\* API key|demo API key is for demo purposes", re.IGNORECASE)),
    (Kind.PREMIUM, re.compile(r"this is a premium endpoint|is a premium feature|not (?:yet )?entitled", re.IGNORECASE)),
    (Kind.BURST, re.compile(r"per second|burst pattern", re.IGNORECASE)),
    (Kind.MINUTE, re.compile(r"per minute|minute-level", re.IGNORECASE)),
    (Kind.DAY, re.compile(r"per day|daily rate limit", re.IGNORECASE)),
    (Kind.FUNCTION, re.compile(r"API function \S* ?does not exist", re.IGNORECASE)),
    (Kind.SYMBOL, re.compile(r"invalid API call", re.IGNORECASE)),
)


class Refusal(Exception):
    """No data. `text` is short and redacted; `retry_after` in seconds where the vendor gave one."""

    def __init__(self, kind: Kind, text: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text[:TEXT_LIMIT]
        self.retry_after = retry_after


def classify(text: str) -> Kind:
    """The kind of a message from Alpha Vantage; UNKNOWN for one that was never seen."""
    return next((kind for kind, pattern in _TESTS if pattern.search(text)), Kind.UNKNOWN)

"""Why a call brought no data."""

from __future__ import annotations

from enum import StrEnum

TEXT_LIMIT = 300
"""Characters of a refusal's text that are kept."""


class Kind(StrEnum):
    """Why there are no data. It is also a label of the metrics."""

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
"""The quota is used up. The budget is corrected, and the call's symbols stay first in line."""
FATAL = frozenset({Kind.KEY, Kind.DEMO_KEY, Kind.PREMIUM, Kind.FUNCTION})
"""The configuration is wrong. The same call would be refused again."""


class Refusal(Exception):
    """A call without data. `text` is short and has no secret.

    retry_after: seconds to wait, where the source names them.
    per_second: calls a second that the source permits, where its text names them.
    may_be_day: a burst, by its text, that may as well be the end of the day's quota.
    """

    def __init__(
        self,
        kind: Kind,
        text: str,
        retry_after: float | None = None,
        per_second: int | None = None,
        *,
        may_be_day: bool = False,
    ) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text[:TEXT_LIMIT]
        self.retry_after = retry_after
        self.per_second = per_second
        self.may_be_day = may_be_day

"""The inputs and the results of the schedulers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from stock_producer.vendor.base import Request

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every other moment: a symbol that was never asked for."""


def is_recent(at: datetime | None, now: datetime, span: timedelta) -> bool:
    """Whether `at` lies within the last `span`. A time in the future does not: the clock was set back."""
    return at is not None and timedelta(0) <= now - at < span


class Watched(NamedTuple):
    """A symbol.

    asked_at: its last call. answered_at: when the last call that brought data was sent.
    held: the trading day of its newest daily bar.
    not_before: after failures. busy: a call for it is under way.
    """

    symbol: str
    calendar: str
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    held: date | None = None
    not_before: datetime | None = None
    busy: bool = False


class Pace(NamedTuple):
    """Seconds: `poll` between two calls for a symbol at best, `floor` between any two calls."""

    poll: float
    floor: float = 0.0


class Allowance(NamedTuple):
    """What the budget permits.

    earliest: the next call may go then (in the past: at once).
    day_left: calls left in the quota's day, None where the day has no limit.
    refused: the last call was refused for want of quota. Its repetition does not wait for a turn.
    """

    earliest: datetime
    last_call: datetime | None
    day_left: int | None
    day_ends: datetime
    refused: bool = False


class Decision(NamedTuple):
    """`request`: to be sent now, None: ask again at `wake_at`.

    `interval`: seconds between two turns of a symbol.
    """

    request: Request | None
    wake_at: datetime
    interval: float

"""What the schedulers decide about, and what they decide."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from stock_producer.responses import Request


class Watched(NamedTuple):
    """A symbol. `asked_at`: its last call; `not_before`: after failures; `busy`: a call for it is under way."""

    symbol: str
    calendar: str
    bulk: bool
    asked_at: datetime | None = None
    not_before: datetime | None = None
    busy: bool = False


class Pace(NamedTuple):
    """Seconds: `poll` between two calls for a symbol at best, `floor` between any two calls."""

    poll: float
    floor: float = 0.0


class Decision(NamedTuple):
    """`request`: to be sent now; None: ask again at `wake_at`. `interval`: seconds between two turns of a symbol."""

    request: Request | None
    wake_at: datetime
    interval: float

"""Notices what makes no progress: objects that go on waiting, an endless cycle, a process that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from stock_common.deadline import Monotonic
from stock_common.health import Health
from stock_objects.chain import Chain
from stock_sf_loader.load.cycle import YIELD_SECONDS
from stock_sf_loader.metrics import Waiting
from stock_warehouse.config import NETWORK_SECONDS, STATEMENT_SECONDS

STALLED_SECONDS = STATEMENT_SECONDS + NETWORK_SECONDS + 60
"""No single statement takes longer."""
CYCLE_SECONDS = YIELD_SECONDS + STALLED_SECONDS
"""A cycle ends after its time and one more batch."""
STANDING_INTERVALS = 3
HUNG_SECONDS = STALLED_SECONDS + 60
"""Every call has a bound, so after this time one of them has not kept it. Only a new process helps."""
LOOK_SECONDS = 5.0
SHOWN_CHAINS = 3


class First(NamedTuple):
    """The first object of a chain that waits, and since when it is the first."""

    waiting: Waiting
    since: float


class Progress:
    """What /healthz says beyond the loop's heartbeat. `interval` is that of the cycles, in seconds.

    A chain stands still when the same object is its first that waits, cycle after cycle. Cycles that ended
    early do not count: while Snowflake is away, nothing can go on.
    """

    def __init__(self, interval: float, clock: Monotonic) -> None:
        self._bound, self._clock = max(STANDING_INTERVALS * interval, STALLED_SECONDS), clock
        self._began: float | None = None
        self._firsts: dict[Chain, First] = {}

    def began(self) -> None:
        self._began = self._clock()

    def ended(self, waiting: Mapping[Chain, Waiting], is_whole: bool) -> None:
        self._began = None
        known = self._firsts if is_whole else {}
        self._firsts = {chain: self._first(known.get(chain), now) for chain, now in waiting.items()}

    def fault(self) -> str | None:
        """A sentence on what makes no progress, None when all does."""
        now, began = self._clock(), self._began
        if began is not None and now - began > CYCLE_SECONDS:
            return f"a cycle has lasted for {now - began:.0f} s"
        standing = [
            f"{chain.topic}/{chain.partition} stands still for {now - first.since:.0f} s:"
            f" {first.waiting.files} objects wait, {first.waiting.key} is the first"
            for chain, first in sorted(self._firsts.items())
            if now - first.since > self._bound
        ]
        if others := standing[SHOWN_CHAINS:]:
            standing[SHOWN_CHAINS:] = [f"and {len(others)} more partitions"]
        return "; ".join(standing) or None

    def _first(self, before: First | None, now: Waiting) -> First:
        if before is not None and before.waiting.key == now.key:
            return First(now, before.since)
        return First(now, self._clock())


def leave_when_hung(
    health: Health, log: structlog.stdlib.BoundLogger, leave: Callable[[int], object]
) -> threading.Thread:
    """Ends the process by `leave(1)` when its loop has hung for HUNG_SECONDS, so that it is started again.

    The server rolls an open transaction back. The thread is started here and ends with the process.
    """

    def watch() -> None:
        while (silent := health.silent()) <= HUNG_SECONDS:
            threading.Event().wait(LOOK_SECONDS)
        log.error("hangs, and leaves to be started again", silent_seconds=round(silent))
        leave(1)

    thread = threading.Thread(target=watch, name="leave-when-hung", daemon=True)
    thread.start()
    return thread

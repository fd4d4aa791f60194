"""Faults on request: the next calls, or the calls of the next seconds, fail in the ordered way."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from threading import Lock

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What can go wrong. The last six are bodies with HTTP 200."""

    HTTP_500 = "http_500"
    HTML = "html"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    SLOW = "slow"
    DAILY_QUOTA = "daily_quota"
    BURST = "burst"
    MINUTE = "minute"
    INVALID_KEY = "invalid_key"
    EMPTY = "empty"
    ODD_ROWS = "odd_rows"


HOLD_SECONDS = {Kind.SLOW: 3.0, Kind.TIMEOUT: 60.0}


class Order(BaseModel):
    """What POST /control takes.

    A fault ends after `count` calls or `seconds` real seconds, whichever is first. With neither it ends after
    one call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: Kind | None = Field(None, description="What goes wrong.")
    count: int | None = Field(None, ge=1, description="For how many calls.")
    seconds: float | None = Field(None, gt=0, le=86_400, description="For how long.")
    after: float = Field(0.0, ge=0, le=86_400, description="Seconds from now on when it begins.")
    function: str | None = Field(None, description="Only calls of this function.")
    hold: float | None = Field(
        None, gt=0, le=600, description="slow, timeout: how long a call is held, in seconds."
    )
    latency_ms: int | None = Field(None, ge=0, le=60_000, description="Wait before every answer from now on.")


class _Standing:
    def __init__(self, kind: Kind, order: Order, now: float) -> None:
        self.kind = kind
        self.function = order.function
        self.hold = order.hold or HOLD_SECONDS.get(kind, 0.0)
        self.left = order.count if order.count or order.seconds else 1
        self.begins = now + order.after
        self.until = self.begins + order.seconds if order.seconds else None

    def over(self, now: float) -> bool:
        return self.left == 0 or (self.until is not None and now >= self.until)


class Faults:
    """The faults in force, oldest first. A call meets the first that fits. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float], latency_ms: int = 0) -> None:
        self._monotonic = monotonic
        self._standing: list[_Standing] = []
        self._lock = Lock()
        self.latency_ms = latency_ms

    def order(self, order: Order) -> None:
        with self._lock:
            if order.latency_ms is not None:
                self.latency_ms = order.latency_ms
            if order.fault is not None:
                self._standing.append(_Standing(order.fault, order, self._monotonic()))

    def clear(self) -> None:
        """Ends all faults and the latency."""
        with self._lock:
            self._standing.clear()
            self.latency_ms = 0

    def meet(self, function: str) -> tuple[Kind, float] | None:
        """The fault of this call of `function`, with the seconds for which the call is held.

        Counts the call.
        """
        with self._lock:
            now = self._forget()
            for fault in self._standing:
                if fault.begins <= now and fault.function in (None, function):
                    if fault.left is not None:
                        fault.left -= 1
                    return fault.kind, fault.hold
            return None

    def state(self) -> list[dict[str, object]]:
        with self._lock:
            now = self._forget()
            return [
                {
                    "fault": fault.kind,
                    "function": fault.function,
                    "begins_in": max(0.0, round(fault.begins - now, 3)),
                    "calls_left": fault.left,
                    "seconds_left": None if fault.until is None else round(fault.until - now, 3),
                }
                for fault in self._standing
            ]

    def _forget(self) -> float:
        now = self._monotonic()
        self._standing = [fault for fault in self._standing if not fault.over(now)]
        return now

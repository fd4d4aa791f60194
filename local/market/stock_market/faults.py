"""Faults on request: the next calls, or the calls of the next seconds, fail in the ordered way."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from threading import Lock
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stock_market.recorded import Recorded, answers


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
    answer: str | None = Field(None, description="The name of an answer in answers.yaml, sent as it is.")
    count: int | None = Field(None, ge=1, description="For how many calls.")
    seconds: float | None = Field(None, gt=0, le=86_400, description="For how long.")
    after: float = Field(0.0, ge=0, le=86_400, description="Seconds from now on when it begins.")
    function: str | None = Field(None, description="Only calls of this function.")
    hold: float | None = Field(
        None, gt=0, le=600, description="slow, timeout: how long a call is held, in seconds."
    )
    latency_ms: int | None = Field(None, ge=0, le=60_000, description="Wait before every answer from now on.")

    @field_validator("answer")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in answers():
            raise ValueError(f"there is no answer called {name!r}")
        return name


class Met(NamedTuple):
    """What a call meets: a fault or an answer, after so many seconds."""

    kind: Kind | None = None
    recorded: Recorded | None = None
    hold: float = 0.0


class _Standing:
    def __init__(self, order: Order, now: float) -> None:
        self.kind, self.answer = order.fault, order.answer
        self.function = order.function
        usual = HOLD_SECONDS.get(order.fault, 0.0) if order.fault else 0.0
        self.met = Met(order.fault, answers()[order.answer] if order.answer else None, order.hold or usual)
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
            if order.fault is not None or order.answer is not None:
                self._standing.append(_Standing(order, self._monotonic()))

    def clear(self) -> None:
        """Ends all faults and the latency."""
        with self._lock:
            self._standing.clear()
            self.latency_ms = 0

    def meet(self, function: str) -> Met:
        """What this call of `function` meets. Counts the call."""
        with self._lock:
            now = self._forget()
            for fault in self._standing:
                if fault.begins <= now and fault.function in (None, function):
                    if fault.left is not None:
                        fault.left -= 1
                    return fault.met
            return Met()

    def state(self) -> list[dict[str, object]]:
        with self._lock:
            now = self._forget()
            return [
                {
                    "fault": fault.kind,
                    "answer": fault.answer,
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

"""Calls that are tried again: exponential pauses with jitter, bounded, and ended at once by a stop.

Example, a put that is tried again until it succeeds or the process is asked to stop:

    PUT = Policy(first=0.2, longest=15.0)
    retry.call(lambda: store.put_new(key, body, metadata), PUT, retryable=ObjectError, wait=stop.wait)

The loop is tenacity's. This module gives it our pauses, our bounds and our stop.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying

from stock_common.deadline import Monotonic

T = TypeVar("T")
Retryable = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]
_LEAST_JITTER = 0.5
"""A pause is between this share of its full length and its full length."""
_MOST_DOUBLINGS = 60
"""More would leave the range of a float."""


class Stopped(Exception):
    """The stop came before a call succeeded. The cause is the last call's error."""


@dataclass(frozen=True)
class Policy:
    """When to try again, in seconds.

    first: the longest pause after the first failure. Each further failure doubles it.
    longest: no pause is longer, except where an error itself asks for more.
    attempts: calls at most, None for any number.
    seconds: no call begins later than this after the first one, None for no such bound.
    """

    first: float
    longest: float
    attempts: int | None = None
    seconds: float | None = None

    def pause(self, failures: int, jitter: float = 1.0) -> float:
        """The pause after so many failures in a row (1 or more). `jitter` is a random number from 0 to 1."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
        return full * (_LEAST_JITTER + (1.0 - _LEAST_JITTER) * jitter)


def call(
    function: Callable[[], T],
    policy: Policy,
    *,
    retryable: Retryable,
    wait: Callable[[float], bool],
    on_retry: Callable[[Exception, float], None] | None = None,
    rand: Callable[[], float] = random.random,
    clock: Monotonic = time.monotonic,
) -> T:
    """Calls `function` until it returns, and returns what it returns.

    retryable: the errors after which it is called again, as types or as a test. Any other error is raised.
    wait: sleeps up to so many seconds and returns True when the process is to stop (`Stop.wait`).
    on_retry: called with the error and the pause in seconds before each pause.
    rand, clock: a random number from 0 to 1, and monotonic seconds.

    An error with a number as `retry_after` (seconds, from HTTP's Retry-After) is given at least that pause.
    Raises the last error when the policy's bound is reached, and Stopped when `wait` returns True.
    """
    attempts = _Attempts(policy, wait, on_retry, rand, clock)
    return Retrying(
        retry=lambda state: _matches(state, retryable),
        wait=attempts.pause,
        stop=attempts.is_last,
        before_sleep=attempts.before_pause,
        sleep=lambda seconds: None,
        reraise=True,
    )(function)


class _Attempts:
    """What tenacity asks between two calls."""

    def __init__(
        self,
        policy: Policy,
        wait: Callable[[float], bool],
        on_retry: Callable[[Exception, float], None] | None,
        rand: Callable[[], float],
        clock: Monotonic,
    ) -> None:
        self._policy, self._wait, self._on_retry = policy, wait, on_retry
        self._rand, self._clock, self._started = rand, clock, clock()

    def pause(self, state: RetryCallState) -> float:
        asked = getattr(_error(state), "retry_after", None)
        return max(self._policy.pause(state.attempt_number, self._rand()), asked or 0.0)

    def is_last(self, state: RetryCallState) -> bool:
        attempts, seconds = self._policy.attempts, self._policy.seconds
        if seconds is not None and self._clock() + state.upcoming_sleep > self._started + seconds:
            return True
        return attempts is not None and state.attempt_number >= attempts

    def before_pause(self, state: RetryCallState) -> None:
        if self._on_retry is not None:
            self._on_retry(_error(state), state.upcoming_sleep)
        # The pause belongs to this step, where the last call's error is at hand, so tenacity's own is empty.
        if self._wait(state.upcoming_sleep):
            raise Stopped("stopped before a call succeeded") from _error(state)


def _error(state: RetryCallState) -> Exception:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, Exception):
        raise TypeError("the call did not fail")
    return error


def _matches(state: RetryCallState, retryable: Retryable) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(retryable, (type, tuple)):
        return isinstance(error, retryable)
    return isinstance(error, Exception) and retryable(error)

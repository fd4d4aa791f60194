"""Waiting for something to become true, with a bound and a name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def poll_until(check: Callable[[], T], description: str, seconds: float, every: float = 0.25) -> T:
    """The first true answer of `check`.

    Raises AssertionError after `seconds`, which names what was waited for and the last answer.
    """
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {description} (last seen: {answer!r})")
        time.sleep(every)

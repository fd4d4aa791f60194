"""Waiting for something to become true, with a bound and a name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
BUSY = 3.0
"""Bounds are what an idle machine needs. A busy one gets so many times as long, in conftest.py too.

How fast the product must be is asserted by the test itself.
"""


def poll_until(check: Callable[[], T], description: str, seconds: float, every: float = 0.25) -> T:
    """The first true answer of `check`.

    Raises AssertionError after BUSY times `seconds`, which names what was waited for and the last answer.
    """
    most = BUSY * seconds
    end = time.monotonic() + most
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {most:.0f} s: {description} (last seen: {answer!r})")
        time.sleep(every)

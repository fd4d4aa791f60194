"""Many requests at once, their answers in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

AT_ONCE = 16
T = TypeVar("T")
R = TypeVar("R")


def at_once(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results in order. At most twice AT_ONCE are made before they are asked for."""
    remaining = iter(items)
    with ThreadPoolExecutor(AT_ONCE, "s3") as pool:
        running = [pool.submit(function, item) for item in islice(remaining, 2 * AT_ONCE)]
        try:
            while running:
                yield running.pop(0).result()
                running += [pool.submit(function, item) for item in islice(remaining, 1)]
        finally:
            for future in running:
                future.cancel()

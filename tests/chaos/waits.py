"""Waits of a fault's steps, as generators: they yield while they last."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from typing import TypeVar

INSIST_SECONDS = 240.0
"""Brokers and Snowflake may be away for as long as faults of their own last."""
T = TypeVar("T")


def during(seconds: float, clock: Callable[[], float]) -> Iterator[None]:
    """`clock` is monotonic seconds."""
    end = clock() + seconds
    while clock() < end:
        yield


def until(done: Callable[[], bool]) -> Iterator[None]:
    while not done():
        yield


def insist(
    pool: Executor,
    call: Callable[[], T],
    errors: tuple[type[Exception], ...],
    clock: Callable[[], float],
    pause: float = 0.0,
) -> Generator[None, None, T]:
    """The call's result, once it has one. Raises one of `errors` after INSIST_SECONDS, any other at once."""
    end = clock() + INSIST_SECONDS
    while True:
        asked = pool.submit(call)
        yield from until(asked.done)
        try:
            return asked.result()
        except errors:
            if clock() > end:
                raise
        yield
        yield from during(pause, clock)

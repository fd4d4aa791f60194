"""Waits of a fault's steps, as generators: they yield while they last."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def during(seconds: float, clock: Callable[[], float]) -> Iterator[None]:
    """`clock` is monotonic seconds."""
    end = clock() + seconds
    while clock() < end:
        yield


def until(done: Callable[[], bool]) -> Iterator[None]:
    while not done():
        yield

"""Fixtures of the dashboard's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from desk import Desk

from stock_dashboard.data import runtime


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    runtime.install(made.runtime)
    return made


@pytest.fixture
def clock() -> Callable[[], float]:
    """A clock that stands until it is moved: `clock.at = 5`."""

    class Clock:
        at = 0.0

        def __call__(self) -> float:
            return self.at

    return Clock()

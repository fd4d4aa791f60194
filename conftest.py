"""What holds for every suite: property tests' examples, tests' timeouts, and whose are the hooks for errors.

`make test` gives the same answer each time. Examples follow from the test alone. `make fuzz` chooses others
by a seed, which it prints. A test's own @settings change what they name and nothing else.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

BUSY = 3.0
"""As in stock_testing/poll.py: a test's timeout is longer than all that it waits for together."""

if find_spec("hypothesis"):
    from hypothesis import settings

    # Side by side with others on a busy machine, an example that takes long is not wrong.
    settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True, deadline=None)
    settings.register_profile("fuzz", max_examples=1_000, database=None, print_blob=True, deadline=None)
    settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        bound = item.get_closest_marker("timeout")
        if bound is not None:
            item.add_marker(pytest.mark.timeout(BUSY * bound.args[0]), append=False)


@pytest.fixture(autouse=True)
def _hooks() -> Iterator[None]:
    """A service or a command under test installs its own. pytest's fail a test whose thread fails."""
    former = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = former

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.stack import Stack
from stock_testing.pipeline import QUICK, Pipeline, whole_pipeline

STACK_SECONDS = 300


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The whole stack with quotes in it, one for the session. A test leaves it running and complete."""
    data = Path(os.environ.get("STOCK_TEST_DATA") or tmp_path_factory.mktemp("stack"))
    with whole_pipeline(data) as pipeline:
        pipeline.more_quotes(240, 90)
        yield pipeline


@pytest.fixture(scope="session")
def secure_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything but the services, which a test may start and stops again. Kafka has TLS and their users."""
    with Stack(Layout(tmp_path_factory.mktemp("secure"), free(), QUICK, secure=True), print) as stack:
        stack.start("topics", "bucket", "migrations", "market")
        yield stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without the session's stack come first, so that one process never has two stacks at a time.

    The start and the end of a stack count into a test's time, next to other stacks on the same cores.
    """
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(STACK_SECONDS))
    items.sort(key=lambda item: "pipeline" in getattr(item, "fixturenames", ()))

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline import Pipeline

from stock_stack.ports import free
from stock_stack.services import ALL
from stock_stack.site import Site
from stock_stack.stack import Stack

QUICK = {"POLL_INTERVAL_SECONDS": "2", "FLUSH_SECONDS": "2", "LOAD_INTERVAL_SECONDS": "2", "AUDIT_INTERVAL_SECONDS": "5"}
"""Shorter than the demo's, so that a test waits less."""


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The whole stack on free ports, with quotes in Snowflake. One for the session: a test leaves it running and complete."""
    data = Path(os.environ.get("STOCK_TEST_DATA") or tmp_path_factory.mktemp("stack"))
    with Stack(Site(data, free(), QUICK), print) as stack:
        stack.start(*ALL)
        pipeline = Pipeline(stack)
        try:
            pipeline.more_quotes(240, 90)
            yield pipeline
        finally:
            pipeline.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests without the session's stack come first, so that never two stacks start on two cores."""
    items.sort(key=lambda item: "pipeline" in getattr(item, "fixturenames", ()))

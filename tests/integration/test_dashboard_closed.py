"""A tab that is only open while the market is closed does not keep the warehouse awake."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stock_testing import tab
from stock_testing.dashboard_states import close_market, open_market
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

CLOSED_SECONDS = float(os.environ.get("STOCK_TEST_CLOSED_SECONDS", "60"))
SETTLE_SECONDS = 120.0
QUIET_MS = 15_000
"""A query counts when it has ended. On a busy machine one takes seconds."""
QUERIES = r"^stock_dashboard_queries_total\{.*\} (\S+)"
PATHS = (
    "",
    "?page=Symbol&symbol=IBM&range=1Y",
    "?page=Compare&symbols=AAPL,IBM&span=1D",
    "?page=Movers",
    "?page=Alerts",
    "?page=Pipeline",
)


def queries(pipeline: Pipeline) -> int:
    """How many queries the dashboard has sent to the warehouse, whatever came of them."""
    found = re.findall(QUERIES, pipeline.metrics("dashboard"), re.MULTILINE)
    return int(sum(float(number) for number in found))


@pytest.fixture
def closed(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline with its market closed, and nothing on the way any more."""
    close_market(pipeline.stack)
    try:
        pipeline.drain()
        yield pipeline
    finally:
        open_market(pipeline.stack)


@pytest.mark.timeout(CLOSED_SECONDS + 480)
def test_open_tabs_ask_the_warehouse_for_nothing_after_their_first_paint(closed: Pipeline) -> None:
    with tab.chromium() as browser:
        viewer = tab.viewer(browser)
        tabs = [tab.opened(viewer, closed.stack.layout.url("dashboard")) for _ in PATHS]
        for one, path in zip(tabs, PATHS, strict=True):
            one.open(path)
        for one in tabs:
            one.shows("closed")
            one.shows("opens")

        def settled() -> bool:
            before = queries(closed)
            tabs[0].page.wait_for_timeout(QUIET_MS)
            return queries(closed) == before > 0

        poll_until(settled, "every page has been painted", SETTLE_SECONDS)
        painted, begun = queries(closed), datetime.now(UTC)
        tabs[0].page.wait_for_timeout(CLOSED_SECONDS * 1_000)
        assert (datetime.now(UTC) - begun).total_seconds() >= CLOSED_SECONDS
        assert queries(closed) == painted
        # They are open and alive all the same: the strip's clock goes on.
        clocks = [one.page.locator(".sd-strip .end").inner_text() for one in tabs]
        poll_until(lambda: _moved(tabs, clocks), "every tab's clock goes on", 120)
        assert [fault for one in tabs for fault in one.faults()] == []


def _moved(tabs: list[tab.Tab], clocks: list[str]) -> bool:
    tabs[0].page.wait_for_timeout(500)
    return all(
        one.page.locator(".sd-strip .end").inner_text() != clock
        for one, clock in zip(tabs, clocks, strict=True)
    )

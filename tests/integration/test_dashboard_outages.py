"""Kafka is away, then Snowflake, with pages open: the other half goes on.

The page names what is old and how old it is, and recovers by itself.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest

from stock_testing import tab
from stock_testing.dashboard_states import HISTORY_DOWN, KAFKA_DOWN
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until
from stock_testing.tab import Tab

OUTAGE_SECONDS = float(os.environ.get("STOCK_TEST_OUTAGE_SECONDS", "8"))
PICTURES = os.environ.get("STOCK_TEST_PICTURES")
NOTICE_SECONDS = 40.0
"""The live reader may be asking the broker for its logs' ends, 15 s, as Kafka goes away."""
pytestmark = pytest.mark.timeout(OUTAGE_SECONDS + 720)
BACK_SECONDS = 150.0
"""A broker or a page on a busy machine may need a minute. What is asked is that it comes by itself."""
SILENCE = "No news from the dashboard for"
OLD = r"(What is|The history) shown was read \d+ (s|min) ago"
NEWEST = "rows => Math.max(...rows.map((row) => Number(row.dataset.at)))"


@pytest.fixture(scope="module")
def tabs(pipeline: Pipeline) -> Iterator[dict[str, Tab]]:
    """Live, and one symbol's last day, left open; a third tab for a person who asks for something new."""
    with tab.chromium() as browser:
        viewer = tab.viewer(browser)
        tabs = {
            name: tab.opened(viewer, pipeline.stack.layout.url("dashboard"))
            for name in ("live", "symbol", "new")
        }
        tabs["live"].open()
        tabs["symbol"].open("?page=Symbol&symbol=IBM&range=1D")
        tabs["live"].shows("120 symbols")
        tabs["symbol"].shows("history read")
        yield tabs


@pytest.fixture
def begun(pipeline: Pipeline, tabs: dict[str, Tab]) -> dict[str, Tab]:
    """The tabs on a stack that runs, without what an earlier test has left. Names a part that has ended."""
    pipeline.stack.check()
    for one in tabs.values():
        one.errors.clear()
    return tabs


def newest(one: Tab) -> float:
    """The time of the newest quote in the live table, seconds since 1970."""
    return float(one.page.locator("tbody tr").evaluate_all(NEWEST))


def until(one: Tab, check, what: str, seconds: float) -> None:
    """Polls while the browser goes on, and says what the page shows where it waits in vain."""

    def turn() -> bool:
        one.page.wait_for_timeout(250)
        return bool(check())

    try:
        poll_until(turn, what, seconds)
    except AssertionError:
        print(one.text())
        raise


def aged(one: Tab, words: str) -> int:
    """The seconds that the note beginning with `words` says; 0 where there is none."""
    found = re.search(re.escape(words) + r" (\d+) (s|min)", one.text())
    return 0 if found is None else int(found[1]) * (60 if found[2] == "min" else 1)


def prices_go_on(pipeline: Pipeline, live: Tab, stood: float) -> None:
    """Raises ComponentFailed where a service has ended meanwhile: nobody starts it here."""

    def moved() -> bool:
        pipeline.stack.check()
        return KAFKA_DOWN not in live.text() and newest(live) > stood

    until(live, moved, "live prices go on by themselves", BACK_SECONDS)


def pictures(tabs: dict[str, Tab], state: str) -> None:
    """For a person to look at, where a directory is named for them."""
    for name, one in tabs.items() if PICTURES else ():
        one.page.screenshot(path=f"{PICTURES}/{state}-{name}.png", full_page=True)


def test_kafka_away(pipeline: Pipeline, begun: dict[str, Tab]) -> None:
    live, symbol, new = begun.values()
    pipeline.stack.stop("kafka")
    try:
        until(
            live,
            lambda: KAFKA_DOWN in live.text() and KAFKA_DOWN in symbol.text(),
            "both pages say that Kafka is away",
            NOTICE_SECONDS,
        )
        before = aged(live, KAFKA_DOWN)
        live.page.wait_for_timeout(OUTAGE_SECONDS * 1_000)
        # From a minute on the note counts in minutes.
        until(live, lambda: aged(live, KAFKA_DOWN) - before >= OUTAGE_SECONDS / 2, "the age goes on", 60)
        live.shows("Prices are as of")
        # A question that was never asked before is answered: history goes on.
        new.open("?page=Symbol&symbol=ORCL&range=1M")
        new.shows("history read")
        pictures(begun, "kafka-away")
    finally:
        pipeline.stack.restart("kafka")
    stood = newest(live)
    prices_go_on(pipeline, live, stood)
    assert [fault for one in begun.values() for fault in one.faults()] == []


def test_snowflake_away(pipeline: Pipeline, begun: dict[str, Tab]) -> None:
    live, symbol, new = begun.values()
    pipeline.stack.stop("snowflake")
    try:
        new.open("?page=Symbol&symbol=CSCO&range=1Y")
        new.shows(HISTORY_DOWN, 30)
        until(
            live,
            lambda: re.search(OLD, symbol.text()),
            "an open page says that its history is old",
            NOTICE_SECONDS * 3,
        )
        stood = newest(live)
        live.page.wait_for_timeout(OUTAGE_SECONDS * 1_000)
        prices_go_on(pipeline, live, stood)
        until(symbol, lambda: re.search(OLD, symbol.text()), "the open page still says so", 30)
        pictures(begun, "snowflake-away")
    finally:
        pipeline.stack.restart("snowflake")
    until(
        new,
        lambda: HISTORY_DOWN not in new.text() and "history read" in new.text(),
        "history comes by itself",
        BACK_SECONDS,
    )
    until(symbol, lambda: not re.search(OLD, symbol.text()), "the open page recovers", BACK_SECONDS)
    assert [fault for one in begun.values() for fault in one.faults()] == []


def test_a_dashboard_that_stands_still_says_so(pipeline: Pipeline, begun: dict[str, Tab]) -> None:
    """The browser goes on counting each age, and names how long the server has been silent."""
    symbol = begun["symbol"]
    symbol.shows("history read")
    pipeline.stack.signal("dashboard", signal.SIGSTOP)
    try:
        symbol.shows(SILENCE, 30)
        before = youngest(symbol)
        until(symbol, lambda: youngest(symbol) >= before + 3, "every age goes on", NOTICE_SECONDS)
    finally:
        pipeline.stack.signal("dashboard", signal.SIGCONT)
    until(symbol, lambda: SILENCE not in symbol.text(), "the page goes on by itself", BACK_SECONDS)
    assert symbol.faults() == []


def youngest(one: Tab) -> int:
    """The least age on the page, in seconds."""
    units = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
    ages = [re.match(r"(\d+) (s|min|h|d)", words) for words in one.page.locator("time").all_inner_texts()]
    return min(int(age[1]) * units[age[2]] if age else 0 for age in ages)

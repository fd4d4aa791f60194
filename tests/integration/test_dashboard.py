"""The dashboard in headless Chromium: every page draws what the pipeline holds on every screen, and asks nobody else for anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tab
from pipeline import Pipeline
from playwright.sync_api import Browser
from poll import poll_until
from tab import Tab
from walk import DRAWN, PAGES, look

PICTURES = os.environ.get("STOCK_TEST_PICTURES")
SPAN = "document.querySelector('.js-plotly-plot').layout.xaxis.range.join()"
LAST_PRICE = "document.querySelector('.js-plotly-plot').layout.annotations[0].text"
LAST_CANDLE = "(() => { const [candles] = document.querySelector('.js-plotly-plot')._fullData; return String([...candles.close].pop()); })()"
WRITTEN = "(body) => Math.max(...[...body.children].map((row) => Number(row.dataset.at)))"
ZOOM = ".modebar-btn[data-title='Zoom in']"
UPDATES_MS = 5_000
"""A chart is drawn anew every two seconds."""
pytestmark = pytest.mark.timeout(480)
OPEN_SECONDS = float(os.environ.get("STOCK_TEST_OPEN_SECONDS", "2"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with tab.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def screens(browser: Browser, pipeline: Pipeline) -> dict[str, Tab]:
    """A tab on each screen, of one viewer."""
    viewer = tab.viewer(browser)
    return {screen.name: tab.opened(viewer, pipeline.stack.site.url("dashboard"), screen) for screen in tab.SCREENS}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_every_screen(screens: dict[str, Tab], name: str) -> None:
    """Light and dark, wide and narrow: drawn, no exception, no console error, nothing moves while it updates, nobody else is asked."""
    assert look(screens, name, OPEN_SECONDS, Path(PICTURES) if PICTURES else None) == []
    assert {host for one in screens.values() for host in one.hosts} == {"127.0.0.1"}


def test_a_viewer_goes_from_page_to_page(screens: dict[str, Tab]) -> None:
    one = screens["light-1440"]
    one.open()
    for text in ("AAPL", "MSFT", "120 symbols", "SIMULATED DATA"):
        one.shows(text)
    for name, text in {"Symbol": "Day's volume", "Movers": "Losers", "Alerts": "since where the live tape", "Compare": "Deepest fall"}.items():
        one.page.locator(".st-key-pages").get_by_text(name, exact=True).click()
        one.shows(text)
        one.page.wait_for_url(f"**page={name}**")
    one.page.keyboard.press("6")
    one.shows("Complete: Kafka, S3 and Snowflake hold the same")
    one.shows("stock-data / 5")
    assert one.faults() == []


@pytest.mark.parametrize(
    ("query", "text"),
    [("?page=Symbol&symbol=MSFT", "Day's volume"), ("?page=Pipeline", "Partitions"), ("?list=MSF&sort=price%3Adesc", "1 of 120 symbols")],
)
def test_a_page_opens_by_its_address(screens: dict[str, Tab], query: str, text: str) -> None:
    one = screens["light-1440"]
    one.open(query)
    one.shows(text)
    assert one.page.url.endswith(query)


def test_an_update_moves_neither_scroll_nor_zoom(screens: dict[str, Tab]) -> None:
    live, symbol = screens["light-1440"], screens["dark-1440"]
    symbol.open("?page=Symbol&symbol=IBM")
    symbol.page.locator(DRAWN["Symbol"]).first.wait_for(state="attached")
    whole = symbol.page.evaluate(SPAN)
    symbol.page.locator(ZOOM).first.dispatch_event("click")
    poll_until(lambda: _span(symbol) != whole, "the chart is zoomed", 10)
    live.open()
    live.shows("120 symbols")
    live.page.locator(".scroll").evaluate("(box) => { box.scrollTop = 400; }")
    symbol.page.wait_for_timeout(500)
    zoomed, written = _span(symbol), live.page.locator("tbody").evaluate(WRITTEN)
    price, candle = symbol.page.evaluate(LAST_PRICE), symbol.page.evaluate(LAST_CANDLE)
    poll_until(lambda: _later(live, written), "the table has been updated", 20)
    poll_until(lambda: _other(symbol, LAST_PRICE, price) and _other(symbol, LAST_CANDLE, candle), "the chart has a new price", 40)
    symbol.page.wait_for_timeout(UPDATES_MS)
    assert live.page.locator(".scroll").evaluate("(box) => box.scrollTop") == 400
    assert _span(symbol) == zoomed


def _span(one: Tab) -> str:
    one.page.wait_for_timeout(100)
    return one.page.evaluate(SPAN)


def _other(one: Tab, expression: str, former: str) -> bool:
    one.page.wait_for_timeout(200)
    return one.page.evaluate(expression) != former


def _later(one: Tab, written: float) -> bool:
    one.page.wait_for_timeout(200)
    return one.page.locator("tbody").evaluate(WRITTEN) > written


def test_the_table_by_keyboard(screens: dict[str, Tab]) -> None:
    one = screens["light-1440"]
    one.open()
    one.shows("120 symbols")
    one.page.keyboard.press("/")
    one.page.keyboard.type("MSF")
    one.shows("1 of 120 symbols")
    one.page.keyboard.press("Escape")
    one.shows("120 symbols")
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("Enter")
    one.shows("Day's volume")
    one.page.wait_for_url("**page=Symbol**")
    assert one.faults() == []

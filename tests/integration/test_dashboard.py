"""The dashboard in headless Chromium: every page draws what the pipeline holds, on every screen.

A page asks no other host for anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from stock_stack.registry import REPOSITORY
from stock_testing import tab
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until
from stock_testing.tab import Tab
from stock_testing.walk import DRAWN, PAGES, look

STATIC = REPOSITORY / "services" / "dashboard" / "stock_dashboard" / "ui" / "static"
PICTURES = os.environ.get("STOCK_TEST_PICTURES")
SPAN = "document.querySelector('.js-plotly-plot').layout.xaxis.range.join()"
LAST_PRICE = "document.querySelector('.js-plotly-plot').layout.annotations[0].text"
LAST_CANDLE = """
(() => {
  const [candles] = document.querySelector('.js-plotly-plot')._fullData;
  return String([...candles.close].filter(Number.isFinite).pop());
})()
"""
WRITTEN = "(body) => Math.max(...[...body.children].map((row) => Number(row.dataset.at)))"
CLOCK = "document.querySelector('.sd-strip .end').innerText"
ZOOM = ".modebar-btn[data-title='Zoom in']"
UPDATES_MS = 5_000
"""A chart is drawn again every two seconds."""
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
    return {
        screen.name: tab.opened(viewer, pipeline.stack.layout.url("dashboard"), screen)
        for screen in tab.SCREENS
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_every_screen(screens: dict[str, Tab], name: str) -> None:
    """Light and dark, wide and narrow: it is drawn without an error, and nothing moves while it updates."""
    assert look(screens, name, OPEN_SECONDS, Path(PICTURES) if PICTURES else None) == []
    assert {host for one in screens.values() for host in one.hosts} == {"127.0.0.1"}


def test_a_viewer_goes_from_page_to_page(screens: dict[str, Tab]) -> None:
    one = screens["light-1440"]
    one.open()
    for text in ("AAPL", "MSFT", "120 symbols", "SIMULATED DATA"):
        one.shows(text)
    for name, text in {
        "Symbol": "Day's volume",
        "Movers": "Losers",
        "Alerts": "since where the live tape",
        "Compare": "Largest fall",
    }.items():
        one.page.locator(".st-key-pages").get_by_text(name, exact=True).click()
        one.shows(text)
        one.page.wait_for_url(f"**page={name}**")
    one.page.keyboard.press("6")
    one.shows("Complete: Kafka, S3 and Snowflake hold the same")
    one.shows("stock-data / 5")
    assert one.faults() == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("?page=Symbol&symbol=MSFT", "Day's volume"),
        ("?page=Pipeline", "Partitions"),
        ("?list=MSF&sort=price%3Adesc", "1 of 120 symbols"),
    ],
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
    poll_until(lambda: _span(symbol) != whole, "the chart is zoomed", 60)
    live.open()
    live.shows("120 symbols")
    live.page.locator(".scroll").evaluate("(box) => { box.scrollTop = 400; }")
    symbol.page.wait_for_timeout(500)
    zoomed, written = _span(symbol), live.page.locator("tbody").evaluate(WRITTEN)
    price, candle = symbol.page.evaluate(LAST_PRICE), symbol.page.evaluate(LAST_CANDLE)
    poll_until(lambda: _later(live, written), "the table has been updated", 60)
    poll_until(
        lambda: _other(symbol, LAST_PRICE, price) and _other(symbol, LAST_CANDLE, candle),
        "the chart has a new price",
        60,
    )
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
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("Enter")
    one.shows("Day's volume")
    one.page.wait_for_url("**page=Symbol**")
    one.page.keyboard.press("6")
    one.shows("Partitions")
    one.page.keyboard.type("msf")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**symbol=MSFT")
    poll_until(lambda: _titled(one, "MSFT "), "the tab is called by the symbol", 60)
    assert one.faults() == []


def _titled(one: Tab, words: str) -> bool:
    """A count of new alerts may stand before them."""
    one.page.wait_for_timeout(200)
    return re.match(rf"(\(\d+\) )?{words}", one.page.title()) is not None


def test_a_row_after_back_opens_its_own_symbol(screens: dict[str, Tab]) -> None:
    """The walk in the browser's history that tests/test_navigation.py of the dashboard has without one."""
    one = screens["light-1440"]
    one.open()
    for symbol in ("IBM", "MSFT", "AAPL"):
        one.page.locator(f"tbody tr[data-symbol={symbol}] a").click()
        one.page.wait_for_url(f"**?page=Symbol&symbol={symbol}")
        one.shows("Day's volume")
        one.page.go_back()
        one.shows("120 symbols")
    one.page.go_forward()
    one.page.wait_for_url("**?page=Symbol&symbol=AAPL")
    one.shows("Day's volume")
    assert one.faults() == []


def test_page_file_and_address_have_one_filter(screens: dict[str, Tab]) -> None:
    """Typed and left at once, then cleared: one filter everywhere, and it stays cleared."""
    one = screens["light-1440"]
    one.open()
    one.shows("120 symbols")
    one.page.keyboard.press("/")
    one.page.keyboard.type("nv")
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("Enter")
    one.shows("Day's volume")
    one.page.keyboard.press("1")
    one.page.locator(".find").wait_for()
    one.shows("symbols")
    assert _rows_of_the_file(one) == one.page.locator("tbody tr").count()
    find = one.page.locator(".find input")
    find.fill("MSF")
    one.page.wait_for_url("**list=MSF")
    find.fill("")
    find.blur()
    one.page.keyboard.press("5")
    one.page.wait_for_url("**?page=Alerts")
    one.page.keyboard.press("1")
    one.shows("120 symbols")
    assert "list" not in one.page.url


@pytest.mark.parametrize(
    ("keys", "page"), [("54", "Movers"), ("465", "Alerts"), ("1625", "Alerts"), ("56454", "Movers")]
)
def test_the_last_of_quick_choices_wins(screens: dict[str, Tab], keys: str, page: str) -> None:
    """Each is made while the run of the one before is under way."""
    one = screens["light-1440"]
    one.open()
    one.shows("120 symbols")
    for key in keys:
        one.page.keyboard.press(key)
    one.page.wait_for_url(f"**?page={page}")
    clock = one.page.evaluate(CLOCK)
    poll_until(lambda: _other(one, CLOCK, clock), "the page has been refreshed", 60)
    assert one.page.url.endswith(f"?page={page}")
    assert one.page.locator(".st-key-pages [aria-current]").inner_text() == page


def _rows_of_the_file(one: Tab) -> int:
    with one.page.expect_download() as started:
        one.page.get_by_role("button", name="CSV").click()
    return len(Path(started.value.path()).read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("points", "height", "colour"),
    [
        pytest.param([100, 100.01], 0.9, "up", id="a cent"),
        pytest.param([100, 100, 100], 0, "flat", id="no move"),
        pytest.param([100, 104, 98], 18, "down", id="a day"),
    ],
)
def test_a_sparkline_shows_its_own_way(browser: Browser, points: list, height: float, colour: str) -> None:
    """A cent does not fill the cell, and the colour is not that of the change since the previous close."""
    page = browser.new_page()
    page.add_script_tag(content="".join((STATIC / name).read_text() for name in ("format.js", "columns.js")))
    drawn, found, _ = page.evaluate("(row) => COLUMNS.spark.cell(row)", {"spark": points, "change": 7})
    ends = [float(at) for at in re.findall(r"[ML][0-9.]+ ([0-9.]+)", drawn)]
    page.close()
    assert (max(ends) - min(ends), found) == (pytest.approx(height, abs=0.1), colour)

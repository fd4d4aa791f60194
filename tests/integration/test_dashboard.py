"""The dashboard in headless Chromium: every page draws what the pipeline holds, and asks nobody else for anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pipeline import Pipeline
from playwright.sync_api import Page, sync_playwright

WAIT_MS = 30_000
REPORTS = Path(__file__).resolve().parents[2] / ".build" / "reports"


class Tab:
    """A browser tab that keeps what went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host:
            self.hosts.add(host)

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self._address}/{path}")

    def picture(self, name: str) -> None:
        """A screenshot among the reports, for a person."""
        REPORTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=REPORTS / f"dashboard-{name}.png", full_page=True)


@pytest.fixture(scope="module")
def tab(pipeline: Pipeline) -> Iterator[Tab]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing: install it (on Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield Tab(browser.new_page(viewport={"width": 1400, "height": 900}), pipeline.stack.site.url("dashboard"))
        browser.close()


def test_the_dashboard_in_a_browser(tab: Tab) -> None:
    page = tab.page

    tab.open()
    for text in ("AAPL", "MSFT", "120 symbols", "SIMULATED DATA"):
        page.get_by_text(text, exact=False).first.wait_for()
    tab.picture("live")

    page.get_by_text("Symbol", exact=True).first.click()
    page.locator(".js-plotly-plot .boxlayer path").first.wait_for(state="attached")
    tab.picture("symbol")

    page.get_by_text("Pipeline", exact=True).first.click()
    page.get_by_text("Complete: Kafka, S3 and Snowflake hold the same", exact=False).wait_for()
    page.get_by_text("stock-data / 5").first.wait_for()
    tab.picture("pipeline")

    assert page.locator("[data-testid=stException]").count() == 0
    assert tab.errors == []
    assert tab.hosts == {"127.0.0.1"}


@pytest.mark.parametrize(("query", "text"), [("?page=Symbol&symbol=MSFT", "Volume today"), ("?page=Pipeline", "Partitions")])
def test_a_page_opens_by_its_address(tab: Tab, query: str, text: str) -> None:
    tab.open(query)
    tab.page.get_by_text(text, exact=True).first.wait_for()
    assert tab.page.url.endswith(query)

"""The dashboard in headless Chromium: a tab notes its errors and how far its layout moved."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from stock_stack.registry import REPOSITORY
from stock_testing.poll import BUSY

WAIT_SECONDS = 60.0
EXCEPTION = "[data-testid=stException]"
QUIET = (
    "--no-sandbox",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-dev-shm-usage",
)
"""A tab that another one covers goes on as if it were seen. /dev/shm is small in some containers."""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
"""Adds up every layout shift that the viewer did not cause. The page's CLS is the worst five seconds of it.

Source: https://web.dev/articles/cls
"""


class Screen(NamedTuple):
    """How a viewer sees the page."""

    width: int
    scheme: str

    @property
    def name(self) -> str:
        return f"{self.scheme}-{self.width}"


WIDE, NARROW = 1_440, 390
HEIGHTS = {WIDE: 900, NARROW: 844}
SCREENS = tuple(Screen(width, scheme) for width in (WIDE, NARROW) for scheme in ("light", "dark"))


class Tab:
    """A viewer's tab. `errors`: from the page and its console. `hosts`: whom it asked."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(BUSY * WAIT_SECONDS * 1000)
        page.add_init_script(SHIFTS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("crash", lambda _: self.errors.append("the tab crashed"))
        page.on("console", self._on_console)
        page.on("request", lambda request: self._note(request.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _note(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host:
            self.hosts.add(host)

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self._address}/{path}", wait_until="commit")

    def shows(self, text: str, seconds: float = WAIT_SECONDS) -> None:
        """Waits until the text is seen. Raises playwright's TimeoutError."""
        self.page.get_by_text(text, exact=False).locator("visible=true").first.wait_for(
            timeout=BUSY * seconds * 1000
        )

    def text(self) -> str:
        """All that the page says outside of its tables."""
        return self.page.locator("body").inner_text()

    def still(self) -> None:
        """Counts the layout's shifts from now on."""
        self.page.evaluate("window.shifted = 0")

    def shifted(self) -> float:
        return float(self.page.evaluate("window.shifted"))

    def faults(self) -> list[str]:
        """What a viewer would call broken: an exception's text, an error in the console."""
        shown = self.page.locator(EXCEPTION).all_inner_texts()
        traces = [text for text in ("Traceback", "StreamlitAPIException") if text in self.text()]
        return [*self.errors, *shown, *traces]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Raises AssertionError where there is none."""
    find = REPOSITORY / "local" / "stack" / "system.sh"
    found = subprocess.run([find, "browser"], capture_output=True, text=True, check=True).stdout.strip()
    assert found, "Chromium is missing: local/stack/system.sh test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def viewer(browser: Browser) -> BrowserContext:
    """A viewer's profile: tabs of one share what the browser has loaded already."""
    return browser.new_context(timezone_id="Europe/Berlin")


def opened(context: BrowserContext, address: str, screen: Screen = SCREENS[0]) -> Tab:
    """A new tab of a viewer, as on that screen."""
    page = context.new_page()
    page.set_viewport_size({"width": screen.width, "height": HEIGHTS[screen.width]})
    page.emulate_media(color_scheme="dark" if screen.scheme == "dark" else "light")
    return Tab(page, address)

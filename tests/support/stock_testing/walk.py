"""Every page of the dashboard on every screen: opened, left open while it updates, and judged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stock_testing.tab import Tab

PAGES = {
    "Live": "",
    "Symbol": "?page=Symbol&symbol=AAPL",
    "Compare": "?page=Compare&symbols=AAPL,IBM,MSFT&span=1D",
    "Movers": "?page=Movers",
    "Alerts": "?page=Alerts",
    "Pipeline": "?page=Pipeline",
}
DRAWN = {
    "Live": "tbody tr",
    "Symbol": ".js-plotly-plot .boxlayer path",
    "Compare": ".js-plotly-plot .scatterlayer path.js-line",
    "Movers": "tbody tr",
    "Alerts": "tbody tr",
    "Pipeline": ".sd-legs",
}
"""Page → what it has once it shows something. A page without anything to show has BLANK instead."""
BLANK = ".sd-blank"
SHIFT_LIMIT = 0.1
SETTLE_MS = 1_500
SETTLE_TRIES = 20
SETTLED_LOOKS = 2
"""A busy machine may pause in the middle of a drawing."""
PICTURE_MS = 120_000
"""A page that is drawn again all the time takes long to stand still for a picture."""
ASIDE = """
() => Math.max(...[document.documentElement, ...document.querySelectorAll(".stMain")]
  .map((part) => part.scrollWidth - part.clientWidth))
"""
"""Pixels by which the page has to be scrolled sideways. Streamlit scrolls a part of the document, not it."""
CUT = """
() => [...document.querySelectorAll(
    ".sd-strip span, .sd-note, .sd-blank, .sd-quote span, .sd-facts span, .sd-foot, .sd-card, .sd-flow > div"
  )]
  .filter((part) => part.getClientRects().length
    && (part.getBoundingClientRect().right > innerWidth + 1 || part.getBoundingClientRect().left < -1))
  .map((part) => part.innerText)
"""
"""The texts outside of the tables that are not wholly on the screen."""


def look(tabs: dict[str, Tab], name: str, seconds: float, pictures: Path | None = None) -> list[str]:
    """Opens the page on each screen for `seconds` and returns what is wrong with it. `tabs`: screen → tab."""
    for one in tabs.values():
        one.errors.clear()
        one.open(PAGES[name])
    for one in tabs.values():
        one.page.locator(".sd-strip").first.wait_for()
        one.page.locator(f"{DRAWN[name]}, {BLANK}").first.wait_for(state="attached")
    settle(tabs)
    for one in tabs.values():
        one.still()
    wait(tabs, seconds * 1_000)
    found = [f"{name} on {screen}: {fault}" for screen, one in tabs.items() for fault in judged(one)]
    for screen, one in tabs.items() if pictures else ():
        one.page.screenshot(
            path=f"{pictures}/{name.lower()}-{screen}.png", full_page=True, timeout=PICTURE_MS
        )
    return found


def wait(tabs: dict[str, Tab], milliseconds: float) -> None:
    """Lets the browser go on."""
    next(iter(tabs.values())).page.wait_for_timeout(milliseconds)


def settle(tabs: dict[str, Tab]) -> None:
    """Waits until the first drawing has ended: until nothing has moved for a while on any screen.

    A page that goes on to move is judged afterwards.
    """
    still = 0
    for _ in range(SETTLE_TRIES):
        before = [one.shifted() for one in tabs.values()]
        wait(tabs, SETTLE_MS)
        still = still + 1 if before == [one.shifted() for one in tabs.values()] else 0
        if still == SETTLED_LOOKS:
            return


def judged(one: Tab) -> list[str]:
    """What is wrong with the page as it stands."""
    found = one.faults()
    if (shift := one.shifted()) > SHIFT_LIMIT:
        found.append(f"the layout shifted by {shift:.2f}")
    if (aside := one.page.evaluate(ASIDE)) > 0:
        found.append(f"it has to be scrolled sideways by {aside} pixels")
    found += [f"cut off at the edge: {words!r}" for words in one.page.evaluate(CUT)]
    return found


def walk(
    tabs: dict[str, Tab], seconds: float, pictures: Path | None = None, names: Iterable[str] = PAGES
) -> list[str]:
    """All pages, one after the other; what is wrong with them."""
    return [fault for name in names for fault in look(tabs, name, seconds, pictures)]

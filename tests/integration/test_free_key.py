"""A free key against a schedule of the market: the page says what there is and when more comes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stock_stack.demo import FREE_SYMBOLS, layout_of
from stock_stack.ports import free
from stock_stack.stack import Stack
from stock_testing import tab

PICTURES = os.environ.get("STOCK_TEST_PICTURES")
NEXT = r"bar of \w{3} \d+ \w{3}( \d{4})?, next expected (after|since) "


def test_the_page_says_which_bar_there_is_and_when_the_next_comes(tmp_path: Path) -> None:
    """Kafka, look-alike, producer and dashboard as `stock-stack demo --schedule` has them. No warehouse."""
    layout = layout_of(tmp_path, free(), "free key, Thanksgiving")
    with Stack(layout, print) as stack, tab.chromium() as browser:
        stack.start("topics", "market", "producer", "dashboard")
        viewer = tab.viewer(browser)
        for screen in tab.SCREENS:
            one = tab.opened(viewer, layout.url("dashboard"), screen)
            one.open()
            one.shows(f"{FREE_SYMBOLS} symbols")
            _says(one, rf"^(\S+, ){{{FREE_SYMBOLS - 1}}}\S+: {NEXT}")
            _picture(one, f"live-{screen.name}")
            one.open("?page=Symbol&symbol=IBM")
            _says(one, rf"^IBM: {NEXT}")
            _picture(one, f"symbol-{screen.name}")
            assert one.faults() == []
            one.page.close()


def _says(one: tab.Tab, pattern: str) -> None:
    one.page.locator(".sd-foot").filter(has_text=re.compile(pattern)).first.wait_for()


def _picture(one: tab.Tab, name: str) -> None:
    if PICTURES:
        one.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

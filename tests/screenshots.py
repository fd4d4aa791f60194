"""Writes docs/images from the real page: `make screenshots`. It starts a stack of its own on free ports."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from stock_stack.layout import Layout
from stock_stack.ports import HOST, free
from stock_stack.registry import REPOSITORY
from stock_stack.services import ALL
from stock_stack.stack import Stack

IMAGES = REPOSITORY / "docs" / "images"
WARM_SECONDS = 90.0
"""Until sparklines have a shape and each stage has loaded."""
MOST_BYTES = 300_000


def shoot(browser: Browser, address: str, scheme: str) -> Path:
    """The Live page as on a screen of 1,280 by 800. Returns the image's file."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("table")
    page.wait_for_timeout(8_000)
    file = IMAGES / f"live-{scheme}.png"
    page.screenshot(path=file)
    context.close()
    return file


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    find = REPOSITORY / "local" / "stack" / "system.sh"
    chromium = subprocess.run([find, "browser"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as data, Stack(Layout(Path(data), free()), print) as stack:
        stack.start(*ALL)
        time.sleep(WARM_SECONDS)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            address = f"http://{HOST}:{stack.layout.ports['dashboard']}"
            files = [shoot(browser, address, scheme) for scheme in ("light", "dark")]
            browser.close()
    large = [file.name for file in files if file.stat().st_size > MOST_BYTES]
    print("\n".join(f"{file.relative_to(REPOSITORY)}  {file.stat().st_size:,} bytes" for file in files))
    if large:
        print(f"Larger than {MOST_BYTES:,} bytes: {', '.join(large)}", file=sys.stderr)
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())

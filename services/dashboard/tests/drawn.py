"""Pages as Streamlit draws them, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

import stock_dashboard
from stock_dashboard.ui import address

SCRIPT = Path(stock_dashboard.__file__).with_name("streamlit_app.py")
PAGES = ("Live", "Symbol", "Compare", "Movers", "Alerts", "Pipeline")


def opened(page: str = "Live", user: dict | None = None, **address: str) -> AppTest:
    test = AppTest.from_file(SCRIPT, default_timeout=20)
    if user is not None:
        test.user = user
    test.query_params["page"] = page
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def choice(page: str, go: bool = True, **chosen: str) -> dict:
    """What the browser reports of a tab, a row, a heading or a filter. `report` gives it a number."""
    return {"page": page, "go": go, "set": chosen}


def report(test: AppTest, *made: dict) -> AppTest:
    """Draws the page after choices, in one message of the browser."""
    last = max(item["taken"] for item in _data(test) if "taken" in item)
    numbered = [{"n": last + place, **item} for place, item in enumerate(made, 1)]
    test.session_state[address.TABS] = {"choices": numbered}
    return test.run()


def choose(test: AppTest, page: str, **chosen: str) -> AppTest:
    """Opens a page as its tab or a row does."""
    return report(test, choice(page, **chosen))


def words(test: AppTest) -> str:
    """The page's HTML. The ages in it are plain text."""
    return re.sub("</?time[^>]*>", "", " ".join(element.proto.body for element in test.get("html")))


def plain(sentence: str | None) -> str | None:
    """A sentence without the marks of its ages."""
    return sentence and re.sub("\ue000[^\ue001]*\ue001|\ue002", "", sentence)


def rows(test: AppTest) -> list[str]:
    """The symbols of the live table."""
    found = tables(test)
    return [row["symbol"] for row in found[0]["rows"]] if found else []


def tables(test: AppTest) -> list[dict]:
    """What the browser's tables are given."""
    return [data for data in _data(test) if "rows" in data]


def titles(test: AppTest) -> list[str]:
    """What the browser's tab is called."""
    return [data["title"] for data in _data(test) if "title" in data]


def _data(test: AppTest) -> list[dict]:
    """What the browser's parts are given."""
    return [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]

"""Pages as Streamlit draws them, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

import stock_dashboard

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
    found = [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]
    return [data for data in found if "rows" in data]


def titles(test: AppTest) -> list[str]:
    """What the browser's tab is called."""
    found = [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]
    return [data["title"] for data in found if "title" in data]

"""Where a viewer is after any walk of rows, tabs, Back, Forward, reloads, ranges and links.

The pages are compared with a plain model. A step back in the browser undoes one act.
"""

from __future__ import annotations

from datetime import timedelta

from desk import Desk, well
from drawn import SCRIPT, titles
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from samples import NOW, alert, quote
from streamlit.testing.v1 import AppTest

from stock_dashboard.data import runtime

SYMBOLS = ("AAPL", "IBM", "MSFT")
FIRST = {"symbol": "AAPL", "range": "1D", "lines": ["VWAP"]}
WALK = settings(
    max_examples=4, stateful_step_count=10, deadline=None, phases=(Phase.explicit, Phase.generate)
)


def _address(page: str, shown: dict) -> dict[str, str]:
    """The address of what is shown. What is not chosen is not in it."""
    if page != "Symbol":
        return {} if page == "Live" else {"page": page}
    found = {"page": "Symbol", "symbol": shown["symbol"]}
    if shown["range"] != FIRST["range"]:
        found["range"] = shown["range"]
    if shown["lines"] != FIRST["lines"]:
        found["lines"] = ",".join(shown["lines"])
    return found


def _shown(tab: AppTest) -> dict[str, str]:
    """The address of a tab. AppTest has a value that the page wrote as a list."""
    found = dict(tab.query_params)
    return {name: value if isinstance(value, str) else value[0] for name, value in found.items()}


class Walk(RuleBasedStateMachine):
    """The browser keeps addresses. The model keeps the page, and Symbol's choices as last seen."""

    def __init__(self) -> None:
        super().__init__()
        desk = Desk()
        well(desk)
        desk.feed(quote("MSFT"))
        runtime.install(desk.runtime)
        self.tab = AppTest.from_file(SCRIPT, default_timeout=30)
        self.tab.run()
        self.page, self.seen = "Live", dict(FIRST)
        self.stack, self.place = [{}], 0

    def _acted(self) -> None:
        """What the viewer did in the page is one new address."""
        wanted = _address(self.page, self.seen)
        if wanted != self.stack[self.place]:
            self.stack[self.place + 1 :] = [wanted]
            self.place += 1

    def _load(self) -> None:
        """The page is drawn from the address alone."""
        now = self.stack[self.place]
        self.page = now.get("page", "Live")
        if self.page == "Symbol":
            self.seen = {
                "symbol": now.get("symbol", FIRST["symbol"]),
                "range": now.get("range", FIRST["range"]),
                "lines": now["lines"].split(",") if "lines" in now else FIRST["lines"],
            }
        self.tab.query_params.clear()
        self.tab.query_params.update(now)
        self.tab.run()

    @precondition(lambda self: self.page != "Symbol")
    @rule(symbol=st.sampled_from(SYMBOLS))
    def row(self, symbol: str) -> None:
        self.page, self.seen["symbol"] = "Symbol", symbol
        self.tab.session_state["row opened"] = symbol
        self.tab.run()
        self._acted()

    @rule(page=st.sampled_from(["Live", "Symbol", "Movers", "Pipeline"]))
    def click_a_tab(self, page: str) -> None:
        self.page = page
        self.tab.session_state["page"] = page
        self.tab.run()
        self._acted()

    @precondition(lambda self: self.page == "Symbol")
    @rule(span=st.sampled_from(["1D", "5D", "1Y"]))
    def choose_a_range(self, span: str) -> None:
        self.seen["range"] = span
        self.tab.session_state["range"] = span
        self.tab.run()
        self._acted()

    @precondition(lambda self: self.page == "Symbol")
    @rule(symbol=st.sampled_from(SYMBOLS))
    def choose_a_symbol(self, symbol: str) -> None:
        self.seen["symbol"] = symbol
        self.tab.selectbox(key="symbol").select(symbol).run()
        self._acted()

    @rule(steps=st.sampled_from([-2, -1, 1]))
    def go_in_the_browser(self, steps: int) -> None:
        if 0 <= self.place + steps < len(self.stack):
            self.place += steps
            self._load()

    @rule()
    def load_again(self) -> None:
        """A reload, or the address as a link in another tab: nothing but the address is known there."""
        self.tab = AppTest.from_file(SCRIPT, default_timeout=30)
        self.seen = dict(FIRST)
        self._load()

    @invariant()
    def shows_what_the_model_says(self) -> None:
        assert not self.tab.exception
        assert self.tab.session_state["page"] == self.page
        if self.page == "Symbol":
            assert {name: self.tab.session_state[name] for name in FIRST} == self.seen
        assert _shown(self.tab) == self.stack[self.place]


Walk.TestCase.settings = WALK
TestWalk = Walk.TestCase


def test_a_row_after_back_opens_its_own_symbol(desk):
    """IBM, Back, MSFT: the address still says nothing when the second row is opened."""
    well(desk)
    desk.feed(quote("MSFT"))
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    for symbol in ("IBM", "MSFT"):
        tab.session_state["row opened"] = symbol
        tab.run()
        assert (tab.session_state["symbol"], _shown(tab)["symbol"]) == (symbol, symbol)
        tab.query_params.clear()
        tab.run()
        assert tab.session_state["page"] == "Live"


def test_a_page_s_parameters_are_its_own(desk):
    """Live's filter does not follow to Alerts, and is there again on the way back."""
    well(desk)
    kept = {"list": "IB", "sort": "price:asc"}
    tab = AppTest.from_file(SCRIPT, default_timeout=30)
    tab.query_params.update(kept)
    tab.run()
    for page, wanted in (("Alerts", {"page": "Alerts"}), ("Live", kept)):
        tab.session_state["page"] = page
        tab.run()
        assert _shown(tab) == wanted


def test_what_was_typed_is_opened_or_named(desk):
    """An unknown symbol replaces nothing, and the tab's title has the symbol that is shown."""
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    for typed, shown in (("IBM", "IBM"), ("ZZZ", None), ("AAPL", "AAPL")):
        tab.session_state["row opened"] = typed
        tab.run()
        assert (tab.session_state["symbol"], _shown(tab)["symbol"]) == (shown, typed)
    tab.run()
    assert titles(tab) == ["AAPL 101.50 +1.50%"]


def test_the_title_counts_alerts_until_they_are_seen(desk):
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    desk.store.alert(alert(triggered_at=NOW + timedelta(seconds=1)))
    assert titles(tab.run()) == ["(1) Stocks"]
    desk.now = NOW + timedelta(seconds=2)
    for page in ("Alerts", "Live"):
        tab.session_state["page"] = page
        assert titles(tab.run()) == ["Stocks"]

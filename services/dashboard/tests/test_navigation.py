"""Where a viewer is after any walk of rows, tabs, Back, Forward, reloads, ranges and links.

The pages are compared with a plain model. A step back in the browser undoes one act.
"""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from desk import Desk, well
from drawn import SCRIPT, choice, choose, report, titles
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from samples import NOW, alert, quote
from streamlit.testing.v1 import AppTest

from stock_dashboard.data import runtime
from stock_dashboard.ui import address

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


def _gone_to(tab: AppTest, now: dict[str, str]) -> AppTest:
    """Draws the tab after a step in the browser's history."""
    tab.query_params.clear()
    tab.query_params.update(now)
    with patch.object(address, "_navigated", lambda: True):
        return tab.run()


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
        _gone_to(self.tab, now)

    @precondition(lambda self: self.page != "Symbol")
    @rule(symbol=st.sampled_from(SYMBOLS))
    def row(self, symbol: str) -> None:
        self.page, self.seen["symbol"] = "Symbol", symbol
        choose(self.tab, "Symbol", symbol=symbol)
        self._acted()

    @rule(page=st.sampled_from(["Live", "Symbol", "Movers", "Pipeline"]))
    def click_a_tab(self, page: str) -> None:
        self.page = page
        choose(self.tab, page)
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
        choose(tab, "Symbol", symbol=symbol)
        assert (tab.session_state["symbol"], _shown(tab)["symbol"]) == (symbol, symbol)
        assert _shown(_gone_to(tab, {})) == {}


def test_a_page_s_parameters_are_its_own(desk):
    """Live's filter does not follow to Alerts, and is there again on the way back."""
    well(desk)
    kept = {"list": "IB", "sort": "price:asc"}
    tab = AppTest.from_file(SCRIPT, default_timeout=30)
    tab.query_params.update(kept)
    tab.run()
    for page, wanted in (("Alerts", {"page": "Alerts"}), ("Live", kept)):
        assert _shown(choose(tab, page)) == wanted


def test_choices_of_one_message_are_all_taken_in_their_order(desk):
    """The filter is cleared and a page chosen in the same moment, or a page in that of another."""
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30)
    tab.query_params["list"] = "IB"
    tab.run()
    report(tab, choice("Live", go=False, list=""), choice("Movers"), choice("Alerts"))
    assert _shown(tab) == {"page": "Alerts"}
    report(tab, choice("Live", go=False, sort="price:asc"))
    assert _shown(tab) == {"page": "Alerts"}
    assert _shown(choose(tab, "Live")) == {"sort": "price:asc"}


def test_a_choice_is_taken_once(desk):
    """The browser goes on reporting it until it has heard that it was taken."""
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    choose(tab, "Movers")
    for page in ("Movers", "Alerts"):
        assert _shown(tab.run()) == {"page": page}
        _gone_to(tab, {"page": "Alerts"})
    old = [{"n": 1, **choice("Pipeline")}]
    fresh = AppTest.from_file(SCRIPT, default_timeout=30)
    fresh.session_state[address.TABS] = {"choices": old}
    assert _shown(fresh.run()) == _shown(fresh.run()) == {}


def test_an_address_that_is_older_than_a_choice_takes_nothing_back(desk):
    """The browser had not heard of the address when it sent the next choice."""
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    for page in ("Alerts", "Movers"):
        tab.query_params.clear()
        assert _shown(choose(tab, page)) == {"page": page}
    choose(tab, "Symbol", symbol="IBM")
    old = _shown(tab)
    tab.session_state["range"] = "5D"
    tab.run()
    tab.query_params.clear()
    tab.query_params.update(old)
    tab.session_state["lines"] = ["MA 20"]
    assert _shown(tab.run()) == {**old, "range": "5D", "lines": "MA 20"}


def test_what_was_typed_is_opened_or_named(desk):
    """An unknown symbol replaces nothing, and the tab's title has the symbol that is shown."""
    well(desk)
    tab = AppTest.from_file(SCRIPT, default_timeout=30).run()
    for typed, shown in (("IBM", "IBM"), ("ZZZ", None), ("AAPL", "AAPL")):
        choose(tab, "Symbol", symbol=typed)
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
        assert titles(choose(tab, page)) == ["Stocks"]

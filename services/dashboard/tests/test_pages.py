"""Each page in each honest state, as Streamlit runs it, with a store and a history that the test has filled."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import LATEST, NOW, audit, bar_table, chain, loader, producer, quote
from streamlit.testing.v1 import AppTest

import stock_dashboard
from stock_dashboard.history import Picture

SCRIPT = Path(stock_dashboard.__file__).with_name("streamlit_app.py")
PAGES = ("Live", "Symbol", "Compare", "Movers", "Alerts", "Pipeline")
BARS = bar_table([NOW - timedelta(minutes=number) for number in range(30, 90)])


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
    return " ".join(element.proto.body for element in test.get("html"))


def rows(test: AppTest) -> list[str]:
    """The symbols of the live table."""
    found = tables(test)
    return [row["symbol"] for row in found[0]["rows"]] if found else []


def tables(test: AppTest) -> list[dict]:
    """What the browser's tables are given."""
    return [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]


def well(desk):
    """A pipeline at work in an open market."""
    desk.up()
    desk.feed(
        *(quote(symbol, at=NOW - timedelta(minutes=20 - number)) for number in range(20) for symbol in ("AAPL", "IBM")), quote("AAPL"), quote("IBM")
    )
    for state in (producer(), chain(41), loader(41), audit(42)):
        desk.store.status(state)
    desk.history.answers |= dict.fromkeys(("bars_1min", "bars_5min", "bars_1h", "bars_1d"), Picture(BARS, 3.0, False, None))
    desk.history.answers["latest"] = Picture(LATEST, 3.0, False, None)


def test_well(desk):
    well(desk)
    assert rows(opened()) == ["AAPL", "IBM", "OLD"]
    symbol = opened("Symbol", symbol="IBM")
    assert symbol.get("plotly_chart")
    assert "101.50" in words(symbol) and "+1.50" in words(symbol)
    assert "Complete: Kafka, S3 and Snowflake hold the same 42 records" in words(opened("Pipeline"))
    assert "SIMULATED" not in words(opened())


@pytest.mark.parametrize("page", PAGES)
def test_simulated_data_are_labelled_on_every_page(desk, page):
    well(desk)
    desk.store.status(producer(source="simulated"))
    assert "SIMULATED DATA" in words(opened(page))


def test_simulated_history_is_labelled_while_kafka_is_away(desk):
    desk.down(60)
    table = LATEST.set_column(LATEST.column_names.index("source"), "source", [["simulated"]])
    desk.history.answers["latest"] = Picture(table, 3.0, False, None)
    assert rows(opened()) == ["OLD"]
    assert "SIMULATED DATA" in words(opened())


@pytest.mark.parametrize("page", PAGES)
def test_nothing_at_all_yet(desk, page):
    said = words(opened(page))
    assert any(part in said for part in ("Connecting", "No symbol yet", "has not reported"))


def test_first_start_without_a_producer(desk):
    desk.up()
    assert "the producer has not reported" in words(opened())


def test_closed_market_says_when_it_opens_in_both_times(desk):
    well(desk)
    desk.store.status(producer(is_open=False))
    desk.now = NOW + timedelta(hours=8)
    said = words(opened())
    assert "XNYS closed" in said
    assert "opens Tue 24 Nov, 09:30 EST (14:30 UTC for you)" in said


def test_stale_names_how_long_and_which_stage(desk):
    well(desk)
    desk.now = NOW + timedelta(minutes=4)
    for at, state, who in (
        (desk.now, {}, "the producer is at work, its source gives nothing new."),
        (desk.now, {"outbox": 1_200}, "the producer keeps 1,200 that Kafka does not take."),
        (desk.now - timedelta(seconds=80), {}, "the producer has not reported for 80 s."),
    ):
        desk.store.status(producer(at=at, **state))
        said = f"No quote has come for 4 min although the market is open: {who}"
        assert said in words(opened()) and said in words(opened("Pipeline"))


def test_neither_answers(desk):
    desk.down(42)
    desk.history.answers = dict.fromkeys(("latest", "bars_1min"), Picture(None, None, False, "unavailable"))
    for page in ("Live", "Symbol"):
        said = words(opened(page, symbol="IBM"))
        assert "Kafka has not answered for 42 s" in said and "The warehouse does not answer either: history is tried again by itself." in said
        assert "go on" not in said.replace("goes on", "")


def test_kafka_down_history_goes_on(desk):
    well(desk)
    desk.down(42)
    assert "Kafka has not answered for 42 s" in words(opened())
    assert rows(opened()) == ["AAPL", "IBM", "OLD"]
    symbol = opened("Symbol", symbol="IBM")
    assert symbol.get("plotly_chart") and "Kafka has not answered for 42 s" in words(symbol)
    assert "Kafka has not answered" in words(opened("Pipeline"))


@pytest.mark.parametrize(
    ("fault", "said"), [("unavailable", "does not answer"), ("denied", "does not let the dashboard read"), ("refused", "another version")]
)
def test_warehouse_down_or_closed_to_us_live_goes_on(desk, fault, said):
    well(desk)
    desk.history.answers = dict.fromkeys(("bars_1min", "bars_1d", "latest"), Picture(None, None, False, fault))
    assert rows(opened()) == ["AAPL", "IBM"]
    live = opened("Symbol", symbol="IBM")
    assert said in words(live) and live.get("plotly_chart")
    year = opened("Symbol", symbol="IBM", range="1Y")
    assert said in words(year) and "No bars yet" in words(year) and not year.get("plotly_chart")


def test_a_warehouse_that_keeps_us_waiting_is_said(desk):
    well(desk)
    desk.history.answers["bars_1min"] = Picture(BARS, 90.0, True, None, 12.0)
    said = words(opened("Symbol", symbol="IBM"))
    assert "has not answered for 12 s (it may be waking up): live prices go on" in said and "What is shown was read 1 min ago" in said


def test_no_bars_is_said_and_why(desk):
    well(desk)
    desk.history.answers["bars_1d"] = Picture(bar_table([]), 1.0, False, None)
    assert "The warehouse has no bars of IBM for 1Y" in words(opened("Symbol", symbol="IBM", range="1Y"))


DAYS = [NOW - timedelta(days=number) for number in range(40)]
FETCHED = NOW - timedelta(days=3)


@pytest.mark.parametrize(
    ("adjusted", "of_symbol", "of_compare"),
    [
        pytest.param([], "as traded: a split is a jump", "as traded, where a split is a jump: IBM", id="as traded"),
        pytest.param([FETCHED] * 40, ", split-adjusted as of 20 Nov 2026", "split-adjusted", id="adjusted"),
        pytest.param(
            [None, *[NOW] * 9, *[FETCHED] * 30], "39 of 40 days split-adjusted as of 20 Nov 2026, the others as traded", "split-adjusted", id="both"
        ),
    ],
)
def test_daily_bars_say_whose_shares_they_are_in(desk, adjusted, of_symbol, of_compare):
    well(desk)
    desk.history.answers["bars_1d"] = Picture(bar_table(DAYS, adjusted=adjusted), 1.0, False, None)
    assert of_symbol in words(opened("Symbol", symbol="IBM", range="6M"))
    assert of_compare in words(opened("Compare", symbols="IBM", span="6M"))


def test_what_is_wrong_stands_first(desk):
    well(desk)
    desk.store.status(audit(42, complete=False, findings=("gap 3..5 between o3 and o6",)))
    assert "The three stages do not hold the same records: gap 3..5" in words(opened("Pipeline"))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param({"symbol": "IBM", "range": "5D", "lines": "MA 20"}, {"symbol": "IBM", "range": "5D", "lines": ["MA 20"]}, id="as asked"),
        pytest.param({"symbol": "<script>", "range": "9Z", "lines": "x"}, {"symbol": "AAPL", "range": "1D", "lines": []}, id="nonsense"),
        pytest.param({"symbol": "zzz"}, {"symbol": "AAPL", "range": "1D", "lines": ["VWAP"]}, id="lower case is no symbol"),
        pytest.param({"symbol": "ZZZ"}, {"symbol": "ZZZ", "range": "1D", "lines": ["VWAP"]}, id="a symbol that nobody knows"),
    ],
)
def test_the_address_says_what_is_shown(desk, address, shown):
    well(desk)
    test = opened("Symbol", **address)
    assert {name: test.session_state[name] for name in shown} == shown


def test_a_choice_goes_into_the_address(desk):
    well(desk)
    test = opened("Symbol", symbol="IBM")
    test.selectbox(key="symbol").select("AAPL").run()
    assert test.query_params["symbol"] in ("AAPL", ["AAPL"])


def test_a_refresh_acts_for_no_person(desk):
    well(desk)
    test = opened("Symbol", symbol="IBM")
    # The first goes out beside the question for the symbols, the second waits for the paint.
    assert [acted for query, acted in desk.history.asked if query.view == "bars_1min"] == [False, True]
    test.run()
    assert [acted for query, acted in desk.history.asked if query.view == "bars_1min"] == [False, True] * 2
    assert not any(acted for query, acted in desk.history.asked if query.view == "latest")


def test_the_warehouse_s_time_today_is_money(desk):
    well(desk)
    assert "at least 1.000 credits, about $2.00 (X-SMALL)" in words(opened("Pipeline"))


def test_text_from_outside_is_escaped(desk):
    well(desk)
    desk.store.status(producer(fault="<img src=x>"))
    assert "<img" not in words(opened("Pipeline"))

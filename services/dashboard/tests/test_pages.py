"""Each page in each state, as Streamlit runs it, with a store and a history that the test has filled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import well
from drawn import PAGES, opened, rows, words
from samples import BARS, LATEST, NOW, audit, bar_table, producer

from stock_dashboard.history.cache import Result


def test_well(desk):
    well(desk)
    assert rows(opened()) == ["AAPL", "IBM", "OLD"]
    symbol = opened("Symbol", symbol="IBM")
    assert symbol.get("plotly_chart")
    assert "101.50" in words(symbol) and "+1.50" in words(symbol)
    assert "Complete: Kafka, S3 and Snowflake hold the same 42 records (quotes, alerts, bars);" in words(
        opened("Pipeline")
    )
    assert "SIMULATED" not in words(opened())


@pytest.mark.parametrize("page", PAGES)
def test_simulated_data_are_labelled_on_every_page(desk, page):
    well(desk)
    desk.store.status(producer(source="simulated"))
    assert "SIMULATED DATA" in words(opened(page))


def test_simulated_history_is_labelled_while_kafka_is_away(desk):
    desk.down(60)
    table = LATEST.set_column(LATEST.column_names.index("source"), "source", [["simulated"]])
    desk.history.answers["latest"] = Result(table, 3.0, False, None)
    assert rows(opened()) == ["OLD"]
    assert "SIMULATED DATA" in words(opened())


@pytest.mark.parametrize("page", PAGES)
def test_nothing_at_all_yet(desk, page):
    shown = words(opened(page))
    assert any(part in shown for part in ("Connecting", "No symbol yet", "has not reported"))


def test_first_start_without_a_producer(desk):
    desk.up()
    assert "the producer has not reported" in words(opened())


def test_closed_market_says_when_it_opens_in_both_times(desk):
    well(desk)
    desk.store.status(producer(is_open=False))
    desk.now = NOW + timedelta(hours=8)
    shown = words(opened())
    assert "XNYS closed" in shown
    assert "opens Tue 24 Nov, 09:30 EST (14:30 UTC for you)" in shown


def test_stale_names_how_long_and_which_stage(desk):
    well(desk)
    desk.now = NOW + timedelta(minutes=4)
    for at, state, who in (
        (desk.now, {}, "the producer is at work, its source gives nothing new."),
        (desk.now, {"outbox": 1_200}, "the producer keeps 1,200 that Kafka does not take."),
        (desk.now - timedelta(seconds=80), {}, "the producer has not reported for 1 min."),
    ):
        desk.store.status(producer(at=at, **state))
        expected = f"No quote has come for 4 min although the market is open: {who}"
        assert expected in words(opened()) and expected in words(opened("Pipeline"))


def test_neither_answers(desk):
    desk.down(42)
    desk.history.answers = dict.fromkeys(("latest", "bars_1min"), Result(None, None, False, "unavailable"))
    for page in ("Live", "Symbol"):
        shown = words(opened(page, symbol="IBM"))
        assert (
            "Kafka has not answered for 42 s" in shown
            and "The warehouse does not answer either: history is tried again by itself." in shown
        )
        assert "go on" not in shown.replace("goes on", "")


def test_kafka_down_history_goes_on(desk):
    well(desk)
    desk.down(42)
    assert "Kafka has not answered for 42 s" in words(opened())
    assert rows(opened()) == ["AAPL", "IBM", "OLD"]
    symbol = opened("Symbol", symbol="IBM")
    assert symbol.get("plotly_chart") and "Kafka has not answered for 42 s" in words(symbol)
    assert "Kafka has not answered" in words(opened("Pipeline"))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("unavailable", "does not answer"),
        ("denied", "does not let the dashboard read"),
        ("refused", "another version"),
        ("suspended", "has suspended the account"),
    ],
)
def test_warehouse_down_or_closed_to_us_live_goes_on(desk, fault, expected):
    well(desk)
    desk.history.answers = dict.fromkeys(("bars_1min", "bars_1d", "latest"), Result(None, None, False, fault))
    assert rows(opened()) == ["AAPL", "IBM"]
    live = opened("Symbol", symbol="IBM")
    assert expected in words(live) and live.get("plotly_chart")
    year = opened("Symbol", symbol="IBM", range="1Y")
    assert expected in words(year) and "No bars yet" in words(year) and not year.get("plotly_chart")


def test_a_slow_warehouse_is_named(desk):
    well(desk)
    desk.history.answers["bars_1min"] = Result(BARS, 90.0, True, None, 12.0)
    shown = words(opened("Symbol", symbol="IBM"))
    assert (
        "has not answered for 12 s (it may be waking up): live prices go on" in shown
        and "What is shown was read 1 min ago" in shown
    )


def test_a_page_without_bars_says_why(desk):
    well(desk)
    desk.history.answers["bars_1d"] = Result(bar_table([]), 1.0, False, None)
    assert "The warehouse has no bars of IBM for 1Y" in words(opened("Symbol", symbol="IBM", range="1Y"))


DAYS = [NOW - timedelta(days=number) for number in range(40)]
FETCHED = NOW - timedelta(days=3)


@pytest.mark.parametrize(
    ("adjusted", "of_symbol", "of_compare"),
    [
        pytest.param(
            [],
            "as traded, not adjusted for splits",
            "as traded, not adjusted for splits: IBM",
            id="as traded",
        ),
        pytest.param([FETCHED] * 40, ", split-adjusted as of 20 Nov 2026", "split-adjusted", id="adjusted"),
        pytest.param(
            [None, *[NOW] * 9, *[FETCHED] * 30],
            "39 of 40 days split-adjusted as of 20 Nov 2026, the others as traded",
            "split-adjusted",
            id="both",
        ),
    ],
)
def test_daily_bars_say_whose_shares_they_are_in(desk, adjusted, of_symbol, of_compare):
    well(desk)
    desk.history.answers["bars_1d"] = Result(bar_table(DAYS, adjusted=adjusted), 1.0, False, None)
    assert of_symbol in words(opened("Symbol", symbol="IBM", range="6M"))
    assert of_compare in words(opened("Compare", symbols="IBM", span="6M"))


def test_what_is_wrong_stands_first(desk):
    well(desk)
    desk.store.status(audit(42, complete=False, findings=("gap 3..5 between o3 and o6",)))
    assert "The three stages do not hold the same records: gap 3..5" in words(opened("Pipeline"))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param(
            {"symbol": "IBM", "range": "5D", "lines": "MA 20"},
            {"symbol": "IBM", "range": "5D", "lines": ["MA 20"]},
            id="as asked",
        ),
        pytest.param(
            {"symbol": "<script>", "range": "9Z", "lines": "x"},
            {"symbol": None, "range": "1D", "lines": []},
            id="nonsense",
        ),
        pytest.param(
            {"symbol": "ibm", "range": "5d", "lines": "ma 20,VWAP"},
            {"symbol": "IBM", "range": "5D", "lines": ["MA 20", "VWAP"]},
            id="in lower case",
        ),
        pytest.param(
            {"symbol": "ZZZ"},
            {"symbol": None, "range": "1D", "lines": ["VWAP"]},
            id="a symbol that nobody knows",
        ),
    ],
)
def test_the_address_says_what_is_shown(desk, address, shown):
    well(desk)
    test = opened("Symbol", **address)
    assert {name: test.session_state[name] for name in shown} == shown


def test_an_address_with_a_random_symbol_asks_the_warehouse_nothing(desk):
    well(desk)
    for number in range(40):
        shown = words(opened("Symbol", symbol=f"RANDOM{number}"))
        assert f"No quote of RANDOM{number}</b><span>Choose a symbol that has quotes." in shown
    assert not [query for query, _ in desk.history.asked if "RANDOM" in str(query.params)]


def test_a_part_that_cannot_be_drawn_costs_no_other(desk, monkeypatch):
    well(desk)
    monkeypatch.setattr("stock_dashboard.pages.symbol.price_chart", lambda *_: 1 / 0)
    test = opened("Symbol", symbol="IBM")
    assert "This part could not be drawn" in words(test)
    assert test.selectbox(key="symbol").value == "IBM"
    assert not test.exception


def test_a_choice_goes_into_the_address(desk):
    well(desk)
    test = opened("Symbol", symbol="IBM")
    test.selectbox(key="symbol").select("AAPL").run()
    assert test.query_params["symbol"] in ("AAPL", ["AAPL"])


def test_a_refresh_acts_for_no_person(desk):
    well(desk)
    test = opened("Symbol", symbol="IBM")
    # The first goes out beside the question for the symbols, the second waits for the paint.
    assert [user_opened for query, user_opened in desk.history.asked if query.view == "bars_1min"] == [
        False,
        True,
    ]
    test.run()
    assert [user_opened for query, user_opened in desk.history.asked if query.view == "bars_1min"] == [
        False,
        True,
    ] * 2
    assert not any(user_opened for query, user_opened in desk.history.asked if query.view == "latest")


def test_the_warehouse_s_time_today_is_money(desk):
    well(desk)
    cost = "at least 1.000 credits, about $2.00 (X-SMALL)"
    assert f"<p>{cost}" in words(opened("Pipeline"))
    desk.store.status(producer(source="simulated"))
    assert f"<p>would have cost {cost}" in words(opened("Pipeline"))


def test_text_from_outside_is_escaped(desk):
    well(desk)
    desk.store.status(producer(fault="<img src=x>"))
    assert "<img" not in words(opened("Pipeline"))

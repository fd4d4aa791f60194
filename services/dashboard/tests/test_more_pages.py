"""Compare, Movers, Alerts, groups and files, as Streamlit runs them."""

from __future__ import annotations

from datetime import timedelta
from html import escape

import pytest
from desk import well
from drawn import opened, rows, tables, words
from samples import LATEST, NOW, alert, bar_table, loader, quote, stored

from stock_dashboard.data import runtime
from stock_dashboard.data.alerts import RULES
from stock_dashboard.history.cache import Result


def test_compare_draws_a_line_a_symbol_and_says_what_100_is(desk):
    well(desk)
    test = opened("Compare", symbols="AAPL,IBM", span="5D")
    assert test.get("plotly_chart")
    assert "100 is the close of Mon 23" in words(test)
    assert {query.params[0] for query, _ in desk.history.asked if query.view == "bars_5min"} == {
        "AAPL",
        "IBM",
    }


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        pytest.param({"symbols": "IBM"}, ["IBM"], id="one"),
        pytest.param(
            {"symbols": ",".join(f"S{n}" for n in range(12))}, [f"S{n}" for n in range(10)], id="ten at most"
        ),
        pytest.param({"symbols": "IBM,IBM,<b>"}, ["IBM"], id="twice, and no symbol"),
        pytest.param({}, ["AAPL", "IBM", "OLD"], id="the first ones"),
    ],
)
def test_compare_follows_the_address(desk, asked, shown):
    well(desk)
    assert opened("Compare", **asked).session_state["symbols"] == shown


def test_compare_asks_the_warehouse_for_no_symbol_without_a_quote(desk):
    well(desk)
    shown = words(opened("Compare", symbols="IBM,RANDOM1,RANDOM2"))
    assert "No quote of RANDOM1, RANDOM2 has come yet." in shown and "Since first bar" in shown
    assert "No quote of RANDOM3 yet" in words(opened("Compare", symbols="RANDOM3"))
    assert not [query for query, _ in desk.history.asked if "RANDOM" in str(query.params)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("unavailable", "does not answer"),
        ("denied", "does not let the dashboard read"),
        ("refused", "another version"),
        ("suspended", "has suspended the account"),
    ],
)
def test_the_warehouse_is_down_on_the_new_pages(desk, fault, expected):
    well(desk)
    desk.history.answers = dict.fromkeys(("bars_1d", "latest", "alerts"), Result(None, None, False, fault))
    compare = words(opened("Compare", symbols="IBM", span="1Y"))
    assert expected in compare and "No bars yet" in compare
    assert [table["label"] for table in tables(opened("Movers"))] == ["Gainers", "Losers", "Most active"]
    alerts = words(opened("Alerts"))
    assert expected in alerts and "No alert of late" in alerts


DAYS = [NOW - timedelta(days=number) for number in range(5)]


@pytest.mark.parametrize(
    ("days", "address", "span"),
    [
        pytest.param(DAYS, {}, "6M", id="five days"),
        pytest.param(DAYS[:4], {}, "1D", id="four days"),
        pytest.param([], {}, "1D", id="no day"),
        pytest.param(None, {}, "6M", id="no answer"),
        pytest.param(DAYS[:1], {"span": "6M"}, "6M", id="as asked"),
    ],
)
def test_compare_begins_with_a_range_that_the_data_fill(desk, days, address, span):
    well(desk)
    table = None if days is None else bar_table(days)
    desk.history.answers["bars_1d"] = Result(table, 1.0, False, None)
    test = opened("Compare", symbols="AAPL,IBM", **address)
    test.run()
    assert test.session_state["span"] == span
    test.session_state["span"] = "5D"
    test.run()
    assert test.session_state["span"] == "5D" and test.query_params["span"] in ("5D", ["5D"])


def test_kafka_is_down_on_the_new_pages(desk):
    well(desk)
    desk.down(42)
    desk.history.answers["alerts"] = Result(stored(alert()), 3.0, False, None)
    for page in ("Compare", "Movers", "Alerts"):
        test = opened(page)
        assert "Kafka has not answered for 42 s" in words(test)
        assert test.get("plotly_chart") or tables(test)


def test_movers(desk):
    well(desk)
    desk.feed(quote("UP", price="120", volume=1), quote("DOWN", price="80", volume=10**9))
    gainers, losers, active = tables(opened("Movers"))
    assert [row["symbol"] for row in gainers["rows"]] == ["UP", "OLD", "AAPL", "IBM"]
    assert [row["symbol"] for row in losers["rows"]] == ["DOWN"]
    assert active["rows"][0]["symbol"] == "DOWN"


def test_alerts_of_both_sources_once_with_what_happened_since(desk):
    well(desk)
    desk.store.alert(alert(1))
    desk.history.answers["alerts"] = Result(
        stored(alert(1), alert(2, "AAPL", "203", rule="gap")), 3.0, False, None
    )
    (table,) = tables(opened("Alerts"))
    assert [(row["symbol"], round(row["since"], 2)) for row in table["rows"]] == [
        ("IBM", 1.5),
        ("AAPL", -50.0),
    ]
    assert rows(opened("Alerts", rule="gap")) == ["AAPL"]
    assert rows(opened("Alerts", rule="nonsense")) == ["IBM", "AAPL"]


def test_alerts_of_the_warehouse_are_on_the_chart(desk):
    well(desk)
    desk.history.answers["alerts"] = Result(stored(alert(40)), 3.0, False, None)
    assert "IBM has moved" in opened("Symbol", symbol="IBM").get("plotly_chart")[0].proto.spec


@pytest.mark.parametrize("rule", ["move", "move-within", "price", "volume-spike", "silence"])
def test_each_rule_is_explained_where_it_has_raised_an_alert(desk, rule):
    well(desk)
    explained = escape(f"{rule}: {RULES[rule]}")
    assert explained not in words(opened("Alerts"))
    desk.store.alert(alert(rule=rule))
    assert explained in words(opened("Alerts"))


@pytest.mark.parametrize("page", ["Live", "Alerts"])
@pytest.mark.parametrize("column", ["reach", "spark", "swing", "nonsense"])
def test_a_sort_that_has_no_value_keeps_every_row(desk, page, column):
    well(desk)
    desk.store.alert(alert())
    assert len(rows(opened(page, sort=f"{column}:desc"))) == (3 if page == "Live" else 1)


def test_a_page_without_alerts_says_why(desk):
    well(desk)
    assert "No rule has raised an alert" in words(opened("Alerts"))


def test_a_refresh_of_alerts_asks_for_no_person(desk):
    well(desk)
    opened("Alerts")
    assert [user_opened for query, user_opened in desk.history.asked if query.view == "alerts"] == [
        True,
        False,
    ]


@pytest.mark.parametrize("page", ["Live", "Symbol", "Compare", "Movers", "Alerts"])
def test_first_start_with_an_empty_warehouse(desk, page):
    desk.up()
    desk.history.answers = {
        "latest": Result(LATEST.slice(0, 0), 1.0, False, None),
        "alerts": Result(stored(alert()).slice(0, 0), 1.0, False, None),
        "bars_1d": Result(bar_table([]), 1.0, False, None),
    }
    test = opened(page, symbols="IBM")
    assert any(
        part in words(test)
        for part in (
            "No quote yet",
            "No symbol yet",
            "No quote of IBM yet",
            "has no bars of IBM",
            "No alert yet",
        )
    )
    assert tables(test) == []


def test_groups_on_live(desk):
    well(desk)
    runtime.install(desk.runtime._replace(groups=(("Tech", ("AAPL",)), ("Nobody", ("NONE",)))))
    assert rows(opened(group="Tech")) == ["AAPL"]
    assert rows(opened(group="Nobody")) == ["AAPL", "IBM", "OLD"]
    test = opened()
    assert [pill.label for pill in test.get("pills") or test.get("button_group")] != []


@pytest.mark.parametrize("page", ["Live", "Symbol", "Compare", "Movers", "Alerts", "Pipeline"])
def test_every_page_has_its_files(desk, page):
    well(desk)
    assert [button.proto.label for button in opened(page).get("download_button")] == ["CSV", "Parquet"]


REFUSED = (
    "unavailable: HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /queries?requestId=1"
)


@pytest.mark.parametrize(
    ("page", "view"), [("Symbol", "bars_1min"), ("Compare", "bars_1d"), ("Alerts", "alerts")]
)
def test_an_open_page_says_that_nothing_new_is_loaded(desk, page, view):
    well(desk)
    desk.history.answers[view] = desk.history.answers.get(
        view, Result(stored(alert()), 3.0, False, None)
    )._replace(age=80.0)
    desk.store.status(loader(41, fault=REFUSED))
    shown = words(opened(page, symbol="IBM", symbols="IBM", span="6M"))
    assert "The history shown was read 1 min ago." in shown
    assert "ago. The loader reports: what it reads from or writes to does not answer" in shown
    assert "HTTPConnectionPool" not in shown


def test_numbers_of_one_moment_do_not_contradict_each_other(desk):
    """Records on the way are between the offsets beside them, whatever the last audit counted."""
    well(desk)
    desk.store.end("stock-data", 0, 60)
    shown = words(opened("Pipeline"))
    row = "".join(f'<td class=" ">{cell}</td>' for cell in ("59", "41", "now", "41", "now", "18", "0"))
    assert row in shown
    assert "Quotes in" in shown and "60 quotes" in shown and "42 quotes, 18 to come" in shown


@pytest.mark.parametrize("page", ["Symbol", "Compare"])
def test_a_chart_says_that_it_is_being_loaded(desk, page):
    well(desk)
    assert "Loading the chart" in words(opened(page, symbol="IBM", symbols="IBM"))

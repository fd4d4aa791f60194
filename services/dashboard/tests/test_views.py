"""Compare, Movers, Alerts, groups and files, as Streamlit runs them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from conftest import LATEST, NOW, bar_table, loader, quote
from test_pages import opened, rows, tables, well, words

from stock_common.records import Alert
from stock_dashboard import queries, runtime
from stock_dashboard.history import Picture


def alert(number: int = 1, symbol: str = "IBM", price: str = "100", **changes: object) -> Alert:
    fields: dict = {
        "alert_id": str(uuid.UUID(int=number)), "rule": "move", "symbol": symbol, "price": Decimal(price), "severity": "warning",
        "triggered_at": NOW - timedelta(minutes=number), "event_id": str(uuid.UUID(int=0)), "message": f"{symbol} has moved",
    }  # fmt: skip
    return Alert(**(fields | changes))


def stored(*alerts: Alert) -> pa.Table:
    return pa.Table.from_pylist([{name: getattr(item, name) for name in queries.ALERT_COLUMNS} for item in alerts])


def test_compare_draws_a_line_a_symbol_and_says_what_100_is(desk):
    well(desk)
    test = opened("Compare", symbols="AAPL,IBM", span="5D")
    assert test.get("plotly_chart")
    assert "100 is the close of Mon 23" in words(test)
    assert {query.params[0] for query, _ in desk.history.asked if query.view == "bars_5min"} == {"AAPL", "IBM"}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        pytest.param({"symbols": "IBM"}, ["IBM"], id="one"),
        pytest.param({"symbols": ",".join(f"S{n}" for n in range(12))}, [f"S{n}" for n in range(10)], id="ten at most"),
        pytest.param({"symbols": "IBM,IBM,<b>"}, ["IBM"], id="twice, and no symbol"),
        pytest.param({}, ["AAPL", "IBM", "OLD"], id="the first ones"),
    ],
)
def test_compare_follows_the_address(desk, asked, shown):
    well(desk)
    assert opened("Compare", **asked).session_state["symbols"] == shown


@pytest.mark.parametrize(
    ("fault", "said"), [("unavailable", "does not answer"), ("denied", "does not let the dashboard read"), ("refused", "another version")]
)
def test_the_warehouse_is_down_on_the_new_pages(desk, fault, said):
    well(desk)
    desk.history.answers = dict.fromkeys(("bars_1d", "latest", "alerts"), Picture(None, None, False, fault))
    compare = words(opened("Compare", symbols="IBM", span="1Y"))
    assert said in compare and "No bars yet" in compare
    assert [table["label"] for table in tables(opened("Movers"))] == ["Gainers", "Losers", "Most active"]
    alerts = words(opened("Alerts"))
    assert said in alerts and "No alert of late" in alerts


def test_kafka_is_down_on_the_new_pages(desk):
    well(desk)
    desk.down(42)
    desk.history.answers["alerts"] = Picture(stored(alert()), 3.0, False, None)
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
    desk.history.answers["alerts"] = Picture(stored(alert(1), alert(2, "AAPL", "203", rule="gap")), 3.0, False, None)
    (table,) = tables(opened("Alerts"))
    assert [(row["symbol"], round(row["since"], 2)) for row in table["rows"]] == [("IBM", 1.5), ("AAPL", -50.0)]
    assert rows(opened("Alerts", rule="gap")) == ["AAPL"]
    assert rows(opened("Alerts", rule="nonsense")) == ["IBM", "AAPL"]


def test_alerts_of_the_warehouse_are_on_the_chart(desk):
    well(desk)
    desk.history.answers["alerts"] = Picture(stored(alert(40)), 3.0, False, None)
    assert "IBM has moved" in opened("Symbol", symbol="IBM").get("plotly_chart")[0].proto.spec


def test_no_alert_is_said(desk):
    well(desk)
    assert "No rule has raised an alert" in words(opened("Alerts"))


def test_a_refresh_of_alerts_asks_for_no_person(desk):
    well(desk)
    opened("Alerts")
    assert [acted for query, acted in desk.history.asked if query.view == "alerts"] == [True, False]


@pytest.mark.parametrize("page", ["Live", "Symbol", "Compare", "Movers", "Alerts"])
def test_first_start_with_an_empty_warehouse(desk, page):
    desk.up()
    desk.history.answers = {
        "latest": Picture(LATEST.slice(0, 0), 1.0, False, None),
        "alerts": Picture(stored(alert()).slice(0, 0), 1.0, False, None),
        "bars_1d": Picture(bar_table([]), 1.0, False, None),
    }
    test = opened(page, symbols="IBM")
    assert any(part in words(test) for part in ("No quote yet", "No symbol yet", "has no bars of IBM", "No alert yet"))
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


REFUSED = "unavailable: HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /queries?requestId=1"


@pytest.mark.parametrize(("page", "view"), [("Symbol", "bars_1min"), ("Compare", "bars_1d"), ("Alerts", "alerts")])
def test_an_open_page_says_that_nothing_new_is_loaded(desk, page, view):
    well(desk)
    desk.history.answers[view] = desk.history.answers.get(view, Picture(stored(alert()), 3.0, False, None))._replace(age=80.0)
    desk.store.status(loader(41, fault=REFUSED))
    said = words(opened(page, symbol="IBM", symbols="IBM"))
    assert "The history shown was read 80 s ago. The loader reports: what it writes to or reads from does not answer" in said
    assert "HTTPConnectionPool" not in said

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from support.bodies import daily
from support.world import START

from stock_producer.records import bar as record
from stock_producer.records import newest, split_adjusted
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.base import Request
from stock_producer.vendor.kinds import Kind, Refusal

IBM = ("IBM",)
ROW = {"1. open": "10.0", "2. high": "12.0", "3. low": "9.0", "4. close": "11.0"}


def adjusted(rows: dict[str, tuple[str, str]]) -> bytes:
    """Day → (close, split coefficient)."""
    series = {
        day: ROW
        | {
            "4. close": close,
            "5. adjusted close": "1",
            "6. volume": "100",
            "7. dividend amount": "0",
            "8. split coefficient": split,
        }
        for day, (close, split) in rows.items()
    }
    return json.dumps({"Meta Data": {"5. Time Zone": "US/Eastern"}, "Time Series (Daily)": series}).encode()


def test_intraday_stamps_are_new_yorks_over_the_change_of_clocks() -> None:
    series = {
        "2026-11-02 09:30:00": ROW | {"5. volume": "7"},
        "2026-10-30 15:55:00": ROW | {"5. volume": "8"},
    }
    body = json.dumps({"Meta Data": {"6. Time Zone": "US/Eastern"}, "Time Series (5min)": series}).encode()
    found = bars(Request(Endpoint.INTRADAY, IBM, (("interval", "5min"),)), body)
    assert [(bar.interval, bar.starts_at, bar.volume) for bar in found] == [
        ("5min", datetime(2026, 10, 30, 19, 55, tzinfo=UTC), 8),
        ("5min", datetime(2026, 11, 2, 14, 30, tzinfo=UTC), 7),
    ]


def test_a_split_of_two_for_one() -> None:
    found = bars(
        Request(Endpoint.DAILY_ADJUSTED, IBM),
        adjusted({"2026-11-20": ("52", "2.0"), "2026-11-19": ("100", "1.0"), "2026-11-18": ("98", "1.0")}),
    )
    assert [bar.close for bar in found] == [98, 100, 52]
    view = split_adjusted(found)
    assert [(bar.close, bar.volume) for bar in view] == [(49, 200), (50, 200), (52, 100)]
    assert newest(found).previous_close == 50


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param({"Error Message": "Invalid API call. Please retry"}, Kind.SYMBOL, id="unknown symbol"),
        pytest.param(
            {"Information": "The outputsize=full parameter value is a premium feature"},
            Kind.PREMIUM,
            id="premium",
        ),
        pytest.param({"Meta Data": {}}, Kind.UNREADABLE, id="no series"),
        pytest.param(
            {"Time Series (Daily)": {"2026-11-20": {"1. open": "-"}, "x": {}}},
            Kind.UNREADABLE,
            id="no row can be read",
        ),
        pytest.param({"Time Series (Daily)": {}}, Kind.UNREADABLE, id="empty"),
    ],
)
def test_refusals(body: Any, kind: Kind) -> None:
    with pytest.raises(Refusal) as refused:
        bars(Request(Endpoint.DAILY, IBM), json.dumps(body).encode())
    assert refused.value.kind is kind


def test_a_row_that_cannot_be_read_is_left_out() -> None:
    body = json.loads(daily("IBM"))
    body["Time Series (Daily)"]["2026-11-19"]["4. close"] = "None"
    assert [bar.starts_at.day for bar in bars(Request(Endpoint.DAILY, IBM), json.dumps(body).encode())] == [
        18,
        20,
    ]


@pytest.mark.parametrize(
    ("endpoint", "change"),
    [
        pytest.param(Endpoint.DAILY, {"Meta Data": {"2. Symbol": "MSFT"}}, id="another symbol"),
        pytest.param(Endpoint.DAILY, {"key": "Time Series (5min)"}, id="another interval"),
        pytest.param(Endpoint.INTRADAY, {}, id="days for minutes"),
        pytest.param(Endpoint.INTRADAY, {"key": "Time Series (15min)"}, id="15 minutes for 5"),
    ],
)
def test_an_answer_is_taken_only_as_what_it_says_it_is(endpoint: Endpoint, change: dict[str, Any]) -> None:
    body = json.loads(daily("IBM"))
    rows = body.pop("Time Series (Daily)")
    body[change.get("key", "Time Series (Daily)")] = rows
    body |= {"Meta Data": change.get("Meta Data", body["Meta Data"])}
    with pytest.raises(Refusal, match="asked for"):
        bars(Request(endpoint, IBM, (("interval", "5min"),)), json.dumps(body).encode())


def test_a_share_class_may_be_written_otherwise() -> None:
    assert bars(Request(Endpoint.DAILY, ("BRK.B",)), daily("BRK-B"))


def test_what_cannot_be_read_is_noted() -> None:
    body, noted = json.loads(daily("IBM")), []
    body["Time Series (Daily)"]["2026-11-19"]["4. close"] = "None"
    body["Time Series (Daily)"]["2026-11-20"]["5. volume"] = "many"
    found = bars(Request(Endpoint.DAILY, IBM), json.dumps(body).encode(), noted.append)
    assert [(bar.starts_at.day, bar.volume) for bar in found][-1] == (20, None)
    assert len(found) == len(noted) == 2


@pytest.mark.parametrize(
    ("close", "split"),
    [pytest.param("52", "two", id="the split"), pytest.param("-", "2.0", id="the row with the split")],
)
def test_a_split_that_cannot_be_read_leaves_the_series_as_traded(close: str, split: str) -> None:
    noted: list[str] = []
    rows = {"2026-11-20": ("52", "1.0"), "2026-11-19": (close, split), "2026-11-18": ("98", "1.0")}
    found = bars(Request(Endpoint.DAILY_ADJUSTED, IBM), adjusted(rows), noted.append)
    assert {bar.split for bar in found} == {None}
    assert noted


def test_the_same_bar_is_the_same_event_and_a_corrected_one_is_new() -> None:
    plain = bars(Request(Endpoint.DAILY, IBM), daily("IBM", count=1))[0]
    later = START.replace(year=2027)
    again = record(plain._replace(close=Decimal(f"{plain.close}00")), "alphavantage", later)
    assert record(plain, "alphavantage", START).event_id == again.event_id
    others = [
        record(plain._replace(close=Decimal(1)), "alphavantage", START),
        record(plain, "simulated", START),
        record(plain, "alphavantage", START, adjusted=True),
    ]
    assert len({again.event_id, *(bar.event_id for bar in others)}) == 4

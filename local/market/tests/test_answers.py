"""Shapes and texts, compared with the vendor's."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

FOUR = re.compile(r"-?[0-9]+\.[0-9]{4}")
STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
QUOTE_KEYS = [
    "01. symbol", "02. open", "03. high", "04. low", "05. price", "06. volume",
    "07. latest trading day", "08. previous close", "09. change", "10. change percent",
]  # fmt: skip
BULK_KEYS = [
    "symbol", "timestamp", "open", "high", "low", "close", "volume", "previous_close", "change", "change_percent",
    "extended_hours_quote", "extended_hours_change", "extended_hours_change_percent",
]  # fmt: skip
OHLCV = ["1. open", "2. high", "3. low", "4. close", "5. volume"]


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


@pytest.mark.parametrize(
    ("function", "params"),
    [
        ("GLOBAL_QUOTE", {"symbol": "IBM"}),
        ("REALTIME_BULK_QUOTES", {"symbol": "IBM,MSFT"}),
        ("TIME_SERIES_INTRADAY", {"symbol": "IBM", "interval": "5min"}),
        ("TIME_SERIES_DAILY", {"symbol": "IBM"}),
        ("TIME_SERIES_DAILY_ADJUSTED", {"symbol": "IBM"}),
        ("MARKET_STATUS", {}),
        ("SYMBOL_SEARCH", {"keywords": "tesla"}),
    ],
)
def test_every_value_is_a_string(new_bench: Callable[..., Any], function: str, params: dict[str, str]) -> None:
    found = leaves(new_bench().ask(function, **params))
    assert found
    assert all(isinstance(leaf, str) for leaf in found)


@pytest.mark.parametrize(
    ("entitlement", "key"),
    [("", "Global Quote"), ("realtime", "Global Quote"), ("delayed", "Global Quote - DATA DELAYED BY 15 MINUTES")],
)
def test_global_quote(new_bench: Callable[..., Any], entitlement: str, key: str) -> None:
    answer = new_bench().ask("GLOBAL_QUOTE", symbol="ibm", entitlement=entitlement)
    assert list(answer) == [key]
    quote = answer[key]
    assert list(quote) == QUOTE_KEYS
    assert quote["01. symbol"] == "IBM"
    assert all(FOUR.fullmatch(quote[name]) for name in ("02. open", "03. high", "04. low", "05. price", "08. previous close", "09. change"))
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{4}%", quote["10. change percent"])
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", quote["07. latest trading day"])


def test_global_quote_as_csv(new_bench: Callable[..., Any]) -> None:
    text = new_bench().text("GLOBAL_QUOTE", symbol="IBM", datatype="csv")
    header, row, rest = text.split("\r\n")
    assert header == "symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent"
    assert row.split(",") == list(new_bench().ask("GLOBAL_QUOTE", symbol="IBM")["Global Quote"].values())
    assert rest == ""


def test_bulk_quotes(new_bench: Callable[..., Any]) -> None:
    answer = new_bench("XNYS", now="2026-11-24T17:30:00").ask("REALTIME_BULK_QUOTES", symbol="MSFT, aapl,NOPE,TSCO.LON,IBM")
    assert {key: answer[key] for key in ("endpoint", "message")} == {"endpoint": "Realtime Bulk Quotes", "message": "success"}
    assert [row["symbol"] for row in answer["data"]] == ["MSFT", "AAPL", "IBM"]
    for row in answer["data"]:
        assert list(row) == BULK_KEYS
        assert re.fullmatch(STAMP.pattern + r"\.[0-9]{3}", row["timestamp"])
        assert re.fullmatch(r"-?[0-9]+\.[0-9]{1,4}", row["change_percent"])


def test_bulk_quotes_honour_the_first_hundred(new_bench: Callable[..., Any]) -> None:
    symbols = [f"S{n:03}" for n in range(130)]
    rows = new_bench().ask("REALTIME_BULK_QUOTES", symbol=",".join(symbols))["data"]
    assert [row["symbol"] for row in rows] == symbols[:100]


def test_bulk_quotes_as_csv(new_bench: Callable[..., Any]) -> None:
    rows = list(csv.reader(io.StringIO(new_bench().text("REALTIME_BULK_QUOTES", symbol="IBM,MSFT", datatype="csv"))))
    assert rows[0] == BULK_KEYS
    assert [(row[0], len(row)) for row in rows[1:]] == [("IBM", 13), ("MSFT", 13)]


@pytest.mark.parametrize(("interval", "minutes"), [("1min", 1), ("5min", 5), ("15min", 15), ("30min", 30), ("60min", 60)])
def test_intraday(new_bench: Callable[..., Any], interval: str, minutes: int) -> None:
    answer = new_bench().ask("TIME_SERIES_INTRADAY", symbol="IBM", interval=interval, entitlement="realtime")
    series = answer[f"Time Series ({interval})"]
    stamps = list(series)
    assert list(answer) == ["Meta Data", f"Time Series ({interval})"]
    assert answer["Meta Data"] == {
        "1. Information": f"Intraday ({interval}) open, high, low, close prices and volume",
        "2. Symbol": "IBM",
        "3. Last Refreshed": stamps[0],
        "4. Interval": interval,
        "5. Output Size": "Compact",
        "6. Time Zone": "US/Eastern",
    }
    assert len(stamps) == 100
    assert stamps == sorted(stamps, reverse=True)
    assert all(STAMP.fullmatch(stamp) and int(stamp[14:16]) % minutes == 0 for stamp in stamps)
    assert all(list(bar) == OHLCV and all(FOUR.fullmatch(bar[name]) for name in OHLCV[:4]) for bar in series.values())


class Range(NamedTuple):
    params: dict[str, str]
    first: str
    last: str


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Range({"outputsize": "full", "entitlement": "realtime"}, "2026-11-20", "2026-10-22"), id="full is thirty days"),
        pytest.param(Range({"outputsize": "full", "month": "2026-10"}, "2026-10-30", "2026-10-01"), id="a full month"),
        pytest.param(Range({"month": "2009-01"}, "2009-01-30", "2009-01-22"), id="a month, compact"),
    ],
)
def test_intraday_reaches_back(new_bench: Callable[..., Any], case: Range) -> None:
    bench = new_bench("XNYS", now="2026-11-20T22:00:00")
    stamps = list(bench.ask("TIME_SERIES_INTRADAY", symbol="IBM", interval="60min", **case.params)["Time Series (60min)"])
    assert (stamps[0][:10], stamps[-1][:10]) == (case.first, case.last)


def test_daily(new_bench: Callable[..., Any]) -> None:
    answer = new_bench().ask("TIME_SERIES_DAILY", symbol="IBM")
    series = answer["Time Series (Daily)"]
    assert answer["Meta Data"] == {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": "IBM",
        "3. Last Refreshed": "2026-11-23",
        "4. Output Size": "Compact",
        "5. Time Zone": "US/Eastern",
    }
    assert (len(series), next(iter(series))) == (100, "2026-11-23")
    assert all(list(bar) == OHLCV for bar in series.values())
    full = new_bench("XNYS").ask("TIME_SERIES_DAILY", symbol="IBM", outputsize="full")
    assert (full["Meta Data"]["4. Output Size"], list(full["Time Series (Daily)"])[-1]) == ("Full size", "2000-01-03")


def test_daily_adjusted(new_bench: Callable[..., Any]) -> None:
    series = new_bench().ask("TIME_SERIES_DAILY_ADJUSTED", symbol="IBM")["Time Series (Daily)"]
    assert all(list(bar)[4:] == ["5. adjusted close", "6. volume", "7. dividend amount", "8. split coefficient"] for bar in series.values())


@pytest.mark.parametrize(
    ("function", "header"),
    [
        ("TIME_SERIES_INTRADAY", "timestamp,open,high,low,close,volume"),
        ("TIME_SERIES_DAILY", "timestamp,open,high,low,close,volume"),
        ("TIME_SERIES_DAILY_ADJUSTED", "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"),
    ],
)
def test_series_as_csv(new_bench: Callable[..., Any], function: str, header: str) -> None:
    lines = new_bench().text(function, symbol="IBM", interval="5min", datatype="csv").split("\r\n")
    assert (lines[0], len(lines), lines[-1]) == (header, 102, "")


def test_symbol_search(new_bench: Callable[..., Any]) -> None:
    matches = new_bench().ask("SYMBOL_SEARCH", keywords="tesco")["bestMatches"]
    assert matches[0]["1. symbol"] == "TSCO.LON"
    assert list(matches[0])[:3] == ["1. symbol", "2. name", "3. type"]
    assert new_bench().ask("SYMBOL_SEARCH", keywords="IBM")["bestMatches"][0]["9. matchScore"] == "1.0000"
    assert new_bench().ask("SYMBOL_SEARCH", keywords="AAPL")["bestMatches"][0]["7. timezone"] == "UTC-05"
    assert new_bench().ask("SYMBOL_SEARCH", keywords="zzqqxx") == {"bestMatches": []}


INVALID = "Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for {}."
KEY = (
    "the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key). "
    "It should take less than 20 seconds."
)
DEMO = (
    "The **demo** API key is for demo purposes only. Please claim your free API key at (https://www.alphavantage.co/support/#api-key) "
    "to explore our full API offerings. It takes fewer than 20 seconds."
)
PREMIUM = (
    "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans at "
    "https://www.alphavantage.co/premium/ to instantly unlock all premium endpoints"
)
FULL = (
    "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint. "
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly unlock all premium features"
)


class Refusal(NamedTuple):
    function: str
    params: dict[str, str]
    body: dict[str, Any]
    plan: str = "unlimited"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": "invalid"}, {"Error Message": KEY}), id="bad key"),
        pytest.param(Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": ""}, {"Error Message": KEY}), id="no key"),
        pytest.param(Refusal("GLOBAL_QUOTE", {"symbol": "IBM", "apikey": "demo"}, {"Information": DEMO}), id="demo key"),
        pytest.param(Refusal("GLOBAL_QUOT", {}, {"Error Message": "This API function (GLOBAL_QUOT) does not exist."}), id="no such function"),
        pytest.param(Refusal("", {}, {"Error Message": "This API function () does not exist."}), id="no function"),
        pytest.param(Refusal("GLOBAL_QUOTE", {"symbol": "NOPE"}, {"Global Quote": {}}), id="unknown symbol, quote"),
        pytest.param(Refusal("GLOBAL_QUOTE", {}, {"Error Message": INVALID.format("GLOBAL_QUOTE")}), id="no symbol"),
        pytest.param(
            Refusal("TIME_SERIES_DAILY", {"symbol": "NOPE", "datatype": "csv"}, {"Error Message": INVALID.format("TIME_SERIES_DAILY")}),
            id="unknown symbol, series, JSON although csv was asked for",
        ),
        pytest.param(
            Refusal("TIME_SERIES_INTRADAY", {"symbol": "IBM", "interval": "2min"}, {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")}),
            id="no such interval",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "5min", "month": "2026-13"},
                {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")},
            ),
            id="no such month",
        ),
        pytest.param(
            Refusal(
                "TIME_SERIES_INTRADAY",
                {"symbol": "IBM", "interval": "5min", "month": "2027-01"},
                {"Error Message": INVALID.format("TIME_SERIES_INTRADAY")},
            ),
            id="a month to come",
        ),
        pytest.param(Refusal("TIME_SERIES_DAILY", {"symbol": "IBM", "outputsize": "full"}, {"Information": FULL}, "free"), id="premium parameter"),
        pytest.param(Refusal("TIME_SERIES_DAILY_ADJUSTED", {"symbol": "IBM"}, {"Information": PREMIUM}, "free"), id="premium endpoint"),
        pytest.param(Refusal("TIME_SERIES_INTRADAY", {"symbol": "IBM", "interval": "5min"}, {"Information": PREMIUM}, "free"), id="intraday, free"),
        pytest.param(Refusal("REALTIME_BULK_QUOTES", {"symbol": "IBM"}, {"Information": PREMIUM}, "75"), id="bulk, delayed plan"),
    ],
)
def test_refusals(new_bench: Callable[..., Any], case: Refusal) -> None:
    assert json.loads(new_bench(plan=case.plan).text(case.function, **case.params)) == case.body


@pytest.mark.parametrize(
    ("plan", "entitlement", "allowed"),
    [("free", "delayed", False), ("free", "realtime", False), ("75", "delayed", True), ("75", "realtime", False), ("150", "realtime", True)],
)
def test_entitlements_of_the_plans(new_bench: Callable[..., Any], plan: str, entitlement: str, allowed: bool) -> None:
    answer = new_bench(plan=plan).ask("GLOBAL_QUOTE", symbol="IBM", entitlement=entitlement)
    assert ("Information" not in answer) == allowed
    assert allowed or "not yet entitled" in answer["Information"]

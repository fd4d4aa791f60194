"""The shapes of the answers, compared with the vendor's."""

from __future__ import annotations

import csv
import io
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
    "symbol", "timestamp", "open", "high", "low", "close", "volume", "previous_close", "change",
    "change_percent", "extended_hours_quote", "extended_hours_change", "extended_hours_change_percent",
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
def test_every_value_is_a_string(
    new_bench: Callable[..., Any], function: str, params: dict[str, str]
) -> None:
    found = leaves(new_bench().ask(function, **params))
    assert found
    assert all(isinstance(leaf, str) for leaf in found)


@pytest.mark.parametrize(
    ("entitlement", "key"),
    [
        ("", "Global Quote"),
        ("realtime", "Global Quote"),
        ("delayed", "Global Quote - DATA DELAYED BY 15 MINUTES"),
    ],
)
def test_global_quote(new_bench: Callable[..., Any], entitlement: str, key: str) -> None:
    answer = new_bench().ask("GLOBAL_QUOTE", symbol="ibm", entitlement=entitlement)
    assert list(answer) == [key]
    quote = answer[key]
    assert list(quote) == QUOTE_KEYS
    assert quote["01. symbol"] == "IBM"
    assert all(
        FOUR.fullmatch(quote[name])
        for name in ("02. open", "03. high", "04. low", "05. price", "08. previous close", "09. change")
    )
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{4}%", quote["10. change percent"])
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", quote["07. latest trading day"])


def test_global_quote_as_csv(new_bench: Callable[..., Any]) -> None:
    text = new_bench().text("GLOBAL_QUOTE", symbol="IBM", datatype="csv")
    header, row, rest = text.split("\r\n")
    assert header == "symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent"
    assert row.split(",") == list(new_bench().ask("GLOBAL_QUOTE", symbol="IBM")["Global Quote"].values())
    assert rest == ""


def test_bulk_quotes(new_bench: Callable[..., Any]) -> None:
    answer = new_bench("XNYS", now="2026-11-24T17:30:00").ask(
        "REALTIME_BULK_QUOTES", symbol="MSFT, aapl,NOPE,TSCO.LON,IBM"
    )
    assert {key: answer[key] for key in ("endpoint", "message")} == {
        "endpoint": "Realtime Bulk Quotes",
        "message": "success",
    }
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
    rows = list(
        csv.reader(io.StringIO(new_bench().text("REALTIME_BULK_QUOTES", symbol="IBM,MSFT", datatype="csv")))
    )
    assert rows[0] == BULK_KEYS
    assert [(row[0], len(row)) for row in rows[1:]] == [("IBM", 13), ("MSFT", 13)]


@pytest.mark.parametrize(
    ("interval", "minutes"), [("1min", 1), ("5min", 5), ("15min", 15), ("30min", 30), ("60min", 60)]
)
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
    assert all(
        list(bar) == OHLCV and all(FOUR.fullmatch(bar[name]) for name in OHLCV[:4]) for bar in series.values()
    )


class Range(NamedTuple):
    params: dict[str, str]
    first: str
    last: str


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Range({"outputsize": "full", "entitlement": "realtime"}, "2026-11-20", "2026-10-22"),
            id="full is thirty days",
        ),
        pytest.param(
            Range({"outputsize": "full", "month": "2026-10"}, "2026-10-30", "2026-10-01"), id="a full month"
        ),
        pytest.param(Range({"month": "2009-01"}, "2009-01-30", "2009-01-22"), id="a month, compact"),
    ],
)
def test_intraday_reaches_back(new_bench: Callable[..., Any], case: Range) -> None:
    bench = new_bench("XNYS", now="2026-11-20T22:00:00")
    stamps = list(
        bench.ask("TIME_SERIES_INTRADAY", symbol="IBM", interval="60min", **case.params)[
            "Time Series (60min)"
        ]
    )
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
    assert (full["Meta Data"]["4. Output Size"], list(full["Time Series (Daily)"])[-1]) == (
        "Full size",
        "2000-01-03",
    )


def test_daily_adjusted(new_bench: Callable[..., Any]) -> None:
    series = new_bench().ask("TIME_SERIES_DAILY_ADJUSTED", symbol="IBM")["Time Series (Daily)"]
    assert all(
        list(bar)[4:] == ["5. adjusted close", "6. volume", "7. dividend amount", "8. split coefficient"]
        for bar in series.values()
    )


@pytest.mark.parametrize(
    ("function", "header"),
    [
        ("TIME_SERIES_INTRADAY", "timestamp,open,high,low,close,volume"),
        ("TIME_SERIES_DAILY", "timestamp,open,high,low,close,volume"),
        (
            "TIME_SERIES_DAILY_ADJUSTED",
            "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        ),
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

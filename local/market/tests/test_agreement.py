"""All answers of one instant agree, and a later instant never takes anything back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stock_market.clock import NEW_YORK, local
from stock_market.series import COMPACT, INTERVALS

SYMBOLS = st.sampled_from(["AAPL", "FB", "IBM", "NVDA", "SPY", "ZZZ9", "BRK.B"])
# A fortnight with a holiday, a half day, and weekends; the 24-hour calendar has no change of clocks in it.
# It begins its month: TIME_SERIES_INTRADAY answers with the month's days up to the instant.
FIRST = int(datetime(2025, 7, 1, tzinfo=NEW_YORK).timestamp() * 1000)
POST_MARKET_ENDS = 1_795_481_400_208
"""Ten minutes before the end of a post-market. The stamp once went back to the regular session then."""
MINUTES = {"24/7": 1_440, "XNYS": 390}
"""Of a regular session."""
INSTANTS = st.integers(FIRST, FIRST + 15 * 86_400_000 - 1)


def points(series: dict[str, Any]) -> dict[str, dict[str, str]]:
    return next(value for key, value in series.items() if key.startswith("Time Series"))


@pytest.mark.parametrize("calendar", ["24/7", "XNYS"])
@settings(max_examples=60, deadline=None)
@given(instant=INSTANTS, symbol=SYMBOLS, interval=st.sampled_from(list(INTERVALS)))
def test_all_functions_agree(
    new_bench: Callable[..., Any], calendar: str, instant: int, symbol: str, interval: str
) -> None:
    bench = new_bench(calendar)
    bench.instant = instant
    quote = next(iter(bench.ask("GLOBAL_QUOTE", symbol=symbol, entitlement="realtime").values()))
    (bulk,) = bench.ask("REALTIME_BULK_QUOTES", symbol=symbol)["data"]
    require_bulk_agrees(bulk, quote)
    require_daily_agrees(bench, symbol, quote)
    require_intraday_agrees(bench, symbol, interval, answer_with_a_day(calendar, interval), quote)


def prices_of(quote: dict[str, str]) -> list[float]:
    return [float(quote[name]) for name in ("02. open", "03. high", "04. low", "05. price")]


def require_bulk_agrees(bulk: dict[str, str], quote: dict[str, str]) -> None:
    assert [float(bulk[name]) for name in ("open", "high", "low", "close")] == prices_of(quote)
    assert bulk["volume"] == quote["06. volume"]
    assert float(bulk["previous_close"]) == float(quote["08. previous close"])
    assert float(bulk["change"]) == float(quote["09. change"])
    assert f"{float(bulk['change_percent']):.4f}%" == quote["10. change percent"]


def require_daily_agrees(bench: Any, symbol: str, quote: dict[str, str]) -> None:
    daily = points(bench.ask("TIME_SERIES_DAILY", symbol=symbol, entitlement="realtime"))
    (newest, bar), (_, before) = list(daily.items())[:2]
    assert newest == quote["07. latest trading day"]
    assert [float(bar[name]) for name in ("1. open", "2. high", "3. low", "4. close")] == prices_of(quote)
    assert (bar["5. volume"], before["4. close"]) == (quote["06. volume"], quote["08. previous close"])
    adjusted = points(bench.ask("TIME_SERIES_DAILY_ADJUSTED", symbol=symbol, entitlement="realtime"))
    assert adjusted[newest]["6. volume"] == quote["06. volume"]


def answer_with_a_day(calendar: str, interval: str) -> str:
    """The smallest outputsize that has all bars of a day. A full answer has a month's."""
    return "compact" if MINUTES[calendar] // INTERVALS[interval] <= COMPACT else "full"


def require_intraday_agrees(bench: Any, symbol: str, interval: str, size: str, quote: dict[str, str]) -> None:
    day = quote["07. latest trading day"]
    params = {
        "symbol": symbol,
        "interval": interval,
        "outputsize": size,
        "month": day[:7],
        "extended_hours": "false",
        "entitlement": "realtime",
    }
    series = points(bench.ask("TIME_SERIES_INTRADAY", **params))
    bars = [bar for stamp, bar in series.items() if stamp.startswith(day)]
    opened, high, low, price = prices_of(quote)
    assert (float(bars[-1]["1. open"]), float(bars[0]["4. close"])) == (opened, price)
    assert max(float(bar["2. high"]) for bar in bars) == high
    assert min(float(bar["3. low"]) for bar in bars) == low
    assert sum(int(bar["5. volume"]) for bar in bars) == int(quote["06. volume"])


@pytest.mark.parametrize("calendar", ["24/7", "XNYS"])
@settings(max_examples=60, deadline=None)
@example(instant=POST_MARKET_ENDS, later=600_000, symbol="AAPL")
@given(instant=INSTANTS, later=st.integers(1, 600_000), symbol=SYMBOLS)
def test_time_moves_one_way(
    new_bench: Callable[..., Any], calendar: str, instant: int, later: int, symbol: str
) -> None:
    """Day, stamp and volume never go back, high and low only widen, and the stamp is never in the future."""
    bench = new_bench(calendar)
    bench.instant = instant
    (first,) = bench.ask("REALTIME_BULK_QUOTES", symbol=symbol)["data"]
    day = bench.ask("GLOBAL_QUOTE", symbol=symbol, entitlement="realtime")["Global Quote"][
        "07. latest trading day"
    ]
    assert first["timestamp"] <= local(instant).isoformat(sep=" ", timespec="milliseconds")[:23]
    bench.instant += later
    (second,) = bench.ask("REALTIME_BULK_QUOTES", symbol=symbol)["data"]
    day_later = bench.ask("GLOBAL_QUOTE", symbol=symbol, entitlement="realtime")["Global Quote"][
        "07. latest trading day"
    ]
    assert (day, first["timestamp"]) <= (day_later, second["timestamp"])
    if day == day_later:
        assert int(first["volume"]) <= int(second["volume"])
        assert float(first["high"]) <= float(second["high"])
        assert float(first["low"]) >= float(second["low"])

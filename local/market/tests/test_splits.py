"""Splits: bars as traded jump, adjusted ones do not, and a quote's change is not the split's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

FIELDS = (
    "1. open",
    "2. high",
    "3. low",
    "4. close",
    "5. adjusted close",
    "6. volume",
    "8. split coefficient",
)


def bars(bench: Any, symbol: str, **params: str) -> dict[str, list[float]]:
    series = bench.ask("TIME_SERIES_DAILY_ADJUSTED", symbol=symbol, outputsize="full", **params)[
        "Time Series (Daily)"
    ]
    return {day: [float(bar[name]) for name in FIELDS] for day, bar in series.items()}


@pytest.mark.parametrize(
    ("symbol", "before", "day", "ratio", "later"),
    [
        pytest.param("AMZN", "2022-06-03", "2022-06-06", 20, 1, id="twenty for one"),
        pytest.param("NVDA", "2024-06-07", "2024-06-10", 10, 1, id="the later of two"),
        pytest.param("NVDA", "2021-07-19", "2021-07-20", 4, 10, id="the earlier of two"),
    ],
)
def test_daily_bars_around_a_split(
    new_bench: Callable[..., Any], symbol: str, before: str, day: str, ratio: int, later: int
) -> None:
    bench = new_bench("XNYS")
    found = bars(bench, symbol)
    (*_, close, adjusted, _, none), (*_, close_after, adjusted_after, _, coefficient) = (
        found[before],
        found[day],
    )
    assert (none, coefficient) == (1, ratio)
    assert close / close_after == pytest.approx(ratio, rel=0.15)
    assert (close, close_after) == (
        pytest.approx(adjusted * ratio * later),
        pytest.approx(adjusted_after * later),
    )
    raw = bench.ask("TIME_SERIES_DAILY", symbol=symbol, outputsize="full")["Time Series (Daily)"]
    assert float(raw[before]["4. close"]) == close


@pytest.mark.parametrize("symbol", ["AMZN", "NVDA", "TSLA", "MSFT", "S1"])
def test_adjusted_closes_never_jump(new_bench: Callable[..., Any], symbol: str) -> None:
    closes = [bar[4] for bar in bars(new_bench("XNYS"), symbol).values()]
    assert max(abs(one / other - 1) for one, other in pairwise(closes)) < 0.25


def test_closes_are_in_the_shares_of_the_last_day_that_is_shown(new_bench: Callable[..., Any]) -> None:
    found = bars(new_bench("XNYS", now="2022-06-03T21:00:00"), "AMZN")
    assert all(close == adjusted for *_, close, adjusted, _, _ in found.values())


def test_on_the_day_of_a_split_the_previous_close_is_in_new_shares(new_bench: Callable[..., Any]) -> None:
    bench = new_bench("XNYS", now="2022-06-06T12:00:00")
    quote = bench.ask("GLOBAL_QUOTE", symbol="AMZN", entitlement="realtime")["Global Quote"]
    before = bars(bench, "AMZN")["2022-06-03"]
    assert float(quote["08. previous close"]) == pytest.approx(before[3] / 20)
    assert abs(float(quote["10. change percent"].removesuffix("%"))) < 15
    [row] = bench.ask("REALTIME_BULK_QUOTES", symbol="AMZN")["data"]
    assert float(row["previous_close"]) == pytest.approx(before[3] / 20)


@pytest.mark.parametrize(("adjusted", "shares"), [("false", 1), ("true", 20), ("", 20)])
def test_intraday_bars_are_adjusted_unless_asked_not_to(
    new_bench: Callable[..., Any], adjusted: str, shares: int
) -> None:
    bench = new_bench("XNYS", now="2026-11-20T22:00:00")
    params = {
        "symbol": "AMZN",
        "interval": "60min",
        "month": "2022-06",
        "outputsize": "full",
        "extended_hours": "false",
        "adjusted": adjusted,
    }
    day = [
        bar
        for stamp, bar in bench.ask("TIME_SERIES_INTRADAY", **params)["Time Series (60min)"].items()
        if stamp.startswith("2022-06-03")
    ]
    whole = bars(bench, "AMZN")["2022-06-03"]
    assert max(float(bar["2. high"]) for bar in day) == pytest.approx(whole[1] / shares, abs=1e-4)
    assert sum(int(bar["5. volume"]) for bar in day) == whole[5] * shares

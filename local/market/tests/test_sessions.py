"""Which market a call sees: sessions, extended hours, entitlements, and a clock that runs fast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from stock_market.clock import CalendarEnd, Clock, calendar_for


class Case(NamedTuple):
    now: str
    day: str
    entitlement: str = "realtime"
    calendar: str = "XNYS"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case("2026-11-24T09:29:59", "2026-11-23"), id="before the open it is the day before"),
        pytest.param(Case("2026-11-24T09:30:01", "2026-11-24"), id="open"),
        pytest.param(Case("2026-11-24T16:00:00", "2026-11-24"), id="closed"),
        pytest.param(Case("2026-11-25T03:00:00", "2026-11-24"), id="at night"),
        pytest.param(Case("2026-11-26T12:00:00", "2026-11-25"), id="Thanksgiving"),
        pytest.param(Case("2026-11-29T12:00:00", "2026-11-27"), id="Sunday"),
        pytest.param(
            Case("2026-11-24T09:44:59", "2026-11-23", "delayed"),
            id="delayed, a quarter of an hour after the open",
        ),
        pytest.param(Case("2026-11-24T09:45:01", "2026-11-24", "delayed"), id="delayed, just later"),
        pytest.param(Case("2026-11-24T15:59:59", "2026-11-23", ""), id="end of day, session under way"),
        pytest.param(Case("2026-11-24T16:00:00", "2026-11-24", ""), id="end of day, after the close"),
        pytest.param(
            Case("2026-11-27T13:00:00", "2026-11-27", ""), id="end of day, after a half day's close"
        ),
        pytest.param(Case("2026-11-29T12:00:00", "2026-11-29", "realtime", "24/7"), id="24/7 on Sunday"),
        pytest.param(
            Case("2026-11-29T00:00:01", "2026-11-29", "realtime", "24/7"), id="24/7 from midnight on"
        ),
        pytest.param(Case("2026-11-29T12:00:00", "2026-11-28", "", "24/7"), id="24/7, end of day"),
    ],
)
def test_latest_trading_day(new_bench: Callable[..., Any], case: Case) -> None:
    bench = new_bench(case.calendar, now=case.now)
    quote = next(iter(bench.ask("GLOBAL_QUOTE", symbol="IBM", entitlement=case.entitlement).values()))
    daily = bench.ask("TIME_SERIES_DAILY", symbol="IBM", entitlement=case.entitlement)
    assert quote["07. latest trading day"] == case.day
    assert daily["Meta Data"]["3. Last Refreshed"] == case.day


def test_prices_stand_still_while_closed(new_bench: Callable[..., Any]) -> None:
    bench = new_bench("XNYS", now="2026-11-27T21:00:00")
    friday = bench.text("REALTIME_BULK_QUOTES", symbol="AAPL,IBM,ZZZ")
    bench.move("2026-11-30T03:59:59")
    assert bench.text("REALTIME_BULK_QUOTES", symbol="AAPL,IBM,ZZZ") == friday


def test_end_of_day_is_the_whole_day(new_bench: Callable[..., Any]) -> None:
    bench = new_bench("XNYS", now="2026-11-25T03:00:00")
    assert bench.ask("GLOBAL_QUOTE", symbol="IBM") == bench.ask(
        "GLOBAL_QUOTE", symbol="IBM", entitlement="realtime"
    )
    bench.move("2026-11-25T12:00:00")
    assert bench.ask("GLOBAL_QUOTE", symbol="IBM") != bench.ask(
        "GLOBAL_QUOTE", symbol="IBM", entitlement="realtime"
    )


@pytest.mark.parametrize(
    ("now", "extended"),
    [
        pytest.param("2026-11-24T08:00:00", True, id="pre-market"),
        pytest.param("2026-11-24T12:00:00", False, id="regular"),
        pytest.param("2026-11-24T17:00:00", True, id="post-market"),
        pytest.param("2026-11-24T22:00:00", False, id="closed"),
        pytest.param("2026-11-27T14:00:00", True, id="post-market of a half day"),
        pytest.param("2026-11-27T18:00:00", False, id="after it"),
    ],
)
def test_bulk_quotes_in_extended_hours(new_bench: Callable[..., Any], now: str, extended: bool) -> None:
    for row in new_bench("XNYS", now=now).ask("REALTIME_BULK_QUOTES", symbol="AAPL,IBM,MSFT,SPY,QQQ")["data"]:
        assert bool(row.get("extended_hours_quote")) == extended
        if extended:
            assert row["timestamp"][:13] == now.replace("T", " ")[:13] or row["timestamp"] < now.replace(
                "T", " "
            )
            change = float(row["extended_hours_quote"]) - float(row["close"])
            assert float(row["extended_hours_change"]) == pytest.approx(change, abs=1e-9)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        pytest.param("2026-11-24T22:00:00", "2026-11-24 19:59:59", id="after the post-market"),
        pytest.param("2026-11-25T03:59:59", "2026-11-24 19:59:59", id="before the next pre-market"),
        pytest.param("2026-11-27T18:00:00", "2026-11-27 16:59:59", id="after a half day's post-market"),
        pytest.param("2026-11-29T12:00:00", "2026-11-27 16:59:59", id="Sunday"),
    ],
)
def test_the_bulk_stamp_stays_at_the_last_trade_while_closed(
    new_bench: Callable[..., Any], now: str, last: str
) -> None:
    (row,) = new_bench("XNYS", now=now).ask("REALTIME_BULK_QUOTES", symbol="AAPL")["data"]
    assert row["timestamp"][:19] == last


def test_without_extended_hours_its_fields_are_blank_or_missing(new_bench: Callable[..., Any]) -> None:
    rows = new_bench().ask("REALTIME_BULK_QUOTES", symbol=",".join(f"S{n}" for n in range(40)))["data"]
    assert {row.get("extended_hours_quote") for row in rows} == {None, ""}


def test_intraday_covers_extended_hours_unless_asked_not_to(new_bench: Callable[..., Any]) -> None:
    bench = new_bench("XNYS", now="2026-11-24T22:00:00")
    asked = {"symbol": "IBM", "interval": "30min", "entitlement": "realtime", "outputsize": "full"}
    whole, regular = (
        [
            stamp[11:]
            for stamp in bench.ask("TIME_SERIES_INTRADAY", extended_hours=hours, **asked)[
                "Time Series (30min)"
            ]
            if stamp[:10] == "2026-11-24"
        ]
        for hours in ("", "false")
    )
    assert (whole[0], whole[-1], len(whole)) == ("19:30:00", "04:00:00", 32)
    assert (regular[0], regular[-1], len(regular)) == ("15:30:00", "09:30:00", 13)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-11-24T09:29:59", "closed"),
        ("2026-11-24T09:30:00", "open"),
        ("2026-11-24T16:00:00", "closed"),
        ("2026-11-27T12:59:59", "open"),
    ],
)
def test_market_status(new_bench: Callable[..., Any], now: str, status: str) -> None:
    us = new_bench("XNYS", now=now).ask("MARKET_STATUS")["markets"][0]
    assert (us["current_status"], us["local_open"], us["local_close"]) == (status, "09:30", "16:15")


def test_sessions_of_23_and_25_hours_add_up(new_bench: Callable[..., Any]) -> None:
    for now in ("2026-03-08T23:59:59", "2026-11-01T23:59:59"):
        quote = new_bench(now=now).ask("GLOBAL_QUOTE", symbol="IBM", entitlement="realtime")["Global Quote"]
        day_after = new_bench(now=now[:9] + str(int(now[9]) + 1) + "T12:00:00").ask(
            "GLOBAL_QUOTE", symbol="IBM"
        )["Global Quote"]
        assert int(quote["06. volume"]) == pytest.approx(int(day_after["06. volume"]), rel=0.001)


def test_the_clock_runs_at_its_speed() -> None:
    seconds = [50.0]
    clock = Clock(datetime(2026, 11, 24, 17, 0, tzinfo=UTC), 60.0, lambda: seconds[0])
    seconds[0] += 90
    assert clock.now() == int(datetime(2026, 11, 24, 18, 30, tzinfo=UTC).timestamp() * 1000)


def test_a_calendar_ends(new_bench: Callable[..., Any]) -> None:
    with pytest.raises(CalendarEnd, match="start it again with another MARKET_START"):
        new_bench(now="2028-01-02T00:00:00").ask("GLOBAL_QUOTE", symbol="IBM")


@pytest.mark.parametrize(("name", "expected"), [("24/7", "24/7"), ("XNYS", "XNYS"), ("auto", "XNYS")])
def test_calendars_reach_five_years_ahead(name: str, expected: str) -> None:
    calendar = calendar_for(name, datetime(2026, 11, 24, tzinfo=UTC))
    assert (calendar.name, calendar[len(calendar) - 1].day.year) == (expected, 2031)

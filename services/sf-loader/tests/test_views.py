"""The views, run on DuckDB through fakesnow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from duckdb_tables import DAY, OPEN, Tables

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")


def minute(number: int) -> datetime:
    return OPEN + timedelta(minutes=number)


def test_latest_is_the_greatest_day_then_time_then_offset(tables: Tables) -> None:
    tables.quote(100, 11, day=date(2026, 2, 27))
    tables.quote(5, 12)
    tables.quote(0, 13, quoted_at=OPEN + timedelta(seconds=9))
    tables.quote(9, 14)
    tables.quote(8, 15)
    tables.quote(0, 7, symbol="AAPL", previous_close=None)
    columns = "symbol, price, change, change_percent, observed_at"
    assert tables.rows("LATEST_QUOTES", columns) == [
        ("AAPL", 7, None, None, OPEN),
        ("IBM", 14, 6, 75, OPEN + timedelta(seconds=9)),
    ]


def test_a_resent_event_is_one_row(tables: Tables) -> None:
    for offset in (7, 3, 9):
        tables.quote(1, 11, 100, event_id="same", kafka_offset=offset)
    tables.quote(2, 12, 150)
    assert tables.rows("QUOTES", "kafka_offset", "event_id = 'same'") == [(3,)]
    assert tables.rows("BARS_1MIN", "quotes, volume") == [(2, 50)]


def test_bars_are_of_ticks_in_their_order(tables: Tables) -> None:
    for seconds, price, volume in ((59, 14, 130), (0, 10, 100), (30, 9, 120), (61, 15, 160), (3599, 16, 200)):
        tables.quote(seconds, price, volume)
    assert tables.rows("BARS_1MIN", "starts_at, open, high, low, close, volume, quotes") == [
        (minute(0), 10, 14, 9, 14, 30, 3),
        (minute(1), 15, 15, 15, 15, 30, 1),
        (minute(59), 16, 16, 16, 16, 40, 1),
    ]
    assert tables.rows("BARS_5MIN", "starts_at, open, high, low, close, volume, quotes") == [
        (minute(0), 10, 15, 9, 15, 60, 4),
        (minute(55), 16, 16, 16, 16, 40, 1),
    ]
    assert tables.rows("BARS_1H", "starts_at, open, high, low, close, volume, quotes") == [
        (minute(-30), 10, 15, 9, 15, 60, 4),
        (minute(30), 16, 16, 16, 16, 40, 1),
    ]


def test_a_volume_that_falls_counts_as_none_and_is_reported(tables: Tables) -> None:
    for seconds, volume in ((0, 100), (5, None), (10, 90), (15, 120)):
        tables.quote(seconds, 10, volume)
    assert tables.rows("BARS_1MIN", "volume, volume_resets") == [(30, 1)]


def test_volume_is_counted_within_the_day_and_the_symbol(tables: Tables) -> None:
    tables.quote(0, 10, 900, day=date(2026, 2, 27))
    tables.quote(1, 10, 100)
    tables.quote(2, 10, 5000, symbol="AAPL")
    tables.quote(3, 10, 110)
    assert tables.rows("BARS_1MIN", "symbol, trading_day, volume") == [
        ("AAPL", DAY, None),
        ("IBM", date(2026, 2, 27), None),
        ("IBM", DAY, 10),
    ]


@pytest.mark.parametrize(
    ("entitlement", "quoted", "ticks"),
    [
        pytest.param("realtime", None, [OPEN + timedelta(seconds=70)], id="realtime, fetched"),
        pytest.param("realtime", 5, [OPEN + timedelta(seconds=5)], id="realtime, quoted"),
        pytest.param("delayed", 5, [OPEN + timedelta(seconds=5)], id="delayed, quoted"),
        pytest.param("delayed", None, [], id="delayed, nobody knows when"),
        pytest.param("end_of_day", 5, [], id="end of day"),
        pytest.param("end_of_day", None, [], id="end of day, fetched"),
        pytest.param(None, None, [], id="unknown"),
        pytest.param(None, 5, [OPEN + timedelta(seconds=5)], id="unknown, quoted"),
    ],
)
def test_what_becomes_a_tick(
    tables: Tables, entitlement: str | None, quoted: int | None, ticks: list[datetime]
) -> None:
    tables.quote(
        70,
        10,
        entitlement=entitlement,
        quoted_at=None if quoted is None else OPEN + timedelta(seconds=quoted),
    )
    assert [at for (at,) in tables.rows("TICKS", "tick_at")] == ticks


def bar(tables: Tables, close: float, day: date, **changes: Any) -> None:
    row = {
        "event_id": f"b{close}",
        "symbol": "IBM",
        "interval": "daily",
        "starts_at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "open": 1,
        "high": 3,
        "low": 1,
        "close": close,
        "volume": 500,
        "adjusted": False,
        "source": "alphavantage",
        "fetched_at": OPEN,
    }
    tables.insert("STOCK_BARS", **(row | changes))


def test_daily_bars_are_the_providers_own(tables: Tables) -> None:
    tables.quote(0, 11, 100, entitlement="end_of_day")
    tables.quote(60, 12, 200, high=None, entitlement="end_of_day")
    bar(tables, 2, date(2026, 2, 27))
    bar(tables, 2.5, date(2026, 2, 27), fetched_at=OPEN + timedelta(hours=1))
    bar(tables, 98, date(2026, 2, 26), interval="5min")
    tables.quote(0, 77, day=date(2026, 2, 27))
    assert tables.rows("BARS_1D", "trading_day, starts_at, open, high, low, close, volume") == [
        (date(2026, 2, 27), datetime(2026, 2, 27, tzinfo=UTC), 1, 3, 1, Decimal("2.5"), 500),
        (DAY, datetime(2026, 3, 2, tzinfo=UTC), 10, None, 5, 12, 200),
    ]


def test_split_adjusted_days_stand_before_those_as_traded(tables: Tables) -> None:
    split, later = date(2026, 2, 27), OPEN + timedelta(hours=2)
    bar(tables, 40, date(2026, 2, 26), adjusted=True)
    bar(tables, 20, date(2026, 2, 26), adjusted=True, fetched_at=later)
    bar(tables, 80, date(2026, 2, 26), fetched_at=later + timedelta(hours=1))
    bar(tables, 21, split)
    tables.quote(0, 22, 200, entitlement="end_of_day")
    assert tables.rows("BARS_1D", "trading_day, close, adjusted_at") == [
        (date(2026, 2, 26), 20, later),
        (split, 21, None),
        (DAY, 22, None),
    ]


def test_the_providers_own_intraday_bars_stand_before_those_of_ticks(tables: Tables) -> None:
    for seconds, price, volume in ((0, 10, 100), (30, 9, 120), (61, 15, 160), (301, 16, 200)):
        tables.quote(seconds, price, volume)
    bar(tables, 2, DAY, interval="1min", starts_at=minute(0))
    bar(tables, 2.5, DAY, interval="1min", starts_at=minute(0), fetched_at=OPEN + timedelta(hours=1))
    bar(
        tables,
        99,
        DAY,
        interval="1min",
        starts_at=minute(0),
        adjusted=True,
        fetched_at=OPEN + timedelta(hours=2),
    )
    bar(tables, 7, DAY, interval="5min", starts_at=minute(5))
    bar(tables, 6, DAY, interval="30min", starts_at=minute(30))
    bar(tables, 5, DAY, interval="15min", starts_at=minute(60))
    bar(tables, 8, date(2026, 2, 27), interval="60min", starts_at=OPEN - timedelta(days=3, minutes=30))
    assert tables.rows("BARS_1MIN", "starts_at, open, close, volume, quotes") == [
        (minute(0), 1, Decimal("2.5"), 500, 0),
        (minute(1), 15, 15, 40, 1),
        (minute(5), 16, 16, 40, 1),
    ]
    assert tables.rows("BARS_5MIN", "starts_at, close, volume") == [(minute(0), 15, 540), (minute(5), 7, 500)]
    assert tables.rows("BARS_1H", "trading_day, starts_at, close, volume") == [
        (date(2026, 2, 27), OPEN - timedelta(days=3, minutes=30), 8, 500),
        (DAY, minute(-30), 7, 1040),
        (DAY, minute(30), 5, 1000),
    ]
    assert tables.rows("BARS_30MIN", "starts_at, close, volume") == [
        (minute(0), 7, 1040),
        (minute(30), 6, 500),
        (minute(60), 5, 500),
    ]


def test_movers_leave_out_what_has_not_been_quoted_for_days(tables: Tables) -> None:
    tables.quote(0, 10)
    tables.quote(0, 4, symbol="AAPL")
    tables.quote(0, 80, symbol="OLD", day=date(2026, 2, 20))
    tables.quote(0, 80, symbol="NEW", previous_close=None)
    assert tables.rows("MOVERS", "symbol, gain_rank, loss_rank, change_percent") == [
        ("AAPL", 2, 1, -50),
        ("IBM", 1, 2, 25),
    ]


def test_alerts_hide_what_was_resent(tables: Tables) -> None:
    row = {
        "alert_id": "a1",
        "rule": "move",
        "symbol": "IBM",
        "price": 1,
        "severity": "high",
        "triggered_at": OPEN,
        "event_id": "e",
        "message": "m",
    }
    tables.insert("STOCK_ALERTS", **row)
    tables.insert("STOCK_ALERTS", **row)
    assert tables.rows("ALERTS", "alert_id, message") == [("a1", "m")]


def test_freshness_is_by_topic(tables: Tables) -> None:
    tables.quote(0, 10, kafka_time=OPEN + timedelta(seconds=3))
    assert [
        row
        for row in tables.rows("FRESHNESS", "topic, last_kafka_time, last_loaded_at, row_count")
        if row[0] == "stock-data"
    ] == [("stock-data", OPEN + timedelta(seconds=3), OPEN, 1)]
    assert [topic for (topic,) in tables.rows("FRESHNESS", "topic")] == [
        "stock-alerts",
        "stock-bars",
        "stock-data",
    ]


def test_views_have_the_currency_and_null_for_rows_from_before_it(tables: Tables) -> None:
    tables.quote(0, 11, 100, symbol="OLD")
    tables.quote(0, 12, 100, symbol="TSCO.LON", currency="GBX")
    for view in ("QUOTES", "LATEST_QUOTES", "MOVERS"):
        assert tables.rows(view, "symbol, currency") == [("OLD", None), ("TSCO.LON", "GBX")]

"""SQL over a real S3 server: closed days from the lake, the rest from the chains, no row twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chains import DAY, NEXT, OPEN, Chains, alert, bar, quote

from stock_lake import query
from stock_lake.config import LakeSettings
from stock_lake.days import DayJob
from stock_lake.links import BrokenChain
from stock_lake.tables import ALERTS, BARS, QUOTES
from stock_objects.store import ObjectStore

TOMORROW = OPEN + timedelta(days=1)


@pytest.fixture
def chains(real: ObjectStore) -> Chains:
    return Chains(real)


@pytest.fixture
def job(real: ObjectStore, tmp_path: Path) -> DayJob:
    return DayJob(real, QUOTES, tmp_path, lambda: True)


def ask(settings: LakeSettings, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    with query.connect(settings, **options) as connection:
        return connection.execute(sql).fetchall()


def test_an_empty_bucket_has_empty_views(settings: LakeSettings) -> None:
    assert ask(settings, "SELECT * FROM quotes") == ask(settings, "SELECT * FROM bars_1d") == []


def test_closed_days_and_today_are_one(settings: LakeSettings, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0), quote(1)])
    job.make(DAY, {})
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    sql = "SELECT fetched_at FROM quotes ORDER BY 1"
    seen = [(OPEN,), (OPEN + timedelta(seconds=1),), (TOMORROW,)]
    assert ask(settings, sql) == seen
    assert ask(settings, sql, closed=True) == seen[:2]
    job.make(NEXT, {})
    assert ask(settings, sql) == seen


def test_a_day_that_grew_is_whole_before_the_job_comes_again(
    settings: LakeSettings, chains: Chains, job: DayJob
) -> None:
    chains.link([quote(0)])
    first = job.make(DAY, {})
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    job.make(NEXT, first.ends)
    chains.link([quote(3, "MSFT")], partition=2)
    sql = "SELECT symbol, fetched_at FROM quotes ORDER BY 1, 2"
    seen = [("AAPL", OPEN), ("AAPL", TOMORROW), ("MSFT", OPEN + timedelta(seconds=3))]
    assert ask(settings, sql) == seen
    job.make(DAY, {})  # the manifest of the day after still has the old ends
    assert ask(settings, sql) == seen


def test_bars_and_movers(settings: LakeSettings, chains: Chains, job: DayJob) -> None:
    prices = [Decimal(100), Decimal(110), Decimal(90), Decimal(105)]
    chains.link([quote(20 * number, price=price) for number, price in enumerate(prices)])
    chains.link([bar(-86_400, interval="daily", close=Decimal(99))], table=BARS)
    job.make(DAY, {})
    minute = "SELECT open, high, low, close, volume, quotes FROM bars_1min ORDER BY starts_at"
    assert ask(settings, minute) == [(100, 110, 90, 90, 40, 3), (105, 105, 105, 105, 20, 1)]
    assert ask(settings, "SELECT high, low, close, quotes FROM bars_1h") == [(110, 90, 105, 4)]
    assert ask(settings, "SELECT trading_day, close FROM bars_1d ORDER BY 1") == [
        (DAY - timedelta(days=1), 99), (DAY, 105),
    ]  # fmt: skip
    latest = "SELECT symbol, change_percent, gain_rank FROM movers"
    assert ask(settings, latest) == [("AAPL", Decimal("5.000000"), 1)]


@pytest.mark.parametrize(
    ("price", "close", "percent"),
    [
        ("999999999999.999999", "0.000001", None),
        ("-999999999999.999999", "999999999999.999999", -200),
        ("1", "999999999999.999999", -100),
        ("5", "0", None),
        ("5", "-1", None),
    ],
)
def test_no_price_makes_a_question_fail(
    settings: LakeSettings, chains: Chains, price: str, close: str, percent: int | None
) -> None:
    chains.link([quote(0, price=Decimal(price), previous_close=Decimal(close)), quote(0, "IBM")])
    [odd, usual] = ask(settings, "SELECT change, change_percent FROM latest_quotes ORDER BY symbol")
    assert odd == (Decimal(price) - Decimal(close), percent)
    assert usual == (Decimal("1.25"), Decimal("1.25"))


def test_alerts(settings: LakeSettings, chains: Chains) -> None:
    chains.link([alert(0), alert(0), alert(5)], table=ALERTS)
    assert ask(settings, "SELECT COUNT(*) FROM alerts") == [(2,)]


def test_as_of_shows_what_was_known_then(settings: LakeSettings, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0), quote(1)])
    late = OPEN + timedelta(minutes=5)
    chains.link([quote(2)], at=late)
    job.make(DAY, {})
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    sql = "SELECT COUNT(*) FROM quotes"
    assert ask(settings, sql, as_of=OPEN + timedelta(seconds=2)) == [(2,)]
    assert ask(settings, sql, as_of=late) == [(3,)]
    assert ask(settings, sql, as_of=datetime(2026, 11, 26, tzinfo=UTC)) == [(4,)]
    latest = "SELECT trading_day FROM latest_quotes"
    assert ask(settings, latest, as_of=late) == [(DAY,)]


def test_a_broken_chain_is_named(settings: LakeSettings, real: ObjectStore, chains: Chains) -> None:
    chains.link([quote(0)])
    gone = chains.link([quote(1)])
    chains.link([quote(2)])
    real.remove(gone)
    with pytest.raises(BrokenChain, match="leaves offsets out"):
        ask(settings, "SELECT 1")


def test_only_the_tables_that_are_needed_are_read(settings: LakeSettings, chains: Chains) -> None:
    chains.link([alert(0)], table=ALERTS)
    assert ask(settings, "SELECT COUNT(*) FROM alerts", tables=[QUOTES]) == [(0,)]

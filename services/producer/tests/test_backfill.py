"""Backfill in memory: budget, resumption after deaths, refusals."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.backfill import FIRST, LAST, Bench
from support.bodies import daily
from support.world import START, Death

from stock_common.run import FatalError
from stock_producer import cli
from stock_producer.backfill.calls import bars_of, mark, parts, unfinished
from stock_producer.backfill.command import closed
from stock_producer.backfill.run import Progress, line
from stock_producer.market.calendars import Calendars
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.history import history
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.settings import AlphaVantageSettings
from stock_producer.vendor.base import Answer, PriceBar, Request
from stock_producer.vendor.kinds import Kind, Refusal

QUOTA_DAY = PLANS["free"].quota_day


@pytest.fixture
def free(tmp_path: Path) -> Bench:
    return Bench(tmp_path, PLANS["free"])


def test_within_the_days_calls_and_on_the_next_day(free: Bench) -> None:
    symbols = [f"S{number}" for number in range(40)]
    first = free.run(symbols)
    assert (first.waiting, len(free.vendor.asked), free.shown[0].days, free.shown[-1].left_today) == (
        15,
        25,
        1,
        0,
    )
    assert free.run(symbols).waiting == 15
    assert len(free.vendor.asked) == 25
    free.clock.now = START + timedelta(days=1)
    assert free.run(symbols).waiting == 0
    assert sorted(free.vendor.asked) == sorted(symbols)
    assert len({bar.event_id for bar in free.bars()}) == len(free.bars()) == 120
    free.run(symbols)
    assert len(free.vendor.asked) == 40


@pytest.mark.parametrize(
    ("dying", "calls_lost"),
    [
        pytest.param(("budget", "take", True), 0, id="call counted | call made"),
        pytest.param(("outbox", "add", False), 1, id="call made | bars kept"),
        pytest.param(("outbox", "add", True), 0, id="bars kept | sent"),
        pytest.param(("client", "produce", True), 0, id="sent | delivery report"),
        pytest.param(("outbox", "remove", False), 0, id="delivery report | delete"),
        pytest.param(("outbox", "remove", True), 0, id="delete | next call"),
    ],
)
def test_a_death_loses_no_bar_and_only_the_call_that_was_under_way(
    free: Bench, dying: tuple[str, str, bool], calls_lost: int
) -> None:
    symbols = ["A", "B", "C"]
    for _ in range(2):
        with pytest.raises(Death):
            free.run(symbols, dying=dying)
        free.clock.advance(5)
    assert free.run(symbols).waiting == 0
    assert len(free.vendor.asked) == len(symbols) + 2 * calls_lost
    assert {(bar.symbol, bar.starts_at.day) for bar in free.bars()} == {
        (symbol, day) for symbol in symbols for day in (18, 19, 20)
    }
    assert len({bar.event_id for bar in free.bars()}) == 9


def test_it_waits_over_midnight_with_wait(free: Bench) -> None:
    assert free.run([f"S{number}" for number in range(30)], wait=True).waiting == 0
    assert len(free.vendor.asked) == 30
    assert free.clock.now > START + timedelta(hours=13)


def test_a_fault_is_tried_again_a_wrong_symbol_is_not(free: Bench) -> None:
    faults = [Refusal(Kind.SERVER, "HTTP 500"), Refusal(Kind.BURST, "1 request per second")]
    free.vendor.bodies["NOPE"] = b'{"Error Message": "Invalid API call."}'

    def fetch(request: Request) -> Answer:
        answer = free.fetch(request)
        return Answer(request, free.clock(), 0.1, [], faults.pop()) if faults else answer

    result = free.run(["IBM", "NOPE"], fetch)
    assert list(result.failed) == ["NOPE"]
    assert free.vendor.asked == ["IBM", "IBM", "IBM", "NOPE"]
    assert len(free.bars()) == 3


def test_a_wrong_key_ends_it(free: Bench) -> None:
    free.vendor.bodies["IBM"] = Refusal(Kind.KEY, "no")
    with pytest.raises(FatalError, match="ALPHA_VANTAGE_API_KEY"):
        free.run(["IBM"])


def test_a_bar_beyond_the_contract_is_left_out_and_named(tmp_path: Path) -> None:
    """Eight reverse splits, of 1:10 to 1:100, as a fund has made since 2021."""
    bench = Bench(tmp_path, PLANS["75"])
    rows = {
        f"2026-11-{day:02}": {
            **dict.fromkeys(("1. open", "2. high", "3. low", "4. close"), "150.0"),
            "6. volume": "100",
            "8. split coefficient": "0.01" if day > 8 else "1.0",
        }
        for day in range(1, 18)
    }
    bench.vendor.bodies["SOXS"] = json.dumps({"Time Series (Daily)": rows}).encode()
    result = bench.run(["SOXS"])
    as_traded = [bar for bar in bench.bars() if not bar.adjusted]
    assert len(as_traded) == 17
    assert len(result.left_out["SOXS"]) + len(bench.bars()) == 34
    assert "2026-11-" in result.left_out["SOXS"][0]
    assert bench.run(["SOXS"]).progress.calls == 0


def test_only_the_days_that_were_asked_for(free: Bench) -> None:
    free.vendor.bodies["IBM"] = daily("IBM", last="2026-11-23", count=30)
    free.run(["IBM"])
    days = [bar.starts_at.date() for bar in free.bars()]
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 2), LAST, 15)


def test_calls_of_a_plan() -> None:
    paid = parts(history(PLANS["75"], "daily", FIRST, LAST, LAST), ["A", "B"], "daily")
    assert [part.request.endpoint for part in paid] == [Endpoint.DAILY_ADJUSTED] * 2
    months = history(PLANS["75"], "5min", date(2025, 12, 10), date(2026, 2, 3), LAST)
    intraday = parts(months, ["A"], "5min")
    assert [(dict(part.request.parameters)["month"], part.first.day, part.last.day) for part in intraday] == [
        ("2025-12", 10, 31),
        ("2026-01", 1, 31),
        ("2026-02", 1, 3),
    ]
    with pytest.raises(FatalError, match="plan 75"):
        history(PLANS["free"], "5min", FIRST, LAST, LAST)
    [call] = history(PLANS["free"], "daily", FIRST, LAST, LAST).calls
    assert (call.endpoint, call.parameters) == (Endpoint.DAILY, ())


def test_a_day_under_way_has_its_whole_bars_and_is_asked_for_again() -> None:
    """The newest bar may still grow: it is left out, and the part is never done."""
    today = LAST + timedelta(days=1)
    [part] = parts(history(PLANS["75"], "1min", LAST, today, today), ["A"], "1min", LAST)
    minutes = [datetime(2026, 11, 21, 14, minute, tzinfo=UTC) for minute in range(30, 34)]
    prices = (Decimal(1), Decimal(1), Decimal(1), Decimal(1), 1)
    bars = [PriceBar("A", "1min", start, today, *prices) for start in minutes]
    answer = Answer(part.request, minutes[-1], 0.1, None, None, bars=bars)
    made = bars_of(part, answer, "simulated")
    assert [bar.starts_at for bar in made] == minutes[:-1]
    assert not part.is_done({part.name: mark(part, answer, len(made))})
    [closed_day] = parts(history(PLANS["75"], "1min", LAST, LAST, today), ["A"], "1min", LAST)
    assert closed_day.is_done({closed_day.name: mark(closed_day, answer, 4)})


def test_the_first_day_may_be_so_many_days_ago() -> None:
    options = cli.parse(AlphaVantageSettings, ["backfill", "--from", "365d"])
    assert timedelta(days=365) <= datetime.now(UTC).date() - options.first <= timedelta(days=366)


DONE = [
    "A daily 2026-11-01 2026-11-19",
    "A daily 2026-11-01 2026-11-20",
    "B daily 2026-11-01 2026-11-19",
    "A 5min 2026-11-01 2026-11-20",
]


@pytest.mark.parametrize(
    ("symbols", "interval", "first", "last"),
    [
        pytest.param(["A", "B"], "daily", FIRST, LAST, id="goes on with the newest"),
        pytest.param(["A"], "daily", FIRST, None, id="complete"),
        pytest.param(["A", "B"], "daily", date(2026, 10, 1), None, id="another first day"),
        pytest.param(["A", "B"], "5min", FIRST, None, id="intraday goes by months"),
    ],
)
def test_a_backfill_over_several_days_keeps_its_last_day(
    symbols: list[str], interval: str, first: date, last: date | None
) -> None:
    assert unfinished(DONE, symbols, interval, first) == last


@pytest.mark.parametrize(
    ("moment", "codes", "day"),
    [
        pytest.param((2026, 11, 23, 20, 59), {"XNYS"}, date(2026, 11, 20), id="open: Friday"),
        pytest.param((2026, 11, 23, 21, 31), {"XNYS"}, date(2026, 11, 23), id="closed: today"),
        pytest.param(
            (2026, 11, 23, 17, 30), {"XNYS", "XLON"}, date(2026, 11, 20), id="closed in London alone"
        ),
        pytest.param((2026, 11, 27, 18, 31), {"XNYS"}, date(2026, 11, 27), id="half day"),
        pytest.param((2026, 11, 23, 15, 0), {"24/7"}, date(2026, 11, 22), id="never closes"),
    ],
)
def test_a_day_under_way_is_left_for_later(moment: tuple[int, ...], codes: set[str], day: date) -> None:
    import structlog

    now = datetime(*moment, tzinfo=UTC)  # type: ignore[misc]
    assert (
        closed(Calendars(codes, lambda: now, structlog.stdlib.get_logger("t")).windows(), now, QUOTA_DAY)
        == day
    )


def test_the_bar_says_what_remains() -> None:
    assert (
        line(Progress(5, 20, 500, 5, 3, 1), 4)
        == "[#...] 5/20 calls done, 15 to go, 3 calls left today, 1 more days; 500 bars"
    )

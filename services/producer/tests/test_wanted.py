"""Data are wanted until they are held, whether the machine was off, the vendor failed, or the bar is late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import structlog

from stock_producer.market.calendars import Calendars
from stock_producer.schedule.due import next_data
from stock_producer.schedule.scheduler import next_fetch
from stock_producer.schedule.types import Allowance, Pace, Watched
from stock_producer.schedule.watchlist import Known, Watchlist
from stock_producer.vendor.alphavantage.plans import PLANS

REALTIME = PLANS["1200"]._replace(batch=None)
BEGIN = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
"""A Monday. Thursday of the second week is Thanksgiving, the Friday after it a half day."""
HOURS = Calendars({"XNYS"}, lambda: BEGIN + timedelta(days=7), structlog.stdlib.get_logger("test")).windows()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def closing_calls(*items: Watched, since: str, minutes: int) -> list[float]:
    """When a vendor that fails each call is asked again: minutes after `since`."""
    begin, found = moment(since), []
    now, waiting = begin, list(items)
    allowance = Allowance(begin, None, None, begin + timedelta(days=1))
    while now < begin + timedelta(minutes=minutes):
        decision = next_fetch(now, waiting, HOURS, REALTIME, allowance, REALTIME.limits, Pace(5.0))
        if decision.request:
            found.append((now - begin).total_seconds() // 60)
            waiting = [item._replace(asked_at=now) for item in waiting]
        now += timedelta(seconds=5)
    return found


def test_a_closing_price_is_fetched_until_it_is_held_with_growing_pauses() -> None:
    held = moment("2026-11-23T20:59:58")
    item = Watched("IBM", "XNYS", asked_at=held, answered_at=held)
    minutes = closing_calls(item, since="2026-11-23T21:01:30", minutes=16 * 60)
    assert minutes[:5] == [0, 1, 2, 3, 4] and 15 < len(minutes) < 30
    pauses = [after - before for before, after in pairwise(minutes)]
    assert max(pauses) <= 61 and pauses[-1] >= 60
    # A machine that was off at the close asks for the price whenever it is on.
    assert closing_calls(item, since="2026-11-24T08:00:00", minutes=1) == [0]
    assert (
        closing_calls(
            item._replace(answered_at=moment("2026-11-23T21:05:00")), since="2026-11-24T08:00:00", minutes=60
        )
        == []
    )


@pytest.mark.parametrize("end_of_day", [False, True])
def test_a_clock_that_is_set_back_blocks_nothing(end_of_day: bool) -> None:
    ahead, now = BEGIN + timedelta(hours=5), BEGIN
    watchlist = Watchlist(["IBM"], "XNYS", Known({"IBM": ahead}), end_of_day)
    watchlist.sent(["IBM"], ahead)
    watchlist.failed(["IBM"], ahead, 3_600.0, 0.0)
    [item] = watchlist.items(now)
    assert (item.asked_at, item.answered_at, item.not_before) == (now, now, None)


def due(at: str, *items: Watched, plan: str = "free", interval: float = 86_400.0) -> str | None:
    found = next_data(datetime.fromisoformat(at), items, HOURS, PLANS[plan], interval)
    return found["XNYS"].isoformat(timespec="minutes").removesuffix("+00:00") if found else None


def holding(day: str | None) -> Watched:
    return Watched("IBM", "XNYS", held=day and date.fromisoformat(day))


@pytest.mark.parametrize(
    ("now", "held", "expected"),
    [
        pytest.param("2026-11-25T22:00Z", "2026-11-25", "2026-11-27T18:30", id="held: after the half day"),
        pytest.param(
            "2026-11-25T22:00Z", "2026-11-24", "2026-11-25T21:30", id="late since half an hour after"
        ),
        pytest.param("2026-11-26T12:00Z", "2026-11-25", "2026-11-27T18:30", id="a holiday"),
        pytest.param("2026-11-28T12:00Z", "2026-11-27", "2026-11-30T21:30", id="a weekend"),
        pytest.param("2026-11-28T12:00Z", None, "2026-11-27T18:30", id="nothing held"),
        pytest.param(
            "2026-11-26T12:00Z", "2026-11-20", "2026-11-23T21:30", id="late since the first of days"
        ),
    ],
)
def test_when_the_next_bar_is_due(now: str, held: str | None, expected: str) -> None:
    assert due(now, holding(held)) == expected


def test_symbols_that_take_turns_are_as_new_as_the_newest() -> None:
    assert due("2026-11-25T22:00Z", holding("2026-11-25"), holding("2026-11-20")) == "2026-11-27T18:30"


@pytest.mark.parametrize(
    ("now", "answered", "expected"),
    [
        pytest.param("2026-11-24T15:00Z", "2026-11-24T14:59Z", "2026-11-24T15:00", id="a turn later"),
        pytest.param(
            "2026-11-24T15:00Z", "2026-11-23T20:00Z", "2026-11-24T14:31", id="a turn after the open"
        ),
        pytest.param("2026-11-24T22:00Z", "2026-11-24T20:00Z", "2026-11-24T21:01", id="the closing price"),
        pytest.param("2026-11-24T22:00Z", "2026-11-24T21:30Z", "2026-11-25T14:31", id="after the next open"),
    ],
)
def test_when_the_next_quote_is_due(now: str, answered: str, expected: str) -> None:
    item = Watched("IBM", "XNYS", answered_at=datetime.fromisoformat(answered))
    assert due(now, item, plan="1200", interval=60.0) == expected

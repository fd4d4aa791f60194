from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulation import (
    DAY_END,
    FREE_BUDGET,
    HOURS,
    NO_LIMITS,
    SESSION,
    assert_within_limits,
    at,
    most_within,
    simulate,
)
from support.world import START

from stock_producer.market.sessions import phase
from stock_producer.schedule.budget import Allowance
from stock_producer.schedule.scheduler import CLOSING_GRACE, next_fetch
from stock_producer.schedule.types import Pace, Watched
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS, plan
from stock_producer.vendor.base import Freshness, Limits, Plan

PLAN = st.builds(
    plan,
    st.just("custom"),
    st.builds(
        Limits,
        st.one_of(st.none(), st.integers(1, 30)),
        st.one_of(st.none(), st.integers(1, 1200)),
        st.one_of(st.none(), st.integers(1, 500)),
    ),
    st.sampled_from([Freshness.DELAYED, Freshness.REALTIME]),
    bulk=st.booleans(),
)
SYMBOLS = st.lists(
    st.sampled_from([f"S{number}" for number in range(150)] + [f"S{number}.LON" for number in range(20)]),
    min_size=1,
    max_size=130,
    unique=True,
)


@settings(max_examples=40, deadline=None)
@given(
    plan=st.one_of(PLAN, st.sampled_from([plan for plan in PLANS.values() if plan.name != "free"])),
    symbols=SYMBOLS,
    pace=st.builds(Pace, st.sampled_from([1.0, 5.0, 30.0]), st.sampled_from([0.0, 0.3, 2.0])),
    start=st.datetimes(datetime(2026, 11, 23, 7, 0), datetime(2026, 11, 23, 22, 0)),
    minutes=st.sampled_from([3, 10]),
    latency=st.sampled_from([0.05, 0.7, 9.0]),
)
def test_never_over_a_limit_never_while_closed(
    plan: Plan, symbols: list[str], pace: Pace, start: datetime, minutes: int, latency: float
) -> None:
    begin = start.replace(tzinfo=UTC)
    calls = simulate(symbols, plan, begin, begin + timedelta(minutes=minutes), pace, latency=latency)
    assert_within_limits(calls, plan.limits)
    for before, after in pairwise(calls):
        assert (after.at - before.at).total_seconds() >= pace.floor
    closing: Counter[tuple[str, datetime]] = Counter()
    for call in calls:
        assert len(call.request.symbols) <= (100 if call.request.endpoint == Endpoint.BULK else 1)
        for symbol in call.request.symbols:
            around = phase(HOURS["XLON" if symbol.endswith(".LON") else "XNYS"], call.at - plan.delay)
            if around.current is None:
                assert around.previous is not None, "nothing before the first open"
                assert call.at >= around.previous.closes + plan.delay + CLOSING_GRACE
                closing[symbol, around.previous.closes] += 1
    assert set(closing.values()) <= {1}, "a closing price is fetched once"


@pytest.mark.parametrize(
    ("limits", "pace"),
    [
        pytest.param(Limits(second=1), Pace(1.0), id="one a second"),
        pytest.param(Limits(second=3), Pace(1.0), id="three a second"),
        pytest.param(Limits(minute=7), Pace(1.0), id="seven a minute"),
        pytest.param(Limits(day=9), Pace(1.0), id="nine a day"),
        pytest.param(Limits(), Pace(1.0, floor=0.7), id="a floor between calls"),
        pytest.param(Limits(second=2, minute=30, day=100), Pace(1.0, floor=0.3), id="all of them"),
    ],
)
def test_each_limit_by_itself(limits: Limits, pace: Pace) -> None:
    limited = plan("custom", limits, Freshness.REALTIME, bulk=False)
    symbols = [f"S{number}" for number in range(20)]
    calls = simulate(symbols, limited, START, START + timedelta(minutes=5), pace)
    assert_within_limits(calls, limits)
    assert all((after.at - before.at).total_seconds() >= pace.floor for before, after in pairwise(calls))
    assert calls


@pytest.mark.parametrize(
    ("plan", "count", "minutes", "least"),
    [
        pytest.param("75", 6, 10, 0.98 * 6 * 120, id="75 a minute carries 6 symbols each 5 s"),
        pytest.param("75", 25, 10, 0.95 * 750, id="75 a minute, 25 symbols: the whole budget"),
        pytest.param("150", 100, 10, 0.98 * 120, id="bulk: one call each 5 s"),
        pytest.param("150", 250, 10, 0.98 * 360, id="bulk: three calls each 5 s"),
        pytest.param("1200", 500, 3, 0.98 * 180, id="bulk: five calls each 5 s"),
    ],
)
def test_the_budget_is_used(plan: str, count: int, minutes: int, least: float) -> None:
    opens = SESSION.opens + timedelta(minutes=20)
    calls = simulate(
        [f"S{number}" for number in range(count)], PLANS[plan], opens, opens + timedelta(minutes=minutes)
    )
    assert len(calls) >= least
    assert_within_limits(calls, PLANS[plan].limits)
    asked = Counter(symbol for call in calls for symbol in call.request.symbols)
    assert max(asked.values()) - min(asked.values()) <= 1


def test_calls_of_a_round_are_spread_over_it() -> None:
    calls = simulate(
        ["A", "B", "C", "D", "E"],
        PLANS["1200"]._replace(batch=None),
        SESSION.opens,
        SESSION.opens + timedelta(minutes=1),
    )
    assert most_within(calls, 1) <= 2
    by_symbol = [call.at for call in calls if call.request.symbols == ("C",)]
    assert [round((after - before).total_seconds()) for before, after in pairwise(by_symbol)] == [5] * (
        len(by_symbol) - 1
    )


def test_one_turn_after_the_close_sees_the_closing_price() -> None:
    calls = simulate(["AAPL", "IBM"], PLANS["1200"], at("2026-11-23T20:59:00"), at("2026-11-24T14:00:00"))
    late = [call for call in calls if call.at >= SESSION.closes]
    assert [(call.request.symbols, (call.at - SESSION.closes).total_seconds() // 10) for call in late] == [
        (("AAPL", "IBM"), 9)
    ]


@pytest.mark.parametrize(
    ("symbol", "closes", "printed"),
    [
        pytest.param("AAPL", "2026-11-23T21:00:00", 60, id="New York"),
        pytest.param("TSCO.LON", "2026-11-23T16:30:00", 300, id="London's auction prints after the close"),
    ],
)
def test_the_closing_price_is_fetched_once_it_is_printed(symbol: str, closes: str, printed: int) -> None:
    calls = simulate([symbol], PLANS["1200"], at(closes) - timedelta(minutes=1), at("2026-11-24T07:00:00"))
    [late] = [call for call in calls if call.at >= at(closes)]
    assert timedelta(seconds=printed) < late.at - at(closes) < timedelta(minutes=8)


def test_delayed_data_are_fetched_by_delayed_hours() -> None:
    calls = simulate(["AAPL"], PLANS["75"], at("2026-11-23T14:00:00"), at("2026-11-23T22:30:00"), Pace(300.0))
    assert calls[0].at >= SESSION.opens + timedelta(minutes=15)
    assert calls[-1].at >= SESSION.closes + timedelta(minutes=16)


def watched(symbol: str, **fields: object) -> Watched:
    return Watched(symbol, "24/7")._replace(**fields)  # type: ignore[arg-type]


def decide(
    *items: Watched, plan: Plan = NO_LIMITS, allowance: Allowance = FREE_BUDGET
) -> tuple[tuple[str, ...] | None, float]:
    decision = next_fetch(START, items, HOURS, plan, allowance, plan.limits, Pace(5.0))
    return decision.request and decision.request.symbols, (decision.wake_at - START).total_seconds()


def seconds_ago(count: float) -> datetime:
    return START - timedelta(seconds=count)


@pytest.mark.parametrize(
    ("items", "allowance", "expected"),
    [
        pytest.param(
            [watched("A", asked_at=seconds_ago(6)), watched("B", asked_at=seconds_ago(9))],
            FREE_BUDGET,
            (("B",), 0),
            id="longest waiting first",
        ),
        pytest.param(
            [watched("A", asked_at=seconds_ago(6)), watched("B")],
            FREE_BUDGET,
            (("B",), 0),
            id="never asked first",
        ),
        pytest.param(
            [watched("A", busy=True), watched("B", asked_at=seconds_ago(6))],
            FREE_BUDGET,
            (("B",), 0),
            id="under way",
        ),
        pytest.param(
            [watched("A", not_before=START + timedelta(seconds=3))],
            FREE_BUDGET,
            (None, 3),
            id="pausing after failures",
        ),
        pytest.param(
            [watched("A", asked_at=seconds_ago(2))], FREE_BUDGET, (None, 3), id="its turn has not come"
        ),
        pytest.param(
            [watched("A")],
            Allowance(START + timedelta(seconds=7), None, None, DAY_END),
            (None, 7),
            id="the budget says wait",
        ),
        pytest.param(
            [watched("A")],
            Allowance(DAY_END, None, 0, DAY_END),
            (None, (DAY_END - START).total_seconds()),
            id="the day is used up",
        ),
        pytest.param([watched("A", calendar="XLON")], FREE_BUDGET, (("A",), 0), id="its market is open"),
    ],
)
def test_decisions(
    items: list[Watched], allowance: Allowance, expected: tuple[tuple[str, ...] | None, float]
) -> None:
    assert decide(*items, allowance=allowance) == expected


def test_nothing_to_watch_sleeps() -> None:
    assert decide() == (None, 3600)


def test_bulk_takes_us_symbols_in_hundreds_and_the_others_alone() -> None:
    symbols = [f"S{number}" for number in range(150)] + ["TSCO.LON"]
    calls = simulate(symbols, PLANS["1200"], START, START + timedelta(seconds=4))
    assert sorted((call.request.endpoint, len(call.request.symbols)) for call in calls) == [
        (Endpoint.GLOBAL_QUOTE, 1),
        (Endpoint.BULK, 50),
        (Endpoint.BULK, 100),
    ]


def test_sleeps_until_the_next_open() -> None:
    night = at("2026-11-24T02:00:00")
    closed = at("2026-11-23T21:02:00")
    item = Watched("AAPL", "XNYS", asked_at=closed, answered_at=closed)
    decision = next_fetch(night, [item], HOURS, PLANS["1200"], FREE_BUDGET, PLANS["1200"].limits, Pace(5.0))
    assert (decision.request, decision.wake_at) == (None, at("2026-11-24T14:30:00"))

"""With a free key, Thanksgiving: Live and Symbol say which bar there is and when more comes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import samples
from desk import Desk
from drawn import opened, words

from stock_common.status import MarketState, ProducerStatus
from stock_dashboard.health import expected, notices

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
WEDNESDAY, TUESDAY = date(2026, 11, 25), date(2026, 11, 24)
HALF_DAY_CLOSES = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)
"""The Friday after it, with the vendor's half hour."""
LONDON = datetime(2026, 11, 26, 17, tzinfo=UTC)
NEXT = "next expected after Fri 27 Nov, 13:30 EST (18:30 UTC for you)"


def producer(due: datetime | None = HALF_DAY_CLOSES, **changes: object) -> ProducerStatus:
    market = MarketState(
        calendar="XNYS", is_open=False, next_open=NOW + timedelta(hours=26, minutes=30), data_due=due
    )
    return samples.producer(
        NOW, **({"freshness": "end_of_day", "plan": "free", "markets": [market]} | changes)
    )


@pytest.fixture
def thanksgiving(desk: Desk) -> Desk:
    """A desk with Wednesday's bars of two symbols, on the holiday."""
    desk.now = NOW
    desk.up()
    bars = [
        samples.quote(
            symbol, at=NOW, trading_day=WEDNESDAY, quoted_at=None, entitlement=None, session="closed",
            endpoint="TIME_SERIES_DAILY",
        )
        for symbol in ("AAPL", "IBM")
    ]  # fmt: skip
    desk.feed(*bars)
    desk.store.status(producer())
    return desk


def test_live_says_what_there_is_and_when_more_comes(thanksgiving: Desk) -> None:
    assert f"AAPL, IBM: bar of Wed 25 Nov, {NEXT}." in words(opened())


def test_symbol_says_it_of_itself(thanksgiving: Desk) -> None:
    shown = words(opened("Symbol", symbol="IBM"))
    assert f">IBM: bar of Wed 25 Nov, {NEXT}.<" in shown


def test_a_realtime_plan_has_no_such_sentence(thanksgiving: Desk) -> None:
    thanksgiving.store.status(producer(freshness="realtime"))
    assert "expected" not in words(opened())


def test_before_the_first_bar_the_page_names_the_bar_and_not_the_open(desk: Desk) -> None:
    desk.now = NOW
    desk.up()
    desk.store.status(producer(NOW - timedelta(hours=3)))
    shown = words(opened())
    assert "The next data of XNYS are due 04:00 EST." in shown
    assert "The first price comes when" not in shown


def sentences(state: ProducerStatus | None, viewer: str = "UTC", **days: date) -> list[str]:
    found = {symbol.replace("_", "."): day for symbol, day in days.items()}
    return expected.sentences(found, found, state, NOW, ZoneInfo(viewer))


def test_each_exchange_has_its_sentence_the_next_first() -> None:
    markets = [*producer().markets, MarketState(calendar="XLON", is_open=True, data_due=LONDON)]
    assert sentences(producer(markets=markets), IBM=WEDNESDAY, TSCO_LON=WEDNESDAY) == [
        "TSCO.LON: bar of Wed 25 Nov, next expected after 17:00 GMT.",
        f"IBM: bar of Wed 25 Nov, {NEXT}.",
    ]


@pytest.mark.parametrize(
    ("due", "end"),
    [
        pytest.param(NOW - timedelta(hours=15), ", next expected since Wed 25 Nov, 16:00 EST", id="late"),
        pytest.param(None, "", id="no hours known"),
    ],
)
def test_a_late_bar_and_an_unknown_one(due: datetime | None, end: str) -> None:
    assert sentences(producer(due), "America/New_York", IBM=TUESDAY) == [f"IBM: bar of Tue 24 Nov{end}."]


def test_a_symbol_with_an_older_bar_waits_for_its_turn() -> None:
    found = sentences(producer(), IBM=WEDNESDAY, AAPL=TUESDAY)
    assert found == [
        "AAPL: bar of Tue 24 Nov, that of Wed 25 Nov comes in its turn.",
        f"IBM: bar of Wed 25 Nov, {NEXT}.",
    ]


def test_many_symbols_are_counted() -> None:
    names = {f"S{number:02}": WEDNESDAY for number in range(14)}
    assert sentences(producer(), **names)[0].startswith("S00, S01, ")
    assert "S11 and 2 others: bar of Wed 25 Nov" in sentences(producer(), **names)[0]


def test_one_calendar_for_all_symbols_and_no_producer() -> None:
    assert sentences(producer(), "America/New_York", TSCO_LON=WEDNESDAY) == [
        "TSCO.LON: bar of Wed 25 Nov, next expected after Fri 27 Nov, 13:30 EST."
    ]
    assert sentences(None, IBM=WEDNESDAY) == []
    assert notices.next_due(producer()) == "The next data of XNYS are due Fri 27 Nov, 13:30 EST."

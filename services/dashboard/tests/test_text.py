from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from stock_common.status import MarketState
from stock_dashboard import market, text
from stock_dashboard.health import notices, strip
from stock_dashboard.ui import html

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        pytest.param(None, "–", id="never"),
        pytest.param(-3.0, "now", id="a clock ahead"),
        pytest.param(0.4, "now", id="under a second"),
        pytest.param(8.0, "8 s", id="seconds"),
        pytest.param(59.9, "59 s", id="still seconds"),
        pytest.param(60.0, "1 min", id="a minute"),
        pytest.param(240.0, "4 min", id="minutes"),
        pytest.param(7_500.0, "2 h 05 min", id="hours"),
        pytest.param(3 * 86_400.0, "3 d", id="days"),
        pytest.param(float("nan"), "–", id="no number"),
    ],
)
def test_age(seconds, words):
    assert text.age(seconds) == words


def _seconds(words: str) -> int:
    """What the words of an age say at least."""
    units = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h|d)\b", words))


@given(st.lists(st.floats(0, 400_000), min_size=2, max_size=2).map(sorted))
def test_a_greater_age_never_says_less(ages):
    least, most = (_seconds(text.age(seconds)) for seconds in ages)
    assert least <= most <= ages[1]


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        pytest.param(
            "Read " + text.ago(8.04) + ".", 'Read <time data-age="8.0" data-form="ago">8 s ago</time>.'
        ),
        pytest.param(text.counting(90), '<time data-age="90.0" data-form="age">1 min</time>', id="age"),
        pytest.param(text.ago(None), "never", id="never"),
        pytest.param(
            "<b>" + chr(0xE000) + "1 ago" + chr(0xE001), "&lt;b&gt;\ue0001 ago\ue001", id="a stranger's"
        ),
    ],
)
def test_an_age_is_an_element_that_the_browser_counts(sentence, shown):
    assert html.words(sentence) == shown


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1.204, "+1.20"),
        (-0.351, "−0.35"),
        (0.0, "0.00"),
        (-0.001, "0.00"),
        (None, "–"),
        (1234.5, "+1,234.50"),
    ],
)
def test_signed_has_its_sign_unless_it_shows_zero(number, words):
    assert text.signed(number) == words


@pytest.mark.parametrize(
    ("number", "words"), [(1234.5, "1,234.50"), (0.81234, "0.8123"), (None, "–"), (-2.0, "−2.00")]
)
def test_price(number, words):
    assert text.price(number) == words


def test_times_carry_their_zone_on_both_sides_of_a_clock_change():
    before = datetime(2026, 10, 30, 13, 30, tzinfo=UTC)
    after = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
    assert text.clock(before, NEW_YORK) == "09:30:00 EDT"
    assert text.clock(after, NEW_YORK) == "09:30:00 EST"
    assert text.moment(after, NEW_YORK, after) == "09:30:00 EST · 14:30:00 UTC"
    assert text.moment(after, UTC, after) == "14:30:00 UTC"


def test_a_zone_without_letters_is_named_by_its_offset():
    assert (
        text.clock(datetime(2026, 1, 5, 12, tzinfo=UTC), ZoneInfo("Asia/Tashkent"), seconds=False)
        == "17:00 UTC+05:00"
    )


def test_another_day_is_named():
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert text.stamp(datetime(2026, 11, 23, 14, 30, tzinfo=UTC), NEW_YORK, now) == "Mon 23 Nov, 09:30 EST"


ALWAYS = MarketState(calendar="24/7", is_open=True)
NYSE = MarketState(calendar="XNYS", is_open=False)


@pytest.mark.parametrize(
    ("symbol", "markets", "calendar"),
    [
        pytest.param("IBM", [NYSE], "XNYS", id="no suffix"),
        pytest.param("TSCO.LON", [NYSE], "XLON", id="London"),
        pytest.param("000002.SHZ", [NYSE], "XSHG", id="Shenzhen"),
        pytest.param("BRK.B", [NYSE], "XNYS", id="a share class is no exchange"),
        pytest.param("TSCO.LON", [ALWAYS], "24/7", id="one calendar for all"),
    ],
)
def test_exchange_of_a_symbol(symbol, markets, calendar):
    assert market.exchange_of(symbol, markets).calendar == calendar


@pytest.mark.parametrize(
    ("state", "hour", "is_open"),
    [
        pytest.param({"is_open": True, "next_close": 21}, 20, True, id="open"),
        pytest.param({"is_open": True, "next_close": 21}, 22, False, id="closed since the last word"),
        pytest.param({"is_open": False, "next_open": 14, "next_close": 21}, 13, False, id="closed"),
        pytest.param(
            {"is_open": False, "next_open": 14, "next_close": 21}, 15, True, id="opened since the last word"
        ),
        pytest.param({"is_open": True}, 3, True, id="never closes"),
    ],
)
def test_open_now_carries_the_last_word_over_the_next_change(state, hour, is_open):
    times = {
        name: datetime(2026, 11, 23, value, tzinfo=UTC) if name != "is_open" else value
        for name, value in state.items()
    }
    assert (
        market.open_now(MarketState(calendar="XNYS", **times), datetime(2026, 11, 23, hour, tzinfo=UTC))
        is is_open
    )


@pytest.mark.parametrize(
    ("hour", "zone", "expected"),
    [
        pytest.param(21, "Europe/Berlin", "16:00 EST (22:00 CET for you)", id="today"),
        pytest.param(
            21 + 24, "Europe/Berlin", "Tue 24 Nov, 16:00 EST (22:00 CET for you)", id="the same day"
        ),
        pytest.param(
            24, "Europe/Berlin", "19:00 EST (Tue 24 Nov, 01:00 CET for you)", id="the viewer's tomorrow"
        ),
        pytest.param(21, "Asia/Tokyo", "16:00 EST (06:00 JST for you)", id="today there is another day"),
        pytest.param(21, "America/New_York", "16:00 EST", id="the same zone"),
    ],
)
def test_a_time_in_both_zones(hour, zone, expected):
    now = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    time = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour)
    assert strip.both_times(time, NEW_YORK, ZoneInfo(zone), now) == expected


def test_a_label_shows_markdown_letter_by_letter():
    assert text.literal("![x](http://a/b)") == r"\!\[x\]\(http\://a/b\)"
    assert text.literal("Tech 1") == "Tech 1"


@pytest.mark.parametrize(
    ("due", "sentence"),
    [
        ({}, ""),
        ({"XNYS": "2026-11-27T18:30:00+00:00"}, "The next data of XNYS are due Fri 27 Nov, 13:30 EST."),
        (
            {"XNYS": "2026-11-27T18:30:00+00:00", "XLON": "2026-11-25T17:00:00+00:00"},
            "The next data of XLON are due 17:00 GMT.",
        ),
    ],
)
def test_when_the_next_data_are_due(due: dict[str, str], sentence: str) -> None:
    markets = [
        MarketState(calendar=code, is_open=False, data_due=datetime.fromisoformat(time))
        for code, time in due.items()
    ]
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert notices.next_due(samples.producer(now, markets=markets)) == sentence

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, quote

from stock_dashboard.live.minute_bars import LiveQuotes

seen = st.lists(
    st.tuples(
        st.sampled_from(["IBM", "AAPL"]),
        st.integers(-1, 1),
        st.integers(-600, 600),
        st.booleans(),
        st.integers(1, 999),
    ),
    min_size=1,
    max_size=40,
)


@given(seen, st.randoms())
def test_the_latest_is_the_greatest_by_day_time_and_offset_in_whatever_order_they_come(drawn, random):
    quotes = []
    for symbol, days, seconds, dated, price in drawn:
        at = NOW + timedelta(days=days, seconds=seconds)
        quotes.append(
            quote(
                symbol,
                str(price),
                NOW + timedelta(days=days, seconds=seconds),
                quoted_at=at if dated else None,
            )
        )
    placed = list(enumerate(quotes))
    random.shuffle(placed)
    tape = LiveQuotes()
    for offset, item in placed:
        tape.add(item, offset)
        tape.add(item, offset + 1_000_000)
    for symbol in {item.symbol for item in quotes}:
        ranked = [
            (item.trading_day, item.quoted_at or item.fetched_at, offset)
            for offset, item in placed
            if item.symbol == symbol
        ]
        assert tape.newest[symbol].rank == max(ranked)
    assert (tape.quotes, tape.resent) == (len(quotes), len(quotes))


def minutes_of(*items):
    tape = LiveQuotes()
    for offset, item in enumerate(items):
        tape.add(item, offset)
    return tape.minutes["IBM"].columns()


def test_volume_is_the_difference_of_the_cumulative_and_never_negative():
    at = [NOW + timedelta(seconds=20 * number) for number in range(6)]
    volumes = (1_000, 1_400, 1_500, 1_450, 1_450, 1_950)
    columns = minutes_of(*(quote(at=time, volume=volume) for time, volume in zip(at, volumes, strict=True)))
    assert columns[5].tolist() == [500.0, 500.0]


def test_a_new_days_volume_starts_at_nothing():
    columns = minutes_of(quote(volume=9_000), quote(at=NOW + timedelta(days=1), volume=300))
    assert columns[5].tolist() == [0.0, 300.0]


def test_a_late_quote_widens_its_own_minute_only():
    late = quote(price="90", at=NOW + timedelta(seconds=10))
    columns = minutes_of(quote(price="100"), quote(price="110", at=NOW + timedelta(minutes=1)), late)
    assert columns[3].tolist() == [90.0, 110.0]
    assert columns[4].tolist() == [100.0, 110.0]


def test_end_of_day_data_feed_no_minutes():
    tape = LiveQuotes()
    tape.add(quote(quoted_at=None, entitlement="end_of_day"), 0)
    assert tape.newest and not tape.minutes


def test_memory_is_bounded():
    tape = LiveQuotes(symbols=3, minutes=5, ids=10)
    for number in range(50):
        tape.add(quote(f"S{number % 8}", at=NOW + timedelta(minutes=number)), number)
    assert len(tape.newest) == 3
    assert tape.refused > 0
    assert all(minutes.columns().shape[1] <= 5 for minutes in tape.minutes.values())
    assert len(tape._seen) <= 10


def test_a_spark_has_its_newest_price_last_and_no_more_points_than_asked():
    tape = LiveQuotes()
    for number in range(200):
        tape.add(quote(price=str(number + 1), at=NOW + timedelta(minutes=number)), number)
    spark = tape.spark("IBM", 40)
    assert len(spark) == 40
    assert (spark[0], spark[-1]) == (1.0, 200.0)
    assert np.all(np.diff(spark) > 0)
    assert tape.spark("NONE", 40) == []


def test_a_spark_is_of_the_newest_trading_day_alone():
    tape, offsets = LiveQuotes(), iter(range(1_000))
    for number in range(30):
        tape.add(quote(price="500", at=NOW + timedelta(minutes=number)), next(offsets))
    assert tape.spark("IBM", 40) == [500.0] * 30
    tomorrow = NOW + timedelta(days=1)
    for number in range(5):
        tape.add(quote(price=str(number + 1), at=tomorrow + timedelta(seconds=5 * number)), next(offsets))
    assert tape.spark("IBM", 40) == [1.0, 2.0, 3.0, 4.0, 5.0]
    for number in range(20):
        tape.add(quote(price="9", at=tomorrow + timedelta(minutes=1 + number)), next(offsets))
    assert tape.spark("IBM", 40) == [5.0] + [9.0] * 20

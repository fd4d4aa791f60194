from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, bar_table, quote

from stock_dashboard.charts import axes, bars
from stock_dashboard.charts.price import ChartOptions, Mark, price_chart
from stock_dashboard.live.minute_bars import LiveQuotes

NEW_YORK = ZoneInfo("America/New_York")


def session(day: date, hours: int = 2, zone: ZoneInfo = NEW_YORK) -> list[datetime]:
    start = datetime(day.year, day.month, day.day, 9, 30, tzinfo=zone).astimezone(UTC)
    return [start + timedelta(minutes=5 * number) for number in range(hours * 12)]


def test_a_table_in_any_order_becomes_bars_oldest_first():
    made = bars.from_table(bar_table(session(date(2026, 11, 23))))
    assert np.all(np.diff(made.starts) > np.timedelta64(0, "s"))
    assert made.close.dtype == np.float64


def test_an_empty_table_is_no_bars():
    assert not bars.from_table(bar_table([]))


@given(
    st.lists(
        st.tuples(st.integers(0, 3_000), st.integers(1, 500), st.integers(0, 50)), min_size=2, max_size=120
    ),
    st.sampled_from([1, 5, 60]),
)
def test_bars_of_the_tape_equal_a_plain_computation(drawn, width):
    times = sorted({seconds for seconds, _, _ in drawn})
    cumulative, quotes, volume = 0, [], {}
    for place, (seconds, (_, price, traded)) in enumerate(zip(times, drawn, strict=False)):
        cumulative += traded
        start = (NOW.timestamp() + seconds) // (60 * width) * 60 * width
        volume[start] = volume.get(start, 0) + (traded if place else 0)
        quotes.append(
            (start, price, quote(price=str(price), at=NOW + timedelta(seconds=seconds), volume=cumulative))
        )
    tape = LiveQuotes()
    for offset, (_, _, item) in enumerate(quotes):
        tape.add(item, offset)
    minutes = tape.minutes["IBM"]
    columns = minutes.columns()
    made = bars.from_minutes(columns, minutes.whole_from, width, axes.local_days(columns[0], UTC))
    expected = sorted({start for start, _, _ in quotes if start >= minutes.whole_from})
    assert made.starts.astype("int64").tolist() == expected
    for place, start in enumerate(expected):
        prices = [price for at, price, _ in quotes if at == start]
        assert (made.open[place], made.high[place], made.low[place], made.close[place]) == (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        )
        assert made.volume[place] == volume[start]


def test_live_bars_take_over_where_they_begin():
    history = bars.from_table(bar_table(session(date(2026, 11, 23)), close=1.0))
    live = history.pick(slice(10, 12))._replace(close=np.array([2.0, 2.0]))
    joined = bars.join(history, live)
    assert len(joined.starts) == len(history.starts)
    assert joined.close[9:13].tolist() == [1.0, 2.0, 2.0, 1.0]


def test_the_last_sessions_are_by_trading_day():
    history = bars.from_table(
        bar_table([*session(date(2026, 11, 19)), *session(date(2026, 11, 20)), *session(date(2026, 11, 23))])
    )
    assert len(np.unique(bars.last_sessions(history, 2).days)) == 2


def test_the_last_day_of_a_market_that_never_closes_is_24_hours():
    end = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
    history = bars.from_table(bar_table([end - timedelta(minutes=number) for number in range(3_000)]))
    day = bars.last_sessions(history, 1, closes=False)
    assert len(day.starts) == 1_440 and day.starts[-1] == history.starts[-1]


def test_averages():
    values = np.arange(10.0)
    assert bars.average(values, 3)[2:].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert np.isnan(bars.average(values, 3)[:2]).all()
    assert np.isnan(bars.average(values, 20)).all()


def test_vwap_starts_again_each_day_and_joins_no_two_days():
    history = bars.from_table(
        bar_table([*session(date(2026, 11, 20)), *session(date(2026, 11, 23))], close=5.0)
    )
    line = bars.vwap(history)
    assert np.isnan(line[24]) and np.allclose(np.delete(line, 24), 5.0)


def test_the_axis_is_the_exchanges_wall_clock_over_a_clock_change():
    history = bars.from_table(bar_table([*session(date(2026, 10, 30)), *session(date(2026, 11, 2))]))
    times = axes.local_times(history, NEW_YORK, True)
    assert {time.strftime("%H:%M") for time in (times[0], times[24])} == {"09:30"}


def test_closed_hours_are_cut_out_as_the_bars_show_them():
    history = bars.from_table(bar_table([*session(date(2026, 11, 25)), *session(date(2026, 11, 27))]))
    assert axes.closed_hours(axes.local_times(history, NEW_YORK, True), history.days, True) == [
        {"bounds": ["2026-11-25T11:30:00", "2026-11-27T09:30:00"]}
    ]


def test_daily_bars_cut_out_weekends_and_holidays():
    days = pd.DatetimeIndex(["2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30"])
    assert axes.closed_hours(days, days.values, False) == [
        {"bounds": ["sat", "mon"]},
        {"values": ["2026-11-26"]},
    ]


@pytest.mark.parametrize("intraday", [True, False])
def test_a_chart_names_its_lines_and_keeps_its_zoom(intraday):
    history = bars.from_table(bar_table(session(date(2026, 11, 23), hours=5), close=100.0))
    mark = Mark(history.starts[3].astype(object).replace(tzinfo=UTC), 100.0, "moved 5%")
    look = ChartOptions(
        NEW_YORK,
        5 if intraday else 1_440,
        averages=(20, 50),
        vwap=True,
        last=101.0,
        change=1.0,
        previous_close=60.0,
        marks=(mark,),
    )
    figure = price_chart("IBM", history, look)
    assert figure.layout.uirevision == "IBM"
    assert [trace.name for trace in figure.data] == [
        "IBM",
        "MA 20",
        "MA 50",
        *(["VWAP"] if intraday else []),
        "Volume",
        "Alerts",
    ]
    low, high = figure.layout.yaxis.range
    assert 60.0 < low < 100.0 < 101.0 < high
    assert len(figure.layout.shapes) == 2


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        pytest.param(date(2026, 10, 30), NEW_YORK, "Fri 30 Oct 09:30 EDT · 13:30 UTC", id="summer"),
        pytest.param(date(2026, 11, 2), NEW_YORK, "Mon 2 Nov 09:30 EST · 14:30 UTC", id="winter"),
        pytest.param(date(2026, 11, 2), UTC, "Mon 2 Nov 14:30 UTC", id="UTC once"),
    ],
)
def test_a_bar_says_its_time_with_the_zone(day, zone, expected):
    assert axes.spoken_times(bars.from_table(bar_table(session(day)[:1])), zone) == [expected]


def test_one_bar_is_enough_for_a_chart():
    history = bars.from_table(bar_table([NOW]))
    figure = price_chart("IBM", history, ChartOptions(UTC, 1, last=100.0))
    candles = figure.data[0]
    assert len(candles.x) == axes.LEAST_BARS
    assert (np.asarray(candles.close)[0], np.isfinite(np.asarray(candles.close, dtype=float)).sum()) == (
        100.0,
        1,
    )
    low, high = figure.layout.yaxis.range
    assert high - low > 0.19


@pytest.mark.parametrize(
    ("minutes", "before", "after"),
    [(1, 1, axes.LEAST_BARS), (60, axes.LEAST_BARS, 1), (1_440, axes.LEAST_BARS, 1)],
)
def test_a_day_begins_at_the_left_and_longer_bars_end_at_the_right(minutes, before, after):
    figure = price_chart("IBM", bars.from_table(bar_table([NOW])), ChartOptions(UTC, minutes))
    first, last = (np.datetime64(at) for at in figure.layout.xaxis.range)
    bar, step = np.datetime64(figure.data[0].x[0]), np.timedelta64(minutes, "m")
    assert (bar - first, last - bar) == (before * step, after * step)


def test_an_average_begins_where_the_chart_begins():
    """MA 200 on six months: the closes before them count."""
    day = bars.from_table(
        bar_table([datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=n) for n in range(20)])
    )
    options = ChartOptions(UTC, 1_440, averages=(200,), before=np.full(199, 100.0))
    [line] = [trace for trace in price_chart("A", day, options).data if trace.name == "MA 200"]
    assert list(line.y) == [100.0] * 20

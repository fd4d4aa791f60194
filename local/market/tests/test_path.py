"""The path inside a bar, and the bars themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stock_market.bars import (
    CENT,
    REPLAYED,
    SCALE,
    Bar,
    is_known,
    is_us_traded,
    random_walk,
    real_bars,
    replayed,
)
from stock_market.path import build

prices = st.integers(CENT, 5_000_000)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, opened, closed, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    opened, closed = draw(st.permutations([opened, closed]))
    return Bar(opened, high, low, closed, draw(st.integers(0, 2_000_000_000)))


@settings(max_examples=60, deadline=None)
@given(bar=bars(), minutes=st.sampled_from([1, 2, 60, 210, 390, 1380, 1500]), number=st.integers(0, 2**32))
def test_a_path_touches_its_bar_and_stays_inside(bar: Bar, minutes: int, number: int) -> None:
    path = build(bar, minutes * 60, number)
    assert (path.ticks[0], path.ticks.max(), path.ticks.min(), path.ticks[-1]) == (
        bar.open,
        bar.high,
        bar.low,
        bar.close,
    )
    assert path.so_far(minutes * 60 - 1) == bar
    assert (np.diff(path.volumes) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(bar=bars(), number=st.integers(0, 2**32), tick=st.integers(0, 23_399))
def test_minutes_add_up_to_the_day_so_far(bar: Bar, number: int, tick: int) -> None:
    path = build(bar, 23_400, number)
    rows = path.until(tick)
    added = Bar(
        *(
            int(value)
            for value in (rows[0, 0], rows[:, 1].max(), rows[:, 2].min(), rows[-1, 3], rows[:, 4].sum())
        )
    )
    seen = path.ticks[: tick + 1]
    assert added == path.so_far(tick)
    assert added[:4] == (seen[0], seen.max(), seen.min(), seen[-1])


@pytest.mark.parametrize("symbol", REPLAYED)
def test_real_bars_are_real(symbol: str) -> None:
    rows = real_bars(symbol)
    assert (rows[:, 1] >= rows[:, [0, 3]].max(axis=1)).all()
    assert (rows[:, 2] <= rows[:, [0, 3]].min(axis=1)).all()
    assert np.abs(rows[1:, 3] / rows[:-1, 3] - 1).max() < 0.3


def test_real_bars_are_as_traded() -> None:
    # AAPL's last day in the data, 2013-03-01.
    assert real_bars("AAPL")[-1].tolist() == [4_380_000, 4_381_799, 4_299_800, 4_304_700, 19_730_300]


def test_a_replay_has_no_jump_where_the_data_end() -> None:
    rows = replayed("FB", 196 * 4)
    assert np.abs(rows[1:, 3] / rows[:-1, 3] - 1).max() < 0.25
    assert rows[196].tolist() == rows[195][[3, 1, 2, 0, 4]].tolist()


@settings(max_examples=25, deadline=None)
@given(
    symbol=st.from_regex(r"[A-Z]{1,5}", fullmatch=True),
    shorter=st.integers(1, 2000),
    longer=st.integers(2000, 9000),
)
def test_a_longer_walk_begins_with_the_shorter(symbol: str, shorter: int, longer: int) -> None:
    rows = random_walk(symbol, longer)
    assert (rows[:shorter] == random_walk(symbol, shorter)).all()
    assert (rows[:, 1] >= rows[:, [0, 3]].max(axis=1)).all()
    assert (rows[:, 2] <= rows[:, [0, 3]].min(axis=1)).all()
    assert rows[:, 2].min() > 5 * SCALE
    assert rows[:, 1].max() < 1500 * SCALE


@pytest.mark.parametrize(
    ("symbol", "traded", "in_us"),
    [
        pytest.param("IBM", True, True, id="US"),
        pytest.param("BRK.B", True, True, id="US share class"),
        pytest.param("TSCO.LON", True, False, id="London"),
        pytest.param("600104.SHH", True, False, id="Shanghai"),
        pytest.param("NOPE", False, True, id="unknown on purpose"),
        pytest.param("NOPE.LON", False, False, id="unknown on purpose, London"),
        pytest.param("A B", False, True, id="no symbol"),
        pytest.param("", False, True, id="empty"),
    ],
)
def test_symbols(symbol: str, traded: bool, in_us: bool) -> None:
    assert is_known(symbol) == traded
    assert is_us_traded(symbol) == in_us

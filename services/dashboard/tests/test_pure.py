"""Comparison, movers, alerts, groups, latency and files: from values to values."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from samples import NOW, bar_table, chain, loader

from stock_common.exchanges import UTC_MARKET
from stock_dashboard import groups
from stock_dashboard.charts import bars, comparison
from stock_dashboard.charts.bars import Bars
from stock_dashboard.data import alerts, movers
from stock_dashboard.data.row import COLUMNS, STAMP, Row
from stock_dashboard.health import latency
from stock_dashboard.pages import download
from stock_dashboard.ui import table


def series(first: int, closes: list[float]) -> Bars:
    """Minutes from `first` minutes after the epoch."""
    starts = (np.arange(len(closes)) + first).astype("int64") * 60
    values = np.array(closes, dtype="float64")
    return Bars(
        starts.astype(bars.SECOND),
        starts.astype(bars.SECOND).astype(bars.DAY),
        *([values] * 4),
        np.ones(len(closes)),
    )


def test_rebased_at_the_first_bar_that_all_have():
    found = comparison.compared({"A": series(0, [1, 2, 4]), "B": series(1, [50, 25]), "C": bars.empty()})
    assert [line.values.tolist() for line in found.lines] == [[100, 200], [100, 50]]
    assert (found.late, found.absent) == ("B", ["C"])
    assert [line.change for line in found.lines] == [100, -50]
    assert comparison.table(found.lines).num_rows == 4
    assert download.csv(comparison.table([])) == b'"symbol","trading_day","starts_at","close","rebased"\n'


def test_no_common_time_leaves_the_earlier_out():
    found = comparison.compared({"A": series(0, [1, 2]), "B": series(9, [5, 5])})
    assert [line.symbol for line in found.lines] == ["B"] and found.absent == ["A"]


def test_a_close_of_nothing_is_no_base():
    found = comparison.compared({"A": series(0, [0, float("nan"), 4, 2])})
    assert found.lines[0].values.tolist() == [100, 50]
    assert found.lines[0].drawdown == -50


@pytest.mark.parametrize("step", [pytest.param(1e-4, id="close together"), pytest.param(0, id="all flat")])
def test_labels_cover_no_other_and_stay_on_the_axis(step):
    lines = comparison.compared(
        {name: series(0, [1, 1 + number * step]) for number, name in enumerate("ABCDEFGHIJ")}
    ).lines
    chart = comparison.chart(lines, UTC_MARKET, 1, closes=False)
    low, high = chart.layout.yaxis.range
    pixels = [(label.y - low) / (high - low) * (comparison.HEIGHT - 40) for label in chart.layout.annotations]
    assert len(chart.data) == 10
    assert all(upper - lower > comparison.LABEL_PIXELS - 0.1 for lower, upper in pairwise(pixels))
    assert pixels[0] > 0 and pixels[-1] < comparison.HEIGHT - 40


def test_lines_that_stand_still_are_labelled_where_they_are():
    lines = comparison.compared({name: series(0, [7, 7]) for name in "ABC"}).lines
    chart = comparison.chart(lines, UTC_MARKET, 1, closes=False)
    assert all(abs(label.y - comparison.BASE) < 0.02 for label in chart.layout.annotations)


@pytest.mark.parametrize("minutes", [1, 1_440])
def test_the_first_bar_of_a_comparison_is_a_mark_and_nothing_is_drawn_of_the_future(minutes):
    lines = comparison.compared({"A": series(0, [7]), "B": series(0, [9])}).lines
    chart = comparison.chart(lines, UTC_MARKET, minutes, closes=False)
    assert {line.mode for line in chart.data} == {"lines+markers"}
    bar, step = np.datetime64(chart.data[0].x[0]), np.timedelta64(minutes, "m")
    first, last = (np.datetime64(at) for at in chart.layout.xaxis.range)
    assert (bar - first, last - bar) == (comparison.LEAST_STEPS * step, step)


def row(symbol: str, percent: float | None, volume: float | None = 1, days: float = 0) -> Row:
    """A row at 10.0 whose previous close gives the change in percent."""
    at = NOW - timedelta(days=days)
    return Row(
        symbol=symbol,
        price=10.0,
        previous=None if percent is None else 10.0 / (1 + percent / 100),
        open=None,
        high=None,
        low=None,
        volume=volume,
        trading_day=at.date(),
        at=at,
        session=None,
        entitlement=None,
        source="alphavantage",
    )


def test_movers():
    found = movers.ranked(
        [
            row("A", 1),
            row("B", 3),
            row("C", -2, 9),
            row("D", 0, None),
            row("E", None),
            row("OLD", 50, days=4),
            row("F", 3),
        ],
        count=2,
    )
    assert [[item.symbol for item in part] for part in found[:3]] == [["B", "F"], ["C"], ["C", "A"]]
    assert found.left_out == 1
    assert [item["rank"] for item in movers.file_rows(found)] == [1, 2, 1, 1, 2]
    assert movers.ranked([]) == ([], [], [], 0, None, 0)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(90, (2, 8), id="only minutes after its own"),
        pytest.param(30, None, id="the tape began later"),
        pytest.param(200, None, id="nothing since"),
    ],
)
def test_low_and_high_since(at, expected):
    minutes = np.array(
        [[60, 120, 180], [5, 5, 5], [9, 7, 8], [1, 3, 2], [5, 5, 5], [0, 0, 0]], dtype="float64"
    )
    assert alerts.swing(minutes, 120, datetime.fromtimestamp(at, UTC)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("", (), id="none"),
        pytest.param(
            " Tech = aapl, MSFT AAPL ;Banks=JPM;", (("Tech", ("AAPL", "MSFT")), ("Banks", ("JPM",))), id="two"
        ),
    ],
)
def test_groups(words, expected):
    assert groups.parsed(words) == expected


@pytest.mark.parametrize("words", ["Tech", "=AAPL", "Tech=", "All=AAPL", "A=X;A=Y", "A=<b>"])
def test_no_groups(words):
    with pytest.raises(ValueError, match=r"group|no symbol"):
        groups.parsed(words)


def test_exchanges_are_groups_where_there_are_several():
    assert groups.groups_with_members((), ["IBM", "BRK.B"]) == {}
    assert groups.groups_with_members((("Oil", ("SHEL.LON", "XOM")),), ["IBM", "SHEL.LON"]) == {
        "Oil": {"SHEL.LON"},
        "London": {"SHEL.LON"},
        "New York": {"IBM"},
    }


def test_legs_of_the_way():
    newest = NOW + timedelta(seconds=3.5)
    legs = latency.legs(
        (0.2, 0.3),
        (chain(9, put_at=NOW + timedelta(seconds=4), last_kafka_time=newest),),
        loader(9, waited_seconds=5.0),
    )
    assert [(leg.start, leg.end) for leg in legs] == [(0.0, 0.2), (0.2, 0.5), (0.2, 4.2), (4.2, 9.2)], (
        "the record that waited longest counts"
    )
    assert "Kafka → S3: 4.0 s" in latency.picture(legs)
    assert latency.picture(latency.legs(None, (), None)).count("not known yet") == 4


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (0.01, 0), (3_600, 100), (9_999_999, 100)])
def test_a_time_on_the_scale(seconds, expected):
    assert latency.place(seconds) == expected


def test_a_file_has_exact_values_and_utc():
    at = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    content = download.table(
        [{"symbol": "IBM", "at": at, "price": 0.1 + 0.2}, {"symbol": "=1+1"}],
        (("symbol", pa.string()), ("at", STAMP), ("price", pa.float64())),
    )
    assert download.csv(content).decode().splitlines() == [
        '"symbol","at","price"',
        '"IBM","2026-11-01T06:30:00.000Z",0.30000000000000004',
        '"\'=1+1",,',
    ]
    assert (
        pyarrow.parquet.read_table(io.BytesIO(download.parquet(content))).to_pylist() == content.to_pylist()
    )


def test_bars_as_a_file():
    content = download.bar_table("IBM", series(0, [1.0, float("nan")]))
    assert content.to_pylist()[0] == {
        "symbol": "IBM",
        "trading_day": date(1970, 1, 1),
        "starts_at": datetime(1970, 1, 1, tzinfo=UTC),
        "open": 1.0,
        "high": 1.0,
        "low": 1.0,
        "close": 1.0,
        "volume": 1.0,
    }
    assert content.column("close").to_pylist()[1] is None
    assert download.csv(download.bar_table("IBM", bars.empty())).startswith(b'"symbol"')


def test_daily_bars_as_a_file_say_which_are_split_adjusted():
    stored = bar_table([NOW - timedelta(days=1), NOW], adjusted=[None, NOW])
    content = download.bar_table("IBM", bars.from_table(stored), bars.adjusted_at(stored))
    assert content.select(["starts_at", "adjusted_at"]).to_pylist() == [
        {"starts_at": NOW - timedelta(days=1), "adjusted_at": NOW},
        {"starts_at": NOW, "adjusted_at": None},
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param(("percent:desc", None), ["B", "A", "C", "D"], id="downward, absent last"),
        pytest.param(("percent:asc", None), ["C", "A", "B", "D"], id="upward, absent last"),
        pytest.param((None, "a, d"), ["A", "D"], id="filtered"),
        pytest.param(("nonsense:desc", ""), ["A", "B", "C", "D"], id="no such column"),
    ],
)
def test_a_file_is_as_the_table_is_seen(choice, expected):
    rows = [row("A", 1), row("B", 3), row("C", -2), row("D", None)]
    found = table.selected(rows, table.Choice(*choice), table.TableOptions("Live prices", COLUMNS))
    assert [item.symbol for item in found] == expected


def test_the_table_and_the_file_have_their_columns_from_one_list():
    shown = "symbol spark price change percent reach open previous volume at session"
    assert table.TableOptions("Live prices", COLUMNS).names == tuple(shown.split())
    quoted = "symbol price change percent open high low previous volume observed_at"
    written = f"{quoted} session currency source entitlement"
    assert [name for name, _ in table.fields(COLUMNS)] == written.split()
    assert list(table.file_rows([row("A", 1)], COLUMNS)[0]) == written.split()

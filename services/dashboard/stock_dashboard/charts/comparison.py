"""Several symbols on one scale: closes rebased to 100 at the first bar that all of them have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa

from stock_common.exchanges import Exchange
from stock_dashboard import palette, text
from stock_dashboard.charts.axes import LAYOUT, closed_hours, local_times, time_range
from stock_dashboard.charts.bars import Bars, empty

LIMIT = 10
BASE = 100.0
HEIGHT = 500
LEAST_STEPS = 10
"""The time axis has room for so many bars at least, before the first one: nothing is drawn of the future."""
LEAST_SPAN = 0.2
"""The value axis covers so many percent at least: lines that stand still are no mountains."""
LABEL_PIXELS = 18
"""Between two labels, as the chart is drawn at first."""
SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("trading_day", pa.date32()),
        ("starts_at", pa.timestamp("us", "UTC")),
        ("close", pa.float64()),
        ("rebased", pa.float64()),
    ]
)
"""The columns of a comparison in a file."""


class Line(NamedTuple):
    """One symbol's bars from the common start, and its closes where the first is 100."""

    symbol: str
    bars: Bars
    values: np.ndarray

    @property
    def change(self) -> float:
        """Percent over the shown range."""
        return float(self.values[-1] - BASE)

    @property
    def drawdown(self) -> float:
        """The deepest fall from a peak before it, in percent, at most 0."""
        peaks = np.maximum.accumulate(self.values)
        return float((self.values / peaks - 1).min() * 100)


class Comparison(NamedTuple):
    """Several symbols on one scale.

    start: the first bar that all of them have, UTC.
    late: the symbol that begins last, None where all begin together.
    absent: the symbols without bars.
    """

    lines: list[Line]
    start: np.datetime64 | None
    late: str | None
    absent: list[str]


def compared(found: Mapping[str, Bars]) -> Comparison:
    """The symbols that have bars, on one scale. Symbols without a bar since the common start are left out."""
    there = {symbol: priced for symbol, bars in found.items() if (priced := _priced(bars))}
    absent = [symbol for symbol in found if symbol not in there]
    if not there:
        return Comparison([], None, None, absent)
    late = max(there, key=lambda symbol: there[symbol].starts[0])
    start = there[late].starts[0]
    first = min(bars.starts[0] for bars in there.values())
    lines = []
    for symbol, bars in there.items():
        after = bars.pick(bars.starts >= start)
        if after:
            lines.append(Line(symbol, after, after.close / after.close[0] * BASE))
        else:
            absent.append(symbol)
    return Comparison(lines, start, late if first < start else None, absent)


def _priced(bars: Bars) -> Bars:
    """The bars with a close above 0: a change against 0 has no value."""
    return bars.pick(bars.close > 0) if bars else empty()


def table(lines: list[Line]) -> pa.Table:
    """symbol, trading_day, starts_at (UTC), close, rebased."""
    parts = [SCHEMA.empty_table()]
    for line in lines:
        starts = pa.array(line.bars.starts.astype("datetime64[us]")).cast(SCHEMA.field("starts_at").type)
        columns = [
            pa.array([line.symbol] * len(line.values)),
            pa.array(line.bars.days),
            starts,
            pa.array(line.bars.close),
            pa.array(line.values),
        ]
        parts.append(pa.table(columns, schema=SCHEMA))
    return pa.concat_tables(parts)


def chart(lines: list[Line], exchange: Exchange, minutes: int, closes: bool) -> go.Figure:
    """One line a symbol, with its own colour and dash and its name at its end.

    minutes: the length of a bar, 1440 for a day. closes: hours without bars are cut out.
    """
    intraday = minutes < 1_440
    every = _union(lines)
    times = local_times(every, exchange.zone, intraday)
    figure = go.Figure()
    for line, (colour, dash) in zip(lines, palette.LINES, strict=False):
        line_times = local_times(line.bars, exchange.zone, intraday)
        figure.add_trace(_trace(line, line_times, {"color": colour, "dash": dash, "width": 1.7}))
    figure.add_hline(y=BASE, line={"color": palette.NEUTRAL, "width": 1, "dash": "dot"})
    span = _value_range(lines)
    for label in _labels(lines, span):
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", yref="y", showarrow=False, borderpad=1, **label
        )
    figure.update_xaxes(
        hoverformat=f"%a %-d %b, %H:%M {exchange.name}" if intraday else "%a %-d %b %Y",
        rangebreaks=closed_hours(times, every.days, intraday) if closes else [],
        range=time_range(times, minutes, LEAST_STEPS),
        gridcolor=palette.GRID,
        zeroline=False,
        showline=False,
    )
    figure.update_yaxes(
        side="left", gridcolor=palette.GRID, zeroline=False, ticklabelposition="inside top", range=span
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 96, "t": 8, "b": 8},
        hovermode="x unified",
        uirevision=",".join(line.symbol for line in lines) + str(minutes),
        showlegend=False,
        **LAYOUT,
    )
    return figure


def _trace(line: Line, times: pd.DatetimeIndex, style: dict[str, Any]) -> go.Scatter:
    return go.Scatter(
        x=times,
        y=line.values,
        mode="lines" if len(line.values) > 1 else "lines+markers",
        name=line.symbol,
        line=style,
        customdata=line.bars.close,
        hovertemplate="%{y:.2f} (close %{customdata:,.2f})",
    )


def _union(lines: list[Line]) -> Bars:
    """One bar for every time that any symbol has."""
    starts = np.concatenate([line.bars.starts for line in lines])
    days = np.concatenate([line.bars.days for line in lines])
    starts, first = np.unique(starts, return_index=True)
    nothing = np.full(len(starts), np.nan)
    return Bars(starts, days[first], *(nothing for _ in range(5)))


def _value_range(lines: list[Line]) -> list[float]:
    """What the value axis shows: every line and the base, with a little room."""
    values = np.concatenate([line.values for line in lines])
    low, high = min(float(values.min()), BASE), max(float(values.max()), BASE)
    room = max((high - low) * 0.06, (LEAST_SPAN - (high - low)) / 2)
    return [low - room, high + room]


def _labels(lines: list[Line], span: list[float]) -> list[dict[str, Any]]:
    """The name and the change at each line's end, moved apart where the lines end close together.

    span: what the value axis shows. All labels stay within it.
    """
    step = (span[1] - span[0]) * LABEL_PIXELS / (HEIGHT - 40)
    drawn = sorted(zip(lines, palette.LINES, strict=False), key=lambda pair: pair[0].values[-1])
    places = [float(line.values[-1]) for line, _ in drawn]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + step)
    top = span[1] - step / 2
    for number in reversed(range(len(places))):
        places[number] = min(places[number], top)
        top = places[number] - step
    return [
        {
            "y": place,
            "text": f" {line.symbol} {text.signed(line.change, 2, '%')}",
            "font": {"color": colour, "size": 11},
        }
        for place, (line, (colour, _)) in zip(places, drawn, strict=True)
    ]

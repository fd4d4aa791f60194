"""Several symbols on one scale: closes rebased to 100 at the first bar that all of them have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from stock_dashboard import palette, text
from stock_dashboard.axes import closed_hours, local_times, time_range
from stock_dashboard.bars import Bars, empty
from stock_dashboard.market import Exchange

LIMIT = 10
BASE = 100.0
HEIGHT = 500
LEAST_STEPS = 10
"""A day's first bars leave room for the next ones."""
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
    """`start`: the first bar that all have, UTC; `late`: the symbol that begins last, where the others begin earlier; `absent`: no bars."""

    lines: list[Line]
    start: np.datetime64 | None
    late: str | None
    absent: list[str]


def compared(found: Mapping[str, Bars]) -> Comparison:
    """The symbols that have bars, on one scale. Those without any common time are left out too."""
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
    """The bars with a close above 0: nothing can be measured against another."""
    return bars.pick(bars.close > 0) if bars else empty()


def table(lines: list[Line]) -> pa.Table:
    """symbol, trading_day, starts_at (UTC), close, rebased."""
    parts = [SCHEMA.empty_table()]
    for line in lines:
        starts = pa.array(line.bars.starts.astype("datetime64[us]")).cast(SCHEMA.field("starts_at").type)
        columns = [pa.array([line.symbol] * len(line.values)), pa.array(line.bars.days), starts, pa.array(line.bars.close), pa.array(line.values)]
        parts.append(pa.table(columns, schema=SCHEMA))
    return pa.concat_tables(parts)


def chart(lines: list[Line], exchange: Exchange, minutes: int, closes: bool) -> go.Figure:
    """One line a symbol, told apart by colour and dash, each with its name at its end. `closes`: hours without bars are cut out."""
    intraday = minutes < 1_440
    every = _union(lines)
    times = local_times(every, exchange.zone, intraday)
    figure = go.Figure()
    for line, (colour, dash) in zip(lines, palette.LINES, strict=False):
        figure.add_trace(
            go.Scatter(
                x=local_times(line.bars, exchange.zone, intraday),
                y=line.values,
                mode="lines" if len(line.values) > 1 else "lines+markers",
                name=line.symbol,
                line={"color": colour, "dash": dash, "width": 1.7},
                customdata=line.bars.close,
                hovertemplate="%{y:.2f} (close %{customdata:,.2f})",
            )
        )
    figure.add_hline(y=BASE, line={"color": palette.NEUTRAL, "width": 1, "dash": "dot"})
    for label in _labels(lines):
        figure.add_annotation(x=1, xref="paper", xanchor="left", yref="y", showarrow=False, borderpad=1, **label)
    breaks = closed_hours(times, every.days, intraday) if closes else []
    hover = f"%a %-d %b, %H:%M {exchange.place}" if intraday else "%a %-d %b %Y"
    figure.update_xaxes(
        hoverformat=hover, rangebreaks=breaks, range=time_range(times, minutes, LEAST_STEPS), gridcolor=palette.GRID, zeroline=False, showline=False
    )
    figure.update_yaxes(side="left", gridcolor=palette.GRID, zeroline=False, ticklabelposition="inside top")
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 96, "t": 8, "b": 8},
        dragmode="pan",
        hovermode="x unified",
        uirevision=",".join(line.symbol for line in lines) + str(minutes),
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": palette.FONT, "size": 11},
    )
    return figure


def _union(lines: list[Line]) -> Bars:
    """One bar for every time that any symbol has."""
    starts = np.concatenate([line.bars.starts for line in lines])
    days = np.concatenate([line.bars.days for line in lines])
    starts, first = np.unique(starts, return_index=True)
    nothing = np.full(len(starts), np.nan)
    return Bars(starts, days[first], *(nothing for _ in range(5)))


def _labels(lines: list[Line]) -> list[dict[str, Any]]:
    """The name and the change at each line's end, moved apart where the lines end close together."""
    values = np.concatenate([line.values for line in lines])
    step = float(values.max() - values.min()) * 18 / (HEIGHT - 40) or 1.0
    drawn = sorted(zip(lines, palette.LINES, strict=False), key=lambda pair: pair[0].values[-1])
    labels: list[dict[str, Any]] = []
    for line, (colour, _) in drawn:
        place = float(line.values[-1])
        if labels:
            place = max(place, labels[-1]["y"] + step)
        body = f" {line.symbol} {text.signed(line.change, 2, '%')}"
        labels.append({"y": place, "text": body, "font": {"color": colour, "size": 11}})
    return labels

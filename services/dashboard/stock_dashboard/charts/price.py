"""The chart of one symbol: candles over volume. Pure: the same bars give the same figure."""

from __future__ import annotations

from datetime import tzinfo
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from stock_dashboard import palette, text
from stock_dashboard.charts.axes import (
    LAYOUT,
    LEAST_BARS,
    closed_hours,
    filled,
    local_times,
    price_range,
    spoken_times,
    time_range,
)
from stock_dashboard.charts.bars import Bars, average, vwap

HEIGHT = 560
DAY_MINUTES = 1_440
LINE_FROM_BARS = 700
"""From this many bars on a candle is one or two pixels wide, and volume bars have no gap."""
CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
}


class Mark(NamedTuple):
    """An alert on the chart. `at` is aware."""

    at: Any
    price: float
    label: str


class ChartOptions(NamedTuple):
    """How bars are drawn, and which lines.

    zone: the time zone of the time axis.
    minutes: the length of a bar, 1440 for a day.
    closes: hours without bars are cut out.
    averages: the windows of moving averages, in bars. before: closes of the bars before.
    last, previous_close: prices that get a line, None for none. `change` gives the last price its colour.
    """

    zone: tzinfo
    minutes: int
    closes: bool = True
    averages: tuple[int, ...] = ()
    before: np.ndarray | tuple[()] = ()
    vwap: bool = False
    last: float | None = None
    change: float | None = None
    previous_close: float | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def intraday(self) -> bool:
        return self.minutes < DAY_MINUTES


def price_chart(symbol: str, bars: Bars, options: ChartOptions) -> go.Figure:
    """Candles over volume, with the lines of `options`. uirevision is the symbol: zoom outlives a refresh."""
    times = local_times(bars, options.zone, options.intraday)
    breaks = closed_hours(times, bars.days, options.intraday) if options.closes else []
    drawn_times, drawn = filled(times, bars, options.minutes) if options.minutes == 1 else (times, bars)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.8, 0.2], vertical_spacing=0.02)
    figure.add_trace(_candles(symbol, drawn_times, drawn, options), row=1, col=1)
    for window in options.averages:
        values = average(np.concatenate([options.before, bars.close]), window)[len(options.before) :]
        _line(figure, times, values, f"MA {window}", palette.AVERAGES.get(window, palette.NEUTRAL))
    if options.vwap and options.intraday:
        _line(figure, times, vwap(bars), "VWAP", palette.VWAP)
    figure.add_trace(_volume(drawn_times, drawn), row=2, col=1)
    _price_lines(figure, options)
    _marks(figure, options)
    _axes(figure, bars, options.last)
    span = time_range(drawn_times, options.minutes, 0 if options.minutes == 1 else LEAST_BARS)
    figure.update_xaxes(range=span, rangebreaks=breaks)
    _layout(figure, symbol, bar_gap=0 if len(drawn_times) > LINE_FROM_BARS else 0.25)
    return figure


def _volume(times: pd.DatetimeIndex, bars: Bars) -> go.Bar:
    # Numbers on a scale of two colours: plotly checks each colour name, which takes longer than the rest.
    scale = {
        "colorscale": [[0, palette.DOWN_SOFT], [1, palette.UP_SOFT]],
        "cmin": 0,
        "cmax": 1,
        "showscale": False,
    }
    marker = {"color": (bars.close >= bars.open).astype("uint8"), "line": {"width": 0}, **scale}
    return go.Bar(
        x=times,
        y=bars.volume,
        marker=marker,
        name="Volume",
        showlegend=False,
        hovertemplate="Volume %{y:,.0f}<extra></extra>",
    )


def _candles(symbol: str, times: pd.DatetimeIndex, bars: Bars, options: ChartOptions) -> go.Candlestick:
    when = (
        spoken_times(bars, options.zone)
        if options.intraday
        else [f"{day:%a} {day.day} {day:%b %Y}" for day in times]
    )
    return go.Candlestick(
        x=times,
        open=_gaps(bars.open),
        high=_gaps(bars.high),
        low=_gaps(bars.low),
        close=_gaps(bars.close),
        name=symbol,
        showlegend=False,
        increasing={"line": {"color": palette.UP, "width": 1}, "fillcolor": palette.UP},
        decreasing={"line": {"color": palette.DOWN, "width": 1}, "fillcolor": palette.DOWN},
        whiskerwidth=0,
        text=when,
        hoverinfo="text",
        hovertext=[
            _hover(label, o, h, low, c)
            for label, o, h, low, c in zip(when, bars.open, bars.high, bars.low, bars.close, strict=True)
        ],
    )


def _gaps(values: np.ndarray) -> np.ndarray | list[float | None]:
    """None for NaN: plotly draws no candle for None, and a broken path for NaN."""
    if not np.isnan(values).any():
        return values
    return [None if np.isnan(value) else float(value) for value in values]


def _hover(label: str, opened: float, high: float, low: float, close: float) -> str:
    upper = f"Open {text.price(opened)}  High {text.price(high)}"
    lower = f"Low {text.price(low)}  Close {text.price(close)}"
    return f"<b>{label}</b><br>{upper}<br>{lower}<br>Change {text.signed(close - opened)}"


def _line(figure: go.Figure, times: pd.DatetimeIndex, values: np.ndarray, name: str, colour: str) -> None:
    line = go.Scatter(
        x=times, y=values, mode="lines", name=name, line={"color": colour, "width": 1.3}, hoverinfo="skip"
    )
    figure.add_trace(line, row=1, col=1)


def _level(figure: go.Figure, price: float, colour: str, dash: str) -> None:
    figure.add_shape(
        type="line",
        xref="x domain",
        x0=0,
        x1=1,
        yref="y",
        y0=price,
        y1=price,
        line={"color": colour, "width": 1, "dash": dash},
    )


def _price_lines(figure: go.Figure, options: ChartOptions) -> None:
    if options.previous_close is not None:
        _level(figure, options.previous_close, palette.NEUTRAL, "dot")
    if options.last is None:
        return
    colour = palette.direction(options.change)
    _level(figure, options.last, colour, "dash")
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="left",
        y=options.last,
        yref="y",
        showarrow=False,
        text=f" {text.price(options.last)} ",
        font={"color": "white", "size": 11},
        bgcolor=colour,
        borderpad=2,
    )


def _marks(figure: go.Figure, options: ChartOptions) -> None:
    if not options.marks:
        return
    stamps = pd.DatetimeIndex([mark.at for mark in options.marks]).tz_convert(options.zone).tz_localize(None)
    times = stamps if options.intraday else stamps.normalize()
    figure.add_trace(
        go.Scatter(
            x=times,
            y=[mark.price for mark in options.marks],
            mode="markers",
            name="Alerts",
            # Plotly takes tags in a text for markup.
            hovertext=[escape(mark.label) for mark in options.marks],
            hoverinfo="text",
            marker={
                "symbol": "diamond",
                "size": 9,
                "color": palette.AVERAGES[20],
                "line": {"color": "white", "width": 1},
            },
        ),
        row=1,
        col=1,
    )


def _axes(figure: go.Figure, bars: Bars, last: float | None) -> None:
    spikes = {
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": palette.NEUTRAL,
    }
    figure.update_xaxes(
        rangeslider_visible=False, gridcolor=palette.GRID, showline=False, zeroline=False, **spikes
    )
    figure.update_yaxes(side="right", gridcolor=palette.GRID, zeroline=False, fixedrange=False, **spikes)
    places = text.decimals(float(np.nanmin(bars.low))) if bars else 2
    figure.update_yaxes(row=1, col=1, tickformat=f",.{places}f", range=price_range(bars, last))
    figure.update_yaxes(row=2, col=1, tickformat="~s", nticks=4, rangemode="tozero", showspikes=False)


def _layout(figure: go.Figure, symbol: str, bar_gap: float) -> None:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 64, "t": 8, "b": 8},
        hovermode="closest",
        hoverdistance=40,
        spikedistance=-1,
        uirevision=symbol,
        bargap=bar_gap,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "font": {"size": 11}},
        **LAYOUT,
    )

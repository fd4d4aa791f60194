"""Figures from bars. Pure: the same bars give the same figure, so that a refresh that changes nothing draws nothing."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from stock_dashboard import palette, text
from stock_dashboard.axes import closed_hours, filled, local_times, price_range, spoken_times, time_range
from stock_dashboard.bars import Bars, average, vwap

HEIGHT = 560
DAY_MINUTES = 1_440
LINE_FROM_BARS = 700
"""From this many bars on, single candles are narrower than a pixel or two: volume bars lose their gap."""
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


class Look(NamedTuple):
    """How bars of `minutes` (1440: a day) are drawn, and what beside them. `last` and `previous_close` None: no such line;
    `change` colours the last price."""

    zone: tzinfo
    minutes: int
    closes: bool = True
    averages: tuple[int, ...] = ()
    vwap: bool = False
    last: float | None = None
    change: float | None = None
    previous_close: float | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def intraday(self) -> bool:
        return self.minutes < DAY_MINUTES


def price_chart(symbol: str, bars: Bars, look: Look) -> go.Figure:
    """Candles over volume, with the lines that `look` names. Zoom outlives a refresh (uirevision is the symbol)."""
    times = local_times(bars, look.zone, look.intraday)
    breaks = closed_hours(times, bars.days, look.intraday) if look.closes else []
    drawn_times, drawn = filled(times, bars, look.minutes)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.8, 0.2], vertical_spacing=0.02)
    figure.add_trace(_candles(symbol, drawn_times, drawn, look), row=1, col=1)
    for window in look.averages:
        _line(figure, times, average(bars.close, window), f"MA {window}", palette.AVERAGES.get(window, palette.NEUTRAL))
    if look.vwap and look.intraday:
        _line(figure, times, vwap(bars), "VWAP", palette.VWAP)
    figure.add_trace(_volume(drawn_times, drawn), row=2, col=1)
    _price_lines(figure, look)
    _marks(figure, look)
    _axes(figure, symbol, drawn_times, bars, breaks, look)
    return figure


def _volume(times: pd.DatetimeIndex, bars: Bars) -> go.Bar:
    # Numbers on a scale of two colours: plotly looks at each name of a colour, which takes longer than all the rest.
    scale = {"colorscale": [[0, palette.DOWN_SOFT], [1, palette.UP_SOFT]], "cmin": 0, "cmax": 1, "showscale": False}
    marker = {"color": (bars.close >= bars.open).astype("uint8"), "line": {"width": 0}, **scale}
    return go.Bar(x=times, y=bars.volume, marker=marker, name="Volume", showlegend=False, hovertemplate="Volume %{y:,.0f}<extra></extra>")


def _candles(symbol: str, times: pd.DatetimeIndex, bars: Bars, look: Look) -> go.Candlestick:
    when = spoken_times(bars, look.zone) if look.intraday else [f"{day:%a} {day.day} {day:%b %Y}" for day in times]
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
        hovertext=[_hover(label, o, h, low, c) for label, o, h, low, c in zip(when, bars.open, bars.high, bars.low, bars.close, strict=True)],
    )


def _gaps(values: np.ndarray) -> np.ndarray | list[float | None]:
    """None for NaN: plotly draws no candle for the one, and a broken path for the other."""
    return [None if np.isnan(value) else float(value) for value in values] if np.isnan(values).any() else values


def _hover(label: str, opened: float, high: float, low: float, close: float) -> str:
    prices = f"Open {text.price(opened)}  High {text.price(high)}<br>Low {text.price(low)}  Close {text.price(close)}"
    return f"<b>{label}</b><br>{prices}<br>Change {text.signed(close - opened)}"


def _line(figure: go.Figure, times: pd.DatetimeIndex, values: np.ndarray, name: str, colour: str) -> None:
    line = go.Scatter(x=times, y=values, mode="lines", name=name, line={"color": colour, "width": 1.3}, hoverinfo="skip")
    figure.add_trace(line, row=1, col=1)


def _level(figure: go.Figure, price: float, colour: str, dash: str) -> None:
    figure.add_shape(type="line", xref="x domain", x0=0, x1=1, yref="y", y0=price, y1=price, line={"color": colour, "width": 1, "dash": dash})


def _price_lines(figure: go.Figure, look: Look) -> None:
    if look.previous_close is not None:
        _level(figure, look.previous_close, palette.NEUTRAL, "dot")
    if look.last is None:
        return
    colour = palette.direction(look.change)
    _level(figure, look.last, colour, "dash")
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="left",
        y=look.last,
        yref="y",
        showarrow=False,
        text=f" {text.price(look.last)} ",
        font={"color": "white", "size": 11},
        bgcolor=colour,
        borderpad=2,
    )


def _marks(figure: go.Figure, look: Look) -> None:
    if not look.marks:
        return
    stamps = pd.DatetimeIndex([mark.at for mark in look.marks]).tz_convert(look.zone).tz_localize(None)
    times = stamps if look.intraday else stamps.normalize()
    figure.add_trace(
        go.Scatter(
            x=times,
            y=[mark.price for mark in look.marks],
            mode="markers",
            name="Alerts",
            hovertext=[mark.label for mark in look.marks],
            hoverinfo="text",
            marker={"symbol": "diamond", "size": 9, "color": palette.AVERAGES[20], "line": {"color": "white", "width": 1}},
        ),
        row=1,
        col=1,
    )


def _axes(figure: go.Figure, symbol: str, times: pd.DatetimeIndex, bars: Bars, breaks: list[dict[str, Any]], look: Look) -> None:
    spikes = {
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": palette.NEUTRAL,
    }
    figure.update_xaxes(
        rangebreaks=breaks,
        range=time_range(times, look.minutes),
        rangeslider_visible=False,
        gridcolor=palette.GRID,
        showline=False,
        zeroline=False,
        **spikes,
    )
    figure.update_yaxes(side="right", gridcolor=palette.GRID, zeroline=False, fixedrange=False, **spikes)
    places = text.decimals(float(np.nanmin(bars.low))) if bars else 2
    figure.update_yaxes(row=1, col=1, tickformat=f",.{places}f", range=price_range(bars, look.last))
    figure.update_yaxes(row=2, col=1, tickformat="~s", nticks=4, rangemode="tozero", showspikes=False)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 4, "r": 64, "t": 8, "b": 8},
        dragmode="pan",
        hovermode="closest",
        hoverdistance=40,
        spikedistance=-1,
        uirevision=symbol,
        bargap=0 if len(times) > LINE_FROM_BARS else 0.25,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": palette.FONT, "size": 11},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "font": {"size": 11}},
    )

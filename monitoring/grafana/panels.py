"""Panels and rows of a dashboard, and queries that several panels share."""

from __future__ import annotations

from typing import NamedTuple


class Panel(NamedTuple):
    """One panel of a dashboard.

    unit: Grafana's id of a unit. red: the value from which on a single value is bad.
    good_high: whether values below `red` are bad instead.
    """

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    red: float | None = None
    good_high: bool = False
    help: str = ""


class Row(NamedTuple):
    title: str
    panels: tuple[Panel, ...]


RATE = "[$__rate_interval]"


def quantiles(metric: str, by: str = "") -> dict[str, str]:
    """Median and 95th percentile of a histogram, by a label or over all series."""
    group = f"le, {by}" if by else "le"
    tail = f" {{{{{by}}}}}" if by else ""
    values = {"median": 0.5, "95 %": 0.95}
    return {
        name + tail: f"histogram_quantile({value}, sum by ({group}) (rate({metric}_bucket{RATE})))"
        for name, value in values.items()
    }


def slow(metric: str) -> str:
    """The 95th percentile of a histogram."""
    return quantiles(metric)["95 %"]

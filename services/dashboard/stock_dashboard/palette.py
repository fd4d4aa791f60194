"""The colours of the pages.

Up and down are blue and orange. Colour-blind readers can tell them apart, on light and on dark.
"""

from __future__ import annotations

UP = "#2f80ed"
DOWN = "#e0701a"
UP_SOFT = "rgba(47, 128, 237, 0.45)"
DOWN_SOFT = "rgba(224, 112, 26, 0.45)"
NEUTRAL = "#8a93a3"
GRID = "rgba(138, 147, 163, 0.16)"
AVERAGES = {20: "#c9a227", 50: "#8e6fd8", 200: "#3aa39a"}
VWAP = "#d4679f"
LINES = tuple(
    (colour, dash)
    for dash in ("solid", "dash")
    for colour in ("#8e6fd8", "#2a9d8f", "#c2569b", "#b08a1e", "#5f7a8c")
)
"""Colour and dash of ten lines: five colours and two kinds of dash. Up and down are none of them."""

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
THEME = {
    "theme.font": FONT,
    "theme.baseFontSize": 14,
    "theme.baseRadius": "4px",
    "theme.showWidgetBorder": True,
    "theme.light.primaryColor": "#1f6fd1",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f6f9",
    "theme.light.textColor": "#1b2230",
    "theme.light.borderColor": "#dde2ea",
    "theme.dark.primaryColor": "#4c94f0",
    "theme.dark.backgroundColor": "#10141b",
    "theme.dark.secondaryBackgroundColor": "#181e28",
    "theme.dark.textColor": "#d8dde6",
    "theme.dark.borderColor": "#2a3241",
}


def direction(change: float | None) -> str:
    """The colour of a change."""
    return NEUTRAL if not change else UP if change > 0 else DOWN

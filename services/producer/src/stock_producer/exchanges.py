"""A symbol's exchange, by the suffix that Alpha Vantage writes: TSCO.LON, SHOP.TRT, MBG.DEX, RELIANCE.BSE, 600104.SHH; none: US-traded."""

from __future__ import annotations

US = "XNYS"
SUFFIXES = {"LON": "XLON", "TRT": "XTSE", "DEX": "XETR", "BSE": "XBOM", "SHH": "XSHG"}
ALWAYS = "24/7"
"""The calendar of a market that never closes."""
AUTO = "auto"
"""Each symbol by its own exchange."""


def exchange(symbol: str) -> str:
    """The exchange's ISO 10383 code. A suffix that is no exchange's is a US share class (BRK.B)."""
    return SUFFIXES.get(symbol.rpartition(".")[2], US)


def calendar(symbol: str, setting: str) -> str:
    """The code of the calendar that `symbol` follows under MARKET_CALENDAR=`setting`."""
    return exchange(symbol) if setting == AUTO else setting


def served_in_bulk(symbol: str) -> bool:
    """REALTIME_BULK_QUOTES knows US-traded symbols only."""
    return exchange(symbol) == US

"""The exchanges that the product knows: which symbols trade there, by which calendar, and in which time zone.

The table is the only place that knows suffixes. Example: `of("TSCO.LON").zone` is London's time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, time, tzinfo
from zoneinfo import ZoneInfo

ALWAYS_OPEN = "24/7"
"""The calendar of a market that never closes."""


@dataclass(frozen=True)
class Exchange:
    """One exchange.

    calendar: its name in exchange-calendars, which is its ISO 10383 code.
    name: the city that gives its time zone a name for people.
    zone: the time zone of its sessions.
    opens: when regular trading begins there.
    suffixes: what a symbol that trades there ends in, after a dot.
    currency: of its prices, None where that is not known. GBX is the penny, a hundredth of GBP.
    """

    calendar: str
    name: str
    zone: tzinfo
    opens: time = time(9, 30)
    suffixes: tuple[str, ...] = ()
    currency: str | None = None


US = Exchange("XNYS", "New York", ZoneInfo("America/New_York"), currency="USD")
"""All exchanges of the United States share one calendar. Their symbols have no suffix."""
EXCHANGES = (
    US,
    Exchange("XLON", "London", ZoneInfo("Europe/London"), time(8), ("LON",), "GBX"),
    Exchange("XTSE", "Toronto", ZoneInfo("America/Toronto"), suffixes=("TRT", "TRV"), currency="CAD"),
    Exchange("XETR", "Frankfurt", ZoneInfo("Europe/Berlin"), time(9), ("DEX",), "EUR"),
    Exchange("XBOM", "Mumbai", ZoneInfo("Asia/Kolkata"), time(9, 15), ("BSE",), "INR"),
    # Shenzhen (SHZ) trades the sessions of Shanghai (SHH), and exchange-calendars has Shanghai only.
    Exchange("XSHG", "Shanghai", ZoneInfo("Asia/Shanghai"), suffixes=("SHH", "SHZ"), currency="CNY"),
)
"""The suffixes are Alpha Vantage's: TSCO.LON, SHOP.TRT, MBG.DEX, RELIANCE.BSE, 600104.SHH, 000002.SHZ.

The currencies are those that its SYMBOL_SEARCH names for these. A few listings trade in another one.
"""
UTC_MARKET = Exchange(ALWAYS_OPEN, "UTC", UTC)
"""Stands for a market that never closes, and for a calendar that is not in the table."""
UNKNOWN = Exchange("unknown", "unknown exchange", UTC)
"""Stands for the exchange of a suffix that is not in the table. Nothing is known of its hours."""
CLASS_LETTERS = 2
"""A share class has a suffix of so many letters at most: BRK.B, and XYZ.WS for a warrant."""
_BY_SUFFIX = {suffix: exchange for exchange in EXCHANGES for suffix in exchange.suffixes}
_BY_CALENDAR = {exchange.calendar: exchange for exchange in (*EXCHANGES, UNKNOWN)}


def of(symbol: str) -> Exchange:
    """The exchange of a symbol.

    A suffix that is not in the table is a share class of a US symbol (BRK.B) where it is that short. A longer
    one is of an exchange that is not known, and never New York's.
    """
    name, _, suffix = symbol.rpartition(".")
    if not name:
        return US
    is_class = len(suffix) <= CLASS_LETTERS and suffix.isalpha()
    return _BY_SUFFIX.get(suffix, US if is_class else UNKNOWN)


def by_calendar(calendar: str) -> Exchange:
    """The exchange that follows a calendar, UTC_MARKET for a calendar that is not in the table."""
    return _BY_CALENDAR.get(calendar, UTC_MARKET)

"""The few listings that SYMBOL_SEARCH finds, and the hours of their venues."""

from __future__ import annotations

from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Venue(NamedTuple):
    region: str
    opens: str
    closes: str
    zone: str
    currency: str


_US = Venue("United States", "09:30", "16:00", "America/New_York", "USD")
_LONDON = Venue("United Kingdom", "08:00", "16:30", "Europe/London", "GBX")
_TORONTO = Venue("Toronto", "09:30", "16:00", "America/Toronto", "CAD")
_XETRA = Venue("XETRA", "08:00", "20:00", "Europe/Berlin", "EUR")
_BOMBAY = Venue("India/Bombay", "09:15", "15:30", "Asia/Kolkata", "INR")
_SHANGHAI = Venue("Shanghai", "09:30", "15:00", "Asia/Shanghai", "CNY")


class Listing(NamedTuple):
    symbol: str
    name: str
    kind: str
    venue: Venue


LISTINGS = (
    Listing("AAPL", "Apple Inc", "Equity", _US),
    Listing("AMZN", "Amazon.com Inc", "Equity", _US),
    Listing("FB", "Facebook Inc", "Equity", _US),
    Listing("GOOG", "Alphabet Inc - Class C", "Equity", _US),
    Listing("IBM", "International Business Machines Corp", "Equity", _US),
    Listing("JPM", "JPMorgan Chase & Company", "Equity", _US),
    Listing("META", "Meta Platforms Inc - Class A", "Equity", _US),
    Listing("MSFT", "Microsoft Corporation", "Equity", _US),
    Listing("NVDA", "NVIDIA Corp", "Equity", _US),
    Listing("QQQ", "Invesco QQQ Trust Series 1", "ETF", _US),
    Listing("SPY", "SPDR S&P 500 ETF Trust", "ETF", _US),
    Listing("TSLA", "Tesla Inc", "Equity", _US),
    Listing("TSCO.LON", "Tesco PLC", "Equity", _LONDON),
    Listing("SHOP.TRT", "Shopify Inc", "Equity", _TORONTO),
    Listing("MBG.DEX", "Mercedes-Benz Group AG", "Equity", _XETRA),
    Listing("RELIANCE.BSE", "Reliance Industries Limited", "Equity", _BOMBAY),
    Listing("600104.SHH", "SAIC Motor Corporation", "Equity", _SHANGHAI),
)
FEWEST, MOST = 0.3, 10
"""The lowest score of a match, and how many matches the vendor sends at most."""


def search(keywords: str, now: datetime) -> list[dict[str, str]]:
    """The best matches, best first, in the vendor's form. Scores are between 0 and 1."""
    scored = sorted(
        ((_score(keywords, listing), listing) for listing in LISTINGS), key=lambda match: -match[0]
    )
    return [_match(listing, score, now) for score, listing in scored if score >= FEWEST][:MOST]


def _score(keywords: str, listing: Listing) -> float:
    wanted, symbol, name = keywords.lower(), listing.symbol.lower(), listing.name.lower()
    if wanted in (symbol, name):
        return 1.0
    score = max(SequenceMatcher(None, wanted, symbol).ratio(), SequenceMatcher(None, wanted, name).ratio())
    starts = symbol.startswith(wanted) or any(word.startswith(wanted) for word in name.split())
    return min(0.9, max(score, 0.6)) if starts else min(score, 0.55) if score >= 0.5 else 0.0


def _match(listing: Listing, score: float, now: datetime) -> dict[str, str]:
    venue = listing.venue
    hours = (now.astimezone(ZoneInfo(venue.zone)).utcoffset() or timedelta()) / timedelta(hours=1)
    return {
        "1. symbol": listing.symbol,
        "2. name": listing.name,
        "3. type": listing.kind,
        "4. region": venue.region,
        "5. marketOpen": venue.opens,
        "6. marketClose": venue.closes,
        "7. timezone": f"UTC{hours:+03.0f}" if hours.is_integer() else f"UTC{hours:+}",
        "8. currency": venue.currency,
        "9. matchScore": f"{score:.4f}",
    }


def market_status(is_open: bool, around_the_clock: bool) -> dict[str, object]:
    """The vendor's MARKET_STATUS. Its US equity market closes at 16:15, not at 16:00."""
    opens, closes = ("00:00", "23:59") if around_the_clock else ("09:30", "16:15")
    return {
        "endpoint": "Global Market Open & Close Status",
        "markets": [
            {
                "market_type": "Equity",
                "region": "United States",
                "primary_exchanges": "NASDAQ, NYSE, AMEX, BATS",
                "local_open": opens,
                "local_close": closes,
                "current_status": "open" if is_open else "closed",
                "notes": "",
            },
            {
                "market_type": "Cryptocurrency",
                "region": "Global",
                "primary_exchanges": "Global",
                "local_open": "00:00",
                "local_close": "23:59",
                "current_status": "open",
                "notes": "",
            },
        ],
    }

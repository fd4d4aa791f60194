"""Bodies as Alpha Vantage sends them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta


def global_quote(
    symbol: str, price: str = "101.5000", day: str = "2026-11-23", top: str = "Global Quote", **fields: str
) -> bytes:
    quote = {
        "01. symbol": symbol,
        "02. open": "100.2500",
        "03. high": "102.0000",
        "04. low": "99.7500",
        "05. price": price,
        "06. volume": "1834201",
        "07. latest trading day": day,
        "08. previous close": "100.0000",
        "09. change": "1.5000",
        "10. change percent": "1.5000%",
    }
    return json.dumps({top: quote | fields}).encode()


def daily(
    symbol: str,
    last: str = "2026-11-20",
    count: int = 3,
    days: Sequence[date] | None = None,
    **changed: str,
) -> bytes:
    """TIME_SERIES_DAILY: `count` weekdays up to `last`, or `days`; `changed`: closes by day, as d20261120."""
    day, rows = date.fromisoformat(last), {}
    while len(rows) < count:
        if day in days if days is not None else day.weekday() < 5:
            close = changed.get(f"d{day:%Y%m%d}", f"{100 + day.toordinal() % 7}.0000")
            rows[day.isoformat()] = {
                "1. open": "100.0000",
                "2. high": "120.0000",
                "3. low": "90.0000",
                "4. close": close,
                "5. volume": "1000",
            }
        day -= timedelta(days=1)
    return json.dumps(
        {"Meta Data": {"2. Symbol": symbol, "5. Time Zone": "US/Eastern"}, "Time Series (Daily)": rows}
    ).encode()


def bulk(symbols: Sequence[str], day: date) -> bytes:
    """REALTIME_BULK_QUOTES: each symbol's close of a day."""
    rows = [
        {
            "symbol": symbol,
            "timestamp": f"{day} 15:59:59.667",
            "close": "101.5",
            "volume": "1834201",
            "previous_close": "100",
        }
        for symbol in symbols
    ]
    return json.dumps({"endpoint": "Realtime Bulk Quotes", "message": "success", "data": rows}).encode()

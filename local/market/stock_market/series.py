"""The vendor's time series, newest bar first: intraday, daily, and daily adjusted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from stock_market.answers import (
    DELAYED,
    Answer,
    Function,
    Request,
    body,
    bulk_quotes,
    dollars,
    global_quote,
    market_status,
    short,
    symbol_search,
    table,
    wants_csv,
)
from stock_market.bars import is_known
from stock_market.clock import Session, local
from stock_market.refusals import Refused, invalid_call, premium_parameter
from stock_market.tape import grouped

COMPACT = 100
"""Points of a compact answer."""
FULL_DAYS = 30
"""outputsize=full reaches this far back in TIME_SERIES_INTRADAY without `month`."""
INTERVALS = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60}
ZONE = "US/Eastern"
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_OHLCV = ("1. open", "2. high", "3. low", "4. close", "5. volume")
_ADJUSTED = (
    "1. open",
    "2. high",
    "3. low",
    "4. close",
    "5. adjusted close",
    "6. volume",
    "7. dividend amount",
    "8. split coefficient",
)

Points = dict[str, list[str]]


def intraday(request: Request) -> Answer:
    """Bars of 1 to 60 minutes, stamped with their start in New York.

    They include extended hours unless `extended_hours=false`, and are in the newest day's shares unless
    `adjusted=false`.
    """
    symbol, interval = _symbol(request), request.params.get("interval", "")
    month = request.params.get("month", "")
    if interval not in INTERVALS or (month and not _MONTH.fullmatch(month)):
        raise Refused(invalid_call(request.function))
    full = _full(request)
    points = _intraday_points(request, symbol, INTERVALS[interval], month)
    if not points:
        raise Refused(invalid_call(request.function))
    meta = {
        "1. Information": f"Intraday ({interval}) open, high, low, close prices and volume"
        + (DELAYED if request.entitlement == "delayed" else ""),
        "2. Symbol": symbol,
        "3. Last Refreshed": next(iter(points)),
        "4. Interval": interval,
        "5. Output Size": "Full size" if full else "Compact",
        "6. Time Zone": ZONE,
    }
    return _series(request, meta, f"Time Series ({interval})", _OHLCV, points)


def _intraday_points(request: Request, symbol: str, minutes: int, month: str) -> Points:
    full = _full(request)
    points: Points = {}
    for session in _sessions(request, month, full):
        for stamp, values in _session_bars(request, symbol, session, minutes):
            # When the clocks go back, an hour comes twice in a 24-hour session. The later one is shown.
            points.setdefault(stamp, values)
        if not full and len(points) >= COMPACT:
            break
    return points if full else dict(list(points.items())[:COMPACT])


def _sessions(request: Request, month: str, full: bool) -> Iterator[Session]:
    """The sessions of the answer, newest first."""
    calendar, as_of = request.tape.calendar, request.as_of()
    newest = calendar.begun(as_of)
    since = (local(as_of) - timedelta(days=FULL_DAYS)).date()
    for index in range(newest.number, -1, -1):
        session = calendar[index]
        if month:
            if session.day.isoformat()[:7] < month:
                return
            if session.day.isoformat()[:7] > month:
                continue
        elif full and session.day <= since:
            return
        yield session


def _session_bars(
    request: Request, symbol: str, session: Session, minutes: int
) -> Iterator[tuple[str, list[str]]]:
    tape, as_of = request.tape, request.as_of()
    extended = request.params.get("extended_hours", "true") != "false"
    shares = 1
    if request.params.get("adjusted") != "false":
        shares = tape.shares(symbol, session, tape.calendar.opened(as_of))
    starts, rows = grouped(*tape.minutes(symbol, session, as_of, extended), minutes)
    for start, (*prices, volume) in zip(reversed(starts.tolist()), reversed(rows.tolist()), strict=True):
        yield (
            local(start).strftime("%Y-%m-%d %H:%M:%S"),
            [*(dollars(price / shares) for price in prices), str(volume * shares)],
        )


def daily(request: Request) -> Answer:
    """Daily bars as traded. outputsize=full is premium."""
    symbol, full = _symbol(request), _full(request)
    if full and not request.plan.premium:
        raise Refused(premium_parameter("outputsize=full", request.function))
    bars = request.tape.daily(symbol, request.as_of(), None if full else COMPACT)
    points = {
        session.day.isoformat(): [*(dollars(price) for price in bar[:4]), str(bar.volume)]
        for session, bar in bars
    }
    return _daily(request, "Daily Prices (open, high, low, close) and Volumes", symbol, _OHLCV, points)


def daily_adjusted(request: Request) -> Answer:
    """Daily bars as traded, with closes in the newest day's shares and the splits.

    The market has no dividends.
    """
    symbol, tape = _symbol(request), request.tape
    bars = list(tape.daily(symbol, request.as_of(), None if _full(request) else COMPACT))
    newest, points = bars[0][0], {}
    for session, bar in bars:
        adjusted = short(bar.close // tape.shares(symbol, session, newest))
        traded = [short(price) for price in bar[:4]]
        points[session.day.isoformat()] = [
            *traded,
            adjusted,
            str(bar.volume),
            "0.0000",
            f"{tape.split(symbol, session):.1f}",
        ]
    return _daily(request, "Daily Time Series with Splits and Dividend Events", symbol, _ADJUSTED, points)


def _daily(request: Request, information: str, symbol: str, names: tuple[str, ...], points: Points) -> Answer:
    meta = {
        "1. Information": information,
        "2. Symbol": symbol,
        "3. Last Refreshed": next(iter(points)),
        "4. Output Size": "Full size" if _full(request) else "Compact",
        "5. Time Zone": ZONE,
    }
    return _series(request, meta, "Time Series (Daily)", names, points)


def _series(
    request: Request, meta: dict[str, str], key: str, names: tuple[str, ...], points: Points
) -> Answer:
    if wants_csv(request):
        header = ("timestamp", *(name[3:].replace(" ", "_") for name in names))
        return table(header, ((stamp, *values) for stamp, values in points.items()))
    return body(
        {
            "Meta Data": meta,
            key: {stamp: dict(zip(names, values, strict=True)) for stamp, values in points.items()},
        }
    )


def _symbol(request: Request) -> str:
    symbol = request.symbol()
    if not is_known(symbol):
        raise Refused(invalid_call(request.function))
    return symbol


def _full(request: Request) -> bool:
    return request.params.get("outputsize") == "full"


FUNCTIONS: Mapping[str, Function] = {
    "GLOBAL_QUOTE": Function(global_quote),
    "REALTIME_BULK_QUOTES": Function(bulk_quotes, needs="realtime"),
    "TIME_SERIES_INTRADAY": Function(intraday, needs="delayed"),
    "TIME_SERIES_DAILY": Function(daily),
    "TIME_SERIES_DAILY_ADJUSTED": Function(daily_adjusted, needs="delayed"),
    "MARKET_STATUS": Function(market_status),
    "SYMBOL_SEARCH": Function(symbol_search),
}

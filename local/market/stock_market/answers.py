"""The vendor's functions: parameters and the market's state in, body out.

Every number in a body is a string, as the vendor's are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from stock_market import directory
from stock_market.bars import SCALE, is_known, is_us_traded, seed
from stock_market.clock import local
from stock_market.limits import Plan
from stock_market.refusals import Refused, invalid_call, no_function, not_entitled, premium_endpoint
from stock_market.tape import Quote, Tape

JSON, CSV = "application/json", "application/x-download"
BULK_SYMBOLS = 100
"""The vendor answers for the first 100 symbols of a bulk call and ignores the others without a message."""
DELAYED = " - DATA DELAYED BY 15 MINUTES"
_RANK = ("end_of_day", "delayed", "realtime")


class Answer(NamedTuple):
    body: str
    kind: str = JSON


class Request(NamedTuple):
    """`now` is the market's time in milliseconds since 1970 UTC."""

    params: Mapping[str, str]
    plan: Plan
    tape: Tape
    now: int

    @property
    def function(self) -> str:
        return self.params.get("function", "")

    @property
    def entitlement(self) -> str | None:
        return self.params.get("entitlement") or None

    def as_of(self) -> int:
        return self.tape.as_of(self.now, self.entitlement)

    def symbol(self) -> str:
        symbol = self.params.get("symbol", "").strip().upper()
        if not symbol:
            raise Refused(invalid_call(self.function))
        return symbol


class Function(NamedTuple):
    """A function of the API. `needs` is the data that a plan must include to use it."""

    answer: Callable[[Request], Answer]
    needs: str = "end_of_day"


def answer(request: Request, functions: Mapping[str, Function]) -> Answer:
    """What the vendor answers. Raises Refused, or CalendarEnd when the calendar does not reach so far."""
    function = functions.get(request.function)
    if function is None:
        raise Refused(no_function(request.function))
    if not _covers(request.plan, function.needs):
        raise Refused(premium_endpoint())
    if request.entitlement in ("delayed", "realtime") and not _covers(request.plan, request.entitlement):
        raise Refused(not_entitled(request.entitlement))
    return function.answer(request)


def _covers(plan: Plan, data: str) -> bool:
    return _RANK.index(plan.data) >= _RANK.index(data)


def body(value: Mapping[str, Any]) -> Answer:
    """JSON as the vendor lays it out."""
    return Answer(json.dumps(value, indent=4))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Answer:
    """CSV as the vendor sends it: each line ends with CR LF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return Answer(text.getvalue(), CSV)


def wants_csv(request: Request) -> bool:
    return request.params.get("datatype") == "csv"


def dollars(price: float) -> str:
    """Four decimals, as in GLOBAL_QUOTE and the time series."""
    return f"{price / SCALE:.4f}"


def short(price: int) -> str:
    """As few decimals as the price needs, as in bulk quotes."""
    return str(price / SCALE)


def global_quote(request: Request) -> Answer:
    """The latest price of one symbol, without a time of day. An unknown symbol has an empty quote."""
    symbol = request.symbol()
    quote = request.tape.quote(symbol, request.as_of()) if is_known(symbol) else None
    values = _quote_values(symbol, quote) if quote else []
    if wants_csv(request):
        header = (
            "symbol",
            "open",
            "high",
            "low",
            "price",
            "volume",
            "latestDay",
            "previousClose",
            "change",
            "changePercent",
        )
        return table(header, [values] if values else [])
    names = (
        "01. symbol", "02. open", "03. high", "04. low", "05. price", "06. volume",
        "07. latest trading day", "08. previous close", "09. change", "10. change percent",
    )  # fmt: skip
    key = "Global Quote" + (DELAYED if request.entitlement == "delayed" else "")
    return body({key: dict(zip(names, values, strict=False))})


def _quote_values(symbol: str, quote: Quote) -> list[str]:
    change = quote.price - quote.previous_close
    return [
        symbol,
        *(dollars(price) for price in (quote.open, quote.high, quote.low, quote.price)),
        str(quote.volume),
        quote.day.isoformat(),
        dollars(quote.previous_close),
        dollars(change),
        f"{100 * change / quote.previous_close:.4f}%",
    ]


def bulk_quotes(request: Request) -> Answer:
    """The latest quotes of up to 100 symbols, realtime unless entitlement=delayed.

    Symbols that are not traded in the US are left out.
    """
    symbols = [symbol.strip() for symbol in request.symbol().split(",")][:BULK_SYMBOLS]
    instant = request.tape.as_of(request.now, request.entitlement or "realtime")
    rows = [
        _bulk_row(request.tape, symbol, instant)
        for symbol in symbols
        if is_known(symbol) and is_us_traded(symbol)
    ]
    if wants_csv(request):
        return table(BULK_FIELDS, ([row.get(name, "") for name in BULK_FIELDS] for row in rows))
    return body({"endpoint": "Realtime Bulk Quotes", "message": "success", "data": rows})


BULK_FIELDS = (
    "symbol", "timestamp", "open", "high", "low", "close", "volume", "previous_close", "change",
    "change_percent", "extended_hours_quote", "extended_hours_change", "extended_hours_change_percent",
)  # fmt: skip


def _bulk_row(tape: Tape, symbol: str, instant: int) -> dict[str, str]:
    """One symbol's row.

    `close` is the last price of the regular session. `timestamp` is the last trade's, extended hours
    included: after the post-market the vendor's still shows 19:59:59, the post-market's end. The fields of
    extended hours are blank or missing, by symbol, while there is no trade in them.
    """
    quote, extended = tape.quote(symbol, instant), tape.extended(symbol, instant)
    change = quote.price - quote.previous_close
    stamp = local(tape.last_trade_at(symbol, instant))
    values = [
        symbol,
        stamp.strftime("%Y-%m-%d %H:%M:%S.") + f"{stamp.microsecond // 1000:03}",
        *(short(price) for price in (quote.open, quote.high, quote.low, quote.price)),
        str(quote.volume),
        short(quote.previous_close),
        short(change),
        str(round(100 * change / quote.previous_close, 4)),
    ]
    if extended:
        change = extended.price - quote.price
        values += [short(extended.price), short(change), str(round(100 * change / quote.price, 5))]
    elif seed("blank", symbol) % 2:
        values += ["", "", ""]
    return dict(zip(BULK_FIELDS, values, strict=False))


def symbol_search(request: Request) -> Answer:
    keywords = request.params.get("keywords", "").strip()
    if not keywords:
        raise Refused(invalid_call(request.function))
    matches = directory.search(keywords, local(request.now))
    if wants_csv(request):
        header = (
            "symbol",
            "name",
            "type",
            "region",
            "marketOpen",
            "marketClose",
            "timezone",
            "currency",
            "matchScore",
        )
        return table(header, (match.values() for match in matches))
    return body({"bestMatches": matches})


def market_status(request: Request) -> Answer:
    """JSON only, also with `datatype=csv`."""
    calendar = request.tape.calendar
    return body(directory.market_status(calendar.is_open(request.now), calendar.name == "24/7"))

"""A symbol's latest quote, live or from the warehouse, and its columns on a page and in a file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from stock_dashboard.live.minute_bars import Observed
from stock_dashboard.ui.table import Column

SPARK_POINTS = 40
PLACES = 6
"""Decimals of what is computed from prices. The records have as many, floats have more by accident."""
NUMBERS = ("price", "previous", "open", "high", "low", "volume")
STAMP = pa.timestamp("us", "UTC")
COLUMNS = (
    Column("symbol", pa.string()),
    Column("spark"),
    Column("price", pa.float64()),
    Column("change", pa.float64()),
    Column("percent", pa.float64()),
    Column("reach"),
    Column("open", pa.float64()),
    Column("high", pa.float64(), shown=False),
    Column("low", pa.float64(), shown=False),
    Column("previous", pa.float64()),
    Column("volume", pa.float64()),
    Column("at", STAMP, file_name="observed_at"),
    Column("session", pa.string()),
    Column("currency", pa.string(), shown=False),
    Column("source", pa.string(), shown=False),
    Column("entitlement", pa.string(), shown=False),
)
"""The columns of a row, in their order. The table draws `spark` and `reach` as pictures."""
TURNOVER = Column("turnover", pa.float64())
_BY_NAME = {column.name: column for column in (*COLUMNS, TURNOVER)}


class Row(NamedTuple):
    """A symbol's latest quote.

    previous: the close of the trading day before.
    at: when the quote was true, aware.
    currency: of the prices, GBX for pence. None where the quote does not say.
    spark: prices of the newest trading day, oldest first.
    """

    symbol: str
    price: float
    previous: float | None
    open: float | None
    high: float | None
    low: float | None
    volume: float | None
    trading_day: date
    at: datetime
    session: str | None
    entitlement: str | None
    source: str
    spark: Sequence[float] = ()
    currency: str | None = None

    @classmethod
    def of(cls, quote: Mapping[str, Any], spark: Sequence[float] = ()) -> Row:
        """From a quote's fields, those of records.Quote or of queries.QUOTE_COLUMNS."""
        return cls(
            symbol=quote["symbol"],
            price=float(quote["price"]),
            previous=_number(quote["previous_close"]),
            **{name: _number(quote[name]) for name in ("open", "high", "low", "volume")},
            trading_day=quote["trading_day"],
            at=quote["quoted_at"] or quote["fetched_at"],
            session=quote["session"],
            entitlement=quote.get("entitlement"),
            source=quote["source"],
            spark=spark,
            currency=quote.get("currency"),
        )

    @classmethod
    def live(cls, item: Observed, spark: Sequence[float] = ()) -> Row:
        """The row of a quote from the topic."""
        return cls.of(msgspec.structs.asdict(item.quote), spark)

    @property
    def change(self) -> float | None:
        """Against the previous close."""
        return None if self.previous is None else round(self.price - self.previous, PLACES)

    @property
    def percent(self) -> float | None:
        """The change in percent of the previous close."""
        if not self.previous or self.change is None:
            return None
        return round(self.change / self.previous * 100, PLACES)

    @property
    def turnover(self) -> float:
        """Price times the day's volume in the row's currency, 0 where there is no volume."""
        return self.price * (self.volume or 0)

    def cells(self) -> dict[str, Any]:
        """What the browser draws the row from."""
        shown = {name: getattr(self, name) for name in (*NUMBERS, "change", "percent")}
        return {
            "key": self.symbol,
            "symbol": self.symbol,
            **shown,
            "at": self.at.timestamp(),
            "session": self.session,
            "currency": self.currency,
            "spark": self.spark,
        }


def columns(*names: str) -> tuple[Column, ...]:
    """The columns of these names, in this order."""
    return tuple(_BY_NAME[name] for name in names)


def merged(
    newest: Mapping[str, Observed],
    sparks: Mapping[str, Sequence[float]],
    stored: Iterable[Mapping[str, Any]] = (),
) -> list[Row]:
    """A row for each symbol, by symbol: the later one of the topic's quote and the warehouse's.

    stored: rows of ANALYTICS.LATEST_QUOTES.
    """
    rows = {symbol: Row.live(item, sparks.get(symbol, [])) for symbol, item in newest.items()}
    for values in stored:
        row = Row.of(values, sparks.get(values["symbol"], []))
        live = rows.get(row.symbol)
        if live is None or (row.trading_day, row.at) > (live.trading_day, live.at):
            rows[row.symbol] = row
    return [rows[symbol] for symbol in sorted(rows)]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)

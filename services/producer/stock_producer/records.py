"""Observations and bars of a source as the contract's quotes and bars. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from stock_common import exchanges
from stock_common.domain import PRICE_LIMIT, PRICE_STEP, BadMessage
from stock_common.records import Alert, Bar, Quote, decode, encode
from stock_producer.ids import bar_id, quote_id
from stock_producer.vendor.base import Freshness, Observation, PriceBar

NO_SPLIT = Decimal(1)
R = TypeVar("R", Quote, Alert, Bar)
MOST_AHEAD = timedelta(days=2)
"""A day or an instant further ahead than this is a mistake. It would stay the newest one for ever."""
MOST_BYTES = 16_384
"""No record that is what it seems to be is longer."""


def quote(seen: Observation, endpoint: str, source: str, fetched_at: datetime, session: str) -> Quote:
    """The quote of an observation that arrived at `fetched_at` (aware)."""
    return Quote(
        event_id=quote_id(source, endpoint, seen.symbol, fetched_at),
        symbol=seen.symbol,
        price=seen.price,
        open=seen.open,
        high=seen.high,
        low=seen.low,
        previous_close=seen.previous_close,
        volume=seen.volume,
        trading_day=seen.trading_day,
        quoted_at=seen.quoted_at,
        fetched_at=fetched_at,
        source=source,
        endpoint=endpoint,
        entitlement=seen.freshness.value,
        session=session,
        currency=exchanges.of(seen.symbol).currency,
    )


def bar(found: PriceBar, source: str, fetched_at: datetime, *, adjusted: bool = False) -> Bar:
    """The contract's bar."""
    return Bar(
        event_id=bar_id(found, source, adjusted=adjusted),
        symbol=found.symbol,
        interval=found.interval,
        starts_at=found.starts_at,
        open=found.open,
        high=found.high,
        low=found.low,
        close=found.close,
        volume=found.volume,
        adjusted=adjusted,
        source=source,
        fetched_at=fetched_at,
    )


def newest(found: Sequence[PriceBar]) -> Observation:
    """The last daily bar as an end-of-day observation."""
    last, before = found[-1], found[-2] if len(found) > 1 else None
    return Observation(
        symbol=last.symbol,
        price=last.close,
        open=last.open,
        high=last.high,
        low=last.low,
        previous_close=before.close / (last.split or NO_SPLIT) if before else None,
        volume=last.volume,
        trading_day=last.trading_day,
        quoted_at=None,
        freshness=Freshness.END_OF_DAY,
    )


def split_adjusted(found: Sequence[PriceBar]) -> list[PriceBar]:
    """The bars in shares of the last day, oldest first, as they came.

    All later splits divide the prices and multiply the volumes.
    """
    factor, adjusted = NO_SPLIT, []
    for each in reversed(found):
        opened, high, low, close = (
            _stepped(value / factor) for value in (each.open, each.high, each.low, each.close)
        )
        shares = None if each.volume is None else int(each.volume * factor)
        adjusted.append(
            each._replace(open=opened, high=high, low=low, close=close, volume=shares, split=NO_SPLIT)
        )
        factor *= each.split or NO_SPLIT
    return adjusted[::-1]


def _stepped(price: Decimal) -> Decimal:
    """With the contract's decimals. `fitting` refuses a price that is beyond its limit, however large."""
    return price.quantize(PRICE_STEP) if price < PRICE_LIMIT else price


def has_splits(found: Sequence[PriceBar]) -> bool:
    """Whether the source reports the splits of this series."""
    return any(each.split is not None for each in found)


def fitting(record: R, now: datetime) -> bytes:
    """The record as JSON, when every later stage can carry it. Raises BadMessage.

    now: aware. No time in the record may be more than MOST_AHEAD after it.
    """
    value = encode(record)
    if len(value) > MOST_BYTES:
        raise BadMessage("range", f"it has {len(value)} bytes")
    decode(value, type(record))
    for name, at in _times(record):
        if at > now + MOST_AHEAD:
            raise BadMessage("range", f"{name} is {at:%Y-%m-%d}, in the future")
    return value


def _times(record: Quote | Alert | Bar) -> Iterator[tuple[str, datetime]]:
    """The record's days and instants by name, a day as its first moment."""
    match record:
        case Quote():
            yield "trading_day", datetime.combine(record.trading_day, time(), UTC)
            if record.quoted_at is not None:
                yield "quoted_at", record.quoted_at
        case Bar():
            yield "starts_at", record.starts_at
        case Alert():
            yield "triggered_at", record.triggered_at

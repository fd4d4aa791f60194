"""Quotes of IBM for the alert rules."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from stock_common.records import Quote
from stock_producer.ids import quote_id
from support.world import START


def quote(
    price: str,
    day: int = 23,
    previous_close: str | None = "100",
    session: str = "regular",
    entitlement: str = "realtime",
    at: int = 0,
) -> Quote:
    fetched_at = START + timedelta(seconds=at)
    return Quote(
        event_id=quote_id("simulated", "GLOBAL_QUOTE", "IBM", fetched_at),
        symbol="IBM",
        price=Decimal(price),
        previous_close=previous_close and Decimal(previous_close),  # type: ignore[arg-type]
        trading_day=date(2026, 11, day),
        fetched_at=fetched_at,
        source="simulated",
        endpoint="GLOBAL_QUOTE",
        entitlement=entitlement,
        session=session,
    )

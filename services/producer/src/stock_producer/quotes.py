"""Observations as the contract's quotes."""

from __future__ import annotations

import uuid
from datetime import datetime

from stock_common.records import Quote
from stock_producer.plans import Freshness, Plan
from stock_producer.responses import Endpoint, Observed

_NAMESPACE = uuid.UUID("6f1a3c1e-8a0e-5b5d-9c55-0d8a5a6a2f10")


def event_id(source: str, endpoint: str, symbol: str, fetched_at: datetime) -> str:
    """UUIDv5 of what was observed: the same observation has the same id whenever it is sent."""
    return str(uuid.uuid5(_NAMESPACE, f"{source}|{endpoint}|{symbol}|{fetched_at.isoformat()}"))


def freshness(observed: Observed, endpoint: Endpoint, plan: Plan) -> Freshness:
    """How fresh the observation really is: what the answer says counts more than what the plan promises."""
    if observed.delayed:
        return Freshness.DELAYED
    if endpoint is Endpoint.GLOBAL_QUOTE and plan.freshness is Freshness.DELAYED:
        # Delayed data say so in the answer: without that the key was not entitled, and got the last close.
        return Freshness.END_OF_DAY
    return plan.freshness


def quote(observed: Observed, endpoint: Endpoint, source: str, fetched_at: datetime, fresh: Freshness, session: str) -> Quote:
    """The quote of an observation that arrived at `fetched_at` (aware)."""
    return Quote(
        event_id=event_id(source, endpoint, observed.symbol, fetched_at),
        symbol=observed.symbol,
        price=observed.price,
        open=observed.open,
        high=observed.high,
        low=observed.low,
        previous_close=observed.previous_close,
        volume=observed.volume,
        trading_day=observed.trading_day,
        quoted_at=observed.quoted_at,
        fetched_at=fetched_at,
        source=source,
        endpoint=endpoint.value,
        entitlement=fresh.value,
        session=session,
    )

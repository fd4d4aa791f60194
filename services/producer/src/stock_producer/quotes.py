"""Observations as the contract's quotes."""

from __future__ import annotations

from datetime import datetime

from stock_common.records import Quote
from stock_producer.ids import quote_id
from stock_producer.plans import Freshness, Plan
from stock_producer.responses import Endpoint, Observed


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
        event_id=quote_id(source, endpoint.value, observed.symbol, fetched_at),
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

"""What the pipeline uses: quotes, calls, objects, requests, bytes and the warehouse's time, from symbols and cadence. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

HOURS = 730
"""Hours of a month, as AWS counts."""
DAYS = 21
"""Trading days of a month."""
SESSION_SECONDS = 6.5 * 3600
"""New York's regular session."""
WAKE_SECONDS = 60
"""What each resume is billed at least; X-SMALL is 1 credit an hour. Source: www.snowflake.com/pricing, Standard edition on AWS, US East."""
AUTO_SUSPEND_SECONDS = 60
# www.alphavantage.co/premium, seen 2024 to 2025: calls a minute → dollars a month; realtime and 100 symbols a call from 150 on
PLANS = {"free": (0, 0.0), "75": (75, 49.99), "150": (150, 99.99), "300": (300, 149.99), "600": (600, 199.99), "1200": (1200, 249.99)}
FREE_CALLS_A_DAY = 25
BULK_SYMBOLS = 100
OBJECT_BYTES, QUOTE_BYTES = 6000, 58
"""Bytes of an object and of each quote in it: the sink's own encoder with quotes that are filled in all but alike, 96 to 5,760 rows an
object, within 8 % (November 2026)."""
LOAD_SECONDS = 8
"""Seconds that an X-SMALL works for one load: assumed. No account was there to measure it; the wait before it sleeps weighs more."""
PARTITIONS = {"stock-data": 6, "stock-alerts": 3, "stock-bars": 3}
CHAINS = sum(PARTITIONS.values())
FIND_LISTS = 2 * len(PARTITIONS)
"""To find the chains there are: each topic's ids, and the partitions of each id."""
LOADER_LISTS = FIND_LISTS + CHAINS
"""Of each of the loader's cycles, by day and by night: every chain from the last key that it has."""
STEP_LISTS = CHAINS + 1
"""To see what lies outside of the chains, each of which is stepped over."""
AUDIT_SECONDS, REST_SECONDS = 60, 900
"""The auditor lists a chain that moves with each audit, one at rest so often."""
LISTED = 1000
"""Objects that one LIST answers with."""


class Use(NamedTuple):
    """What a month uses."""

    quotes: float
    calls: float
    plan: str
    objects: float
    lists: float
    gigabytes: float
    credits: float


def plan_for(symbols: int, interval: float) -> str:
    """The least plan that asks for every symbol each `interval` seconds; the largest where none does."""
    a_minute = 60 / interval
    if symbols * SESSION_SECONDS / interval <= FREE_CALLS_A_DAY:
        return "free"
    if symbols * a_minute <= PLANS["75"][0]:
        return "75"
    calls = math.ceil(symbols / BULK_SYMBOLS) * a_minute
    return next((name for name, (limit, _) in PLANS.items() if name not in ("free", "75") and calls <= limit), "1200")


def warehouse_credits(load_interval: float) -> float:
    """Credits a month: each load wakes the warehouse for its work and the wait before it sleeps, and never for less than a minute.

    Loads closer together than that keep it awake all session: 6.5 h × 21 days = 136.5 credits.
    """
    awake = max(LOAD_SECONDS + AUTO_SUSPEND_SECONDS, WAKE_SECONDS)
    return DAYS * SESSION_SECONDS * min(1.0, awake / load_interval) / 3600


def use(symbols: int, interval: float, load_interval: float, flush: float = 60) -> Use:
    """A month of sessions. A partition of stock-data puts an object each `flush` seconds while it has quotes."""
    plan = plan_for(symbols, interval)
    a_call = BULK_SYMBOLS if plan not in ("free", "75") else 1
    rounds = DAYS * SESSION_SECONDS / interval
    quotes, calls = rounds * symbols, rounds * math.ceil(symbols / a_call)
    if plan == "1200" and calls / rounds * 60 / interval > PLANS[plan][0]:
        quotes, calls = (DAYS * SESSION_SECONDS / 60 * PLANS[plan][0] * scale for scale in (a_call, 1))
    objects = DAYS * SESSION_SECONDS / flush * min(PARTITIONS["stock-data"], symbols)
    lists = HOURS * 3600 / load_interval * LOADER_LISTS + audit_lists(symbols, max(load_interval, flush), objects)
    return Use(quotes, calls, plan, objects, lists, (objects * OBJECT_BYTES + quotes * QUOTE_BYTES) / 1e9, warehouse_credits(load_interval))


def audit_lists(symbols: int, between_loads: float, objects: float) -> float:
    """LISTs that the auditor makes in a month, when the pipeline is a year old.

    In a session: the chains of quotes with each audit and after each load; after a load also which chains there are and what is outside of
    them. Always: the chains at rest. Once a day: everything, which takes more the longer the history is.
    """
    moving, session = min(PARTITIONS["stock-data"], symbols), DAYS * SESSION_SECONDS
    after_loads = session / between_loads * (moving + FIND_LISTS + STEP_LISTS)
    daily = DAYS * (FIND_LISTS + STEP_LISTS + CHAINS + objects * 12 / LISTED)
    return session / AUDIT_SECONDS * moving + HOURS * 3600 / REST_SECONDS * CHAINS + after_loads + daily


class Day(NamedTuple):
    """What a trading day uses, for one cadence (seconds between two flushes and two loads)."""

    flush: float
    load_interval: float
    calls: float
    objects: float
    lists: float
    loads: float
    warehouse_seconds: float
    credits_a_month: float


CADENCES = ((5, 5), (60, 60), (60, 300), (60, 900), (60, 1800), (60, 3600), (300, 3600))
"""The demo's; awake all the time; the default is (60, 900)."""


def day(symbols: int, interval: float, load_interval: float, flush: float) -> Day:
    """A load takes place where something new is on S3: not oftener than a flush."""
    used = use(symbols, interval, load_interval, flush)
    loads = SESSION_SECONDS / max(load_interval, flush, interval)
    return Day(flush, load_interval, used.calls / DAYS, used.objects / DAYS, used.lists / DAYS, loads, used.credits * 3600 / DAYS, used.credits)

"""What the pipeline uses, by symbols and cadence: calls, objects, requests, bytes, warehouse time."""

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
"""The least that each resume is billed. X-SMALL is 1 credit an hour.

Source: www.snowflake.com/pricing, Standard edition on AWS, US East.
"""
AUTO_SUSPEND_SECONDS = 60
LOOKS = 5
"""How often a trading day somebody opens history while the readers' warehouse sleeps. Assumed."""
# www.alphavantage.co/premium, read 2024 to 2025: calls a minute → dollars a month. From 150 on a call is
# realtime and takes 100 symbols.
PLANS = {
    "free": (0, 0.0),
    "75": (75, 49.99),
    "150": (150, 99.99),
    "300": (300, 149.99),
    "600": (600, 199.99),
    "1200": (1200, 249.99),
}
FREE_CALLS_A_DAY = 25
BULK_SYMBOLS = 100
OBJECT_BYTES, QUOTE_BYTES = 6000, 58
"""Bytes of an object without rows, and of each quote in it.

Measured with the sink's encoder on quotes with every field, 96 to 5,760 rows an object. The error is below 8
% (November 2026).
"""
LOOK_SECONDS = 3
"""Seconds that the readers' X-SMALL works when somebody opens history. Assumed, not measured."""
LOAD_SECONDS = 8
"""Seconds that an X-SMALL works for one load. Assumed, not measured. The wait before it sleeps is longer."""
AUDIT_WAIT_SECONDS, AUDIT_QUERY_SECONDS = 30, 4
"""The auditor asks the warehouse about each load: half of its interval later, for so long. Assumed."""
AWAKE_SECONDS = max(
    LOAD_SECONDS + AUDIT_WAIT_SECONDS + AUDIT_QUERY_SECONDS + AUTO_SUSPEND_SECONDS, WAKE_SECONDS
)
"""Seconds that a load keeps the loader's warehouse awake."""
GENERATIONS = {"1": 1.0, "2": 1.35}
"""Generation of a standard warehouse → credits an hour of an X-SMALL on AWS.

Source: www.snowflake.com/legal-files/CreditConsumptionTable.pdf. `stock-sf-loader setup` makes the first.
"""
QUOTA_MARGIN = 1.5
"""How much more than computed a month may use before a monitor stops it: repairs, longer days, slow loads."""
SUSPENDS_AT = 0.9
"""The share of its quota at which a monitor of `stock-sf-loader setup` suspends its warehouse."""
PARTITIONS = {"stock-data": 6, "stock-alerts": 3, "stock-bars": 3}
CHAINS = sum(PARTITIONS.values())
FIND_LISTS = 2 * len(PARTITIONS)
"""LISTs to find the chains: each topic's ids, and the partitions of each id."""
LOADER_LISTS = FIND_LISTS + CHAINS
"""LISTs of each of the loader's cycles, by day and by night: every chain after its last key."""
STEP_LISTS = CHAINS + 1
"""LISTs to see what lies outside of the chains: one before each chain and one after the last."""
AUDIT_SECONDS, REST_SECONDS = 60, 900
"""Seconds between two LISTs of a chain by the auditor: of one that grows, of one at rest."""
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
    reader_credits: float


def plan_for(symbols: int, interval: float) -> str:
    """The least plan that asks for every symbol each `interval` seconds, else the largest."""
    a_minute = 60 / interval
    if symbols * SESSION_SECONDS / interval <= FREE_CALLS_A_DAY:
        return "free"
    if symbols * a_minute <= PLANS["75"][0]:
        return "75"
    calls = math.ceil(symbols / BULK_SYMBOLS) * a_minute
    return next(
        (name for name, (limit, _) in PLANS.items() if name not in ("free", "75") and calls <= limit), "1200"
    )


def warehouse_credits(load_interval: float, generation: str = "1") -> float:
    """Credits a month. A load wakes the warehouse for its work, the auditor's and the wait before it sleeps.

    Loads at shorter intervals keep it awake all session: 6.5 h × 21 days = 136.5 credits.
    """
    seconds = DAYS * SESSION_SECONDS * min(1.0, AWAKE_SECONDS / load_interval)
    return seconds / 3600 * GENERATIONS[generation]


def quota(credits: float) -> int:
    """The quota of a monitor whose warehouse uses so many credits a month, with a margin."""
    return math.ceil(credits * QUOTA_MARGIN / SUSPENDS_AT)


def reader_quota(load_interval: float, looks: float, generation: str = "1") -> int:
    """The quota of the readers' monitor: at least for a look at history after each load of all sessions."""
    return quota(reader_credits(max(looks, SESSION_SECONDS / max(load_interval, REST_SECONDS)), generation))


def reader_credits(looks: float, generation: str = "1") -> float:
    """Credits a month of the readers' own warehouse.

    looks: how often a day somebody opens history while it sleeps. Each is billed with the wait after it.
    """
    seconds = DAYS * looks * max(LOOK_SECONDS + AUTO_SUSPEND_SECONDS, WAKE_SECONDS)
    return seconds / 3600 * GENERATIONS[generation]


def use(
    symbols: int,
    interval: float,
    load_interval: float,
    flush: float = 60,
    looks: float = LOOKS,
    generation: str = "1",
) -> Use:
    """A month of sessions. Each partition of stock-data puts an object each `flush` seconds."""
    plan = plan_for(symbols, interval)
    a_call = BULK_SYMBOLS if plan not in ("free", "75") else 1
    rounds = DAYS * SESSION_SECONDS / interval
    quotes, calls = rounds * symbols, rounds * math.ceil(symbols / a_call)
    if plan == "1200" and calls / rounds * 60 / interval > PLANS[plan][0]:
        quotes, calls = (DAYS * SESSION_SECONDS / 60 * PLANS[plan][0] * scale for scale in (a_call, 1))
    objects = DAYS * SESSION_SECONDS / flush * min(PARTITIONS["stock-data"], symbols)
    lists = HOURS * 3600 / load_interval * LOADER_LISTS + audit_lists(
        symbols, max(load_interval, flush), objects
    )
    return Use(
        quotes,
        calls,
        plan,
        objects,
        lists,
        (objects * OBJECT_BYTES + quotes * QUOTE_BYTES) / 1e9,
        warehouse_credits(load_interval, generation),
        reader_credits(looks, generation),
    )


def audit_lists(symbols: int, between_loads: float, objects: float) -> float:
    """LISTs that the auditor makes in a month, when the pipeline is a year old.

    In a session it lists the chains of quotes with each audit and after each load. After a load it also looks
    which chains there are and what is outside of them. It always lists the chains at rest. Once a day it
    lists everything, which takes more requests the longer the history is.
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
"""(flush, load) in seconds. The first is the demo's, the fourth the default."""


def day(symbols: int, interval: float, load_interval: float, flush: float, generation: str = "1") -> Day:
    """Usage of one trading day. Loads are no more frequent than flushes: a load needs new objects."""
    used = use(symbols, interval, load_interval, flush, generation=generation)
    loads = SESSION_SECONDS / max(load_interval, flush, interval)
    return Day(
        flush,
        load_interval,
        used.calls / DAYS,
        used.objects / DAYS,
        used.lists / DAYS,
        loads,
        used.credits * 3600 / DAYS / GENERATIONS[generation],
        used.credits,
    )

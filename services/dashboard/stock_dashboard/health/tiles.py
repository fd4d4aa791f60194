"""The tiles of the Pipeline page: quota, completeness, dead letters, warehouse time. Pure."""

from __future__ import annotations

from stock_dashboard import text
from stock_dashboard.health.snapshot import Snapshot
from stock_dashboard.ui import html

CREDIT_SECONDS = 3_600.0
"""An X-SMALL warehouse costs one credit an hour, billed by the second."""
CREDIT_DOLLARS = 2.0
"""Standard edition, on demand, AWS in the United States: Snowflake's service consumption table."""


def tiles(state: Snapshot) -> list[str]:
    """Quota, completeness, dead letters, warehouse time."""
    return [_quota(state), _completeness(state), _dead_letters(state), _cost(state)]


def _quota(state: Snapshot) -> str:
    producer = state.producer
    if producer is None:
        return html.tile("API quota today", "–", ["the producer has not reported"])
    minute = (
        f"{text.count(producer.calls_limit_minute)} a minute"
        if producer.calls_limit_minute
        else "no limit a minute"
    )
    lines = [
        f"plan {producer.plan}, {producer.freshness}, {minute}",
        f"{text.count(producer.refusals_today)} refused today" if producer.refusals_today else "",
    ]
    if producer.calls_limit_day is None:
        return html.tile("API calls today", text.count(producer.calls_today), ["no daily limit", *lines])
    left = max(0, producer.calls_limit_day - producer.calls_today)
    used = producer.calls_today / producer.calls_limit_day if producer.calls_limit_day else 1.0
    return html.tile(
        "API quota left today",
        text.count(left),
        [f"{text.count(producer.calls_today)} of {text.count(producer.calls_limit_day)} used", *lines],
        used,
    )


def _completeness(state: Snapshot) -> str:
    audit = state.audit
    if audit is None:
        return html.tile("Completeness", "not judged", ["the auditor has not reported"])
    missing, doubled, lost, rejected, resent = (
        sum(getattr(part, name) for part in audit.partitions)
        for name in ("missing", "doubled", "lost", "rejected", "resent")
    )
    checked = (
        f"warehouse compared {text.ago(text.since(audit.warehouse_at, state.now))}"
        if audit.warehouse_at
        else "warehouse not compared yet"
    )
    others = [
        f"{text.count(value)} {name}"
        for value, name in (
            (lost, "lost to retention"),
            (rejected, "rejected"),
            (resent, "resent, hidden by the views"),
        )
        if value
    ]
    counts = f"{text.count(missing)} / {text.count(doubled)}"
    return html.tile("Missing / doubled", counts, [checked, ", ".join(others)])


def _dead_letters(state: Snapshot) -> str:
    if state.audit is None:
        return html.tile("Dead letters", "–", ["the auditor has not reported"])
    quarantined = state.loader.quarantined if state.loader else 0
    return html.tile(
        "Dead letters",
        text.count(state.audit.dead_letters),
        [
            "records that could not be read, kept on stock-dlq",
            f"{text.count(quarantined)} objects in quarantine" if quarantined else "",
        ],
    )


def _cost(state: Snapshot) -> str:
    loader = state.loader
    if loader is None:
        return html.tile("Warehouse today", "–", ["the loader has not reported"])
    seconds = loader.warehouse_seconds_today
    credits_used = seconds / CREDIT_SECONDS
    # A simulated market's warehouse is the local one, which sends no bill.
    verb = "would have cost " if state.simulated else ""
    lines = [
        f"{verb}at least {credits_used:.3f} credits, about ${credits_used * CREDIT_DOLLARS:.2f} (X-SMALL); "
        "idle time until suspend comes on top",
        f"since 00:00 UTC, a load every {loader.interval_seconds:g} s",
    ]
    return html.tile("Warehouse today", f"{seconds:,.1f} s", lines)

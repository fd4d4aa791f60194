"""The figures under the pipeline's picture: quota, completeness, dead letters, warehouse time. Pure."""

from __future__ import annotations

from stock_dashboard import markup, pipeline, text
from stock_dashboard.pipeline import Snapshot


def figures(state: Snapshot) -> list[str]:
    """Quota, completeness, dead letters, warehouse time."""
    return [_quota(state), _completeness(state), _letters(state), _cost(state)]


def _quota(state: Snapshot) -> str:
    producer = state.producer
    if producer is None:
        return markup.card("API quota today", "–", ["the producer has not reported"])
    minute = f"{text.count(producer.calls_limit_minute)} a minute" if producer.calls_limit_minute else "no limit a minute"
    lines = [
        f"plan {producer.plan}, {producer.freshness}, {minute}",
        f"{text.count(producer.refusals_today)} refused today" if producer.refusals_today else "",
    ]
    if producer.calls_limit_day is None:
        return markup.card("API calls today", text.count(producer.calls_today), ["no daily limit", *lines])
    left = max(0, producer.calls_limit_day - producer.calls_today)
    used = producer.calls_today / producer.calls_limit_day if producer.calls_limit_day else 1.0
    return markup.card(
        "API quota left today", text.count(left), [f"{text.count(producer.calls_today)} of {text.count(producer.calls_limit_day)} used", *lines], used
    )


def _completeness(state: Snapshot) -> str:
    audit = state.audit
    if audit is None:
        return markup.card("Completeness", "not judged", ["the auditor has not reported"])
    missing, doubled = sum(part.missing for part in audit.partitions), sum(part.doubled for part in audit.partitions)
    lost, rejected, resent = (sum(getattr(part, name) for part in audit.partitions) for name in ("lost", "rejected", "resent"))
    checked = f"warehouse compared {text.ago(text.since(audit.warehouse_at, state.now))}" if audit.warehouse_at else "warehouse not compared yet"
    told = [
        f"{text.count(value)} {name}"
        for value, name in ((lost, "lost to retention"), (rejected, "rejected"), (resent, "resent, hidden by the views"))
        if value
    ]
    return markup.card("Missing / doubled", f"{text.count(missing)} / {text.count(doubled)}", [checked, ", ".join(told)])


def _letters(state: Snapshot) -> str:
    if state.audit is None:
        return markup.card("Dead letters", "–", ["the auditor has not reported"])
    quarantined = state.loader.quarantined if state.loader else 0
    return markup.card(
        "Dead letters",
        text.count(state.audit.dead_letters),
        ["records that could not be read, kept on stock-dlq", f"{text.count(quarantined)} objects in quarantine" if quarantined else ""],
    )


def _cost(state: Snapshot) -> str:
    loader = state.loader
    if loader is None:
        return markup.card("Warehouse today", "–", ["the loader has not reported"])
    seconds = loader.warehouse_seconds_today
    used = seconds / pipeline.CREDIT_SECONDS
    lines = [
        f"at least {used:.3f} credits, about ${used * pipeline.CREDIT_DOLLARS:.2f} (X-SMALL); idle time until suspend comes on top",
        f"since 00:00 UTC, a load every {loader.interval_seconds:g} s",
    ]
    return markup.card("Warehouse today", f"{seconds:,.1f} s", lines)

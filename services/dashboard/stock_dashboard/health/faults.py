"""What is wrong with the pipeline, in one sentence for each fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from stock_common.status import AuditStatus, ProducerStatus
from stock_dashboard import market, text
from stock_dashboard.health.snapshot import SILENT_SECONDS, Snapshot
from stock_dashboard.live.minute_bars import Observed

AUDIT_SILENT_SECONDS = 600.0
OLD_ROUNDS = 6
OLD_AT_LEAST_SECONDS = 60.0
_DRIVER = re.compile(
    r"://|%2F|\w(Error|Exception)\b|Pool\(|host=|Errno|\b\d{1,3}(\.\d{1,3}){3}\b", re.IGNORECASE
)
"""What no sentence for a reader has in it."""
QUIET_SECONDS = 30.0
"""The producer reports every 5 s, whatever it has fetched. After this long it has stopped."""


def describe(state: Snapshot) -> list[str]:
    """One sentence for each fault, the worst first."""
    return [
        *_incomplete(state.audit),
        *_kafka_down(state),
        *_reported(state),
        *(f"{stage.name}: {stage.note}." for stage in state.stages[1:] if stage.state in ("late", "down")),
        *(_silences(state) if state.kafka_up else ()),
        *_quarantined(state),
    ]


def _incomplete(audit: AuditStatus | None) -> Iterator[str]:
    if audit is None or audit.complete:
        return
    findings = [*audit.findings, *(finding for part in audit.partitions for finding in part.findings)]
    first = findings[0] if findings else "see the partitions below"
    yield f"The three stages do not hold the same records: {_sentence(first)}"


def _kafka_down(state: Snapshot) -> Iterator[str]:
    if state.connection.state == "down":
        down = text.counting(text.since(state.connection.since, state.now))
        yield f"Kafka has not answered for {down}: prices stand still, history goes on."


def _reported(state: Snapshot) -> Iterator[str]:
    """The faults that the services report of themselves. Of the sinks one is enough: they fail together."""
    verb = "reports" if state.kafka_up else "reported before Kafka went away"
    services = (("producer", state.producer), ("loader", state.loader), ("auditor", state.audit))
    for name, service in services:
        if service is not None and service.fault:
            yield f"The {name} {verb}: {readable(service.fault)}"
    for chain in state.chains:
        if chain.fault:
            yield f"The sink {verb} for {chain.topic}/{chain.partition}: {readable(chain.fault)}"
            return


def _silences(state: Snapshot) -> Iterator[str]:
    if silence := _producer_silence(state):
        yield silence
    if state.audit is None:
        return
    silent = (state.now - state.audit.at).total_seconds()
    if silent > AUDIT_SILENT_SECONDS:
        yield f"The auditor is silent for {text.counting(silent)}: its verdict is of that time."


def _quarantined(state: Snapshot) -> Iterator[str]:
    if state.loader is not None and state.loader.quarantined:
        yield f"{text.count(state.loader.quarantined)} objects are in quarantine and not in Snowflake."


def fetches(state: Snapshot) -> bool:
    """Whether nothing is known to be wrong with the producer."""
    if state.producer and state.producer.fault:
        return False
    return not (state.kafka_up and _producer_silence(state))


def _producer_silence(state: Snapshot) -> str | None:
    producer = state.producer
    if producer is None:
        return None
    silent = (state.now - producer.at).total_seconds()
    if silent > max(SILENT_SECONDS, 2 * producer.interval_seconds):
        return f"The producer is silent for {text.counting(silent)}: no new quotes are to be expected."
    return None if producer.fault else standstill(producer, state.stages[0].newest, state.now)


def standstill(producer: ProducerStatus, newest: datetime | None, now: datetime) -> str | None:
    """For how long no quote has come although a market is open, and why. None while quotes come.

    newest: the broker's time of the newest quote.
    """
    if newest is None or not any(market.open_now(item, now) for item in producer.markets):
        return None
    silent = (now - newest).total_seconds()
    if silent <= old_after(producer):
        return None
    quiet = (now - producer.at).total_seconds()
    if quiet > QUIET_SECONDS:
        reason = f"the producer has not reported for {text.counting(quiet)}"
    elif producer.outbox:
        reason = f"the producer keeps {text.count(producer.outbox)} that Kafka does not take"
    else:
        reason = "the producer is at work, its source gives nothing new"
    return f"No quote has come for {text.counting(silent)} although the market is open: {reason}."


def standing(newest: Mapping[str, Observed], producer: ProducerStatus, now: datetime) -> list[str]:
    """The symbols whose last quote is old although a market is open, where the plan has real-time quotes."""
    if producer.freshness != "realtime" or not any(market.open_now(item, now) for item in producer.markets):
        return []
    limit = old_after(producer)
    return sorted(
        name for name, item in newest.items() if (now - item.quote.fetched_at).total_seconds() > limit
    )


def most_stand(newest: Mapping[str, Observed], producer: ProducerStatus, now: datetime) -> str | None:
    """That more than half of the symbols have no new quote, in numbers. None while most have one."""
    old = standing(newest, producer, now)
    if len(old) * 2 <= len(newest):
        return None
    limit = text.age(old_after(producer))
    return f"{len(old)} of {len(newest)} symbols have had no new quote for more than {limit}."


def old_after(producer: ProducerStatus) -> float:
    """Seconds from which the last quote of an open market is old."""
    return max(OLD_AT_LEAST_SECONDS, OLD_ROUNDS * producer.interval_seconds)


def readable(fault: str) -> str:
    """A service's fault as one sentence for a reader.

    A driver's own words have addresses, paths and names of classes. They are for the log.
    """
    kept = [part for part in fault.split("; ") if not _DRIVER.search(part)]
    if len(kept) < len(fault.split("; ")):
        kept.append("what it reads from or writes to does not answer: it tries again by itself, see its log")
    return _sentence(", and ".join(kept))


def _sentence(fault: str) -> str:
    return fault if fault.endswith((".", "!", "?")) else f"{fault}."

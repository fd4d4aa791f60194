"""What is wrong, one sentence for each thing. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from stock_common.status import ProducerStatus
from stock_dashboard import market, text
from stock_dashboard.store import Link

if TYPE_CHECKING:
    from stock_dashboard.pipeline import Snapshot

SILENT_SECONDS = 120.0
"""A service whose state is older than this says nothing any more; the loader and the auditor get their own interval more."""
AUDIT_SILENT_SECONDS = 600.0
OLD_ROUNDS = 6
OLD_AT_LEAST_SECONDS = 60.0
QUIET_SECONDS = 30.0
"""The producer tells its state every 5 s, whatever it has fetched."""


def told(known: Snapshot, link: Link) -> list[str]:
    """One sentence for each thing that is wrong, the worst first."""
    now, audit, loader = known.now, known.audit, known.loader
    found = []
    if audit is not None and not audit.complete:
        named = [*audit.findings, *(finding for part in audit.partitions for finding in part.findings)]
        found.append(f"The three stages do not hold the same records: {_sentence(named[0] if named else 'see the partitions below')}")
    if link.state == "down":
        found.append(f"Kafka has not answered for {text.age(text.since(link.since, now))}: prices stand still, history goes on.")
    says = "{} reports" if known.link_up else "{} reported before Kafka went away"
    for service, state in (("producer", known.producer), ("loader", loader), ("auditor", audit)):
        if state is not None and state.fault:
            found.append(f"{says.format(f'The {service}')}: {words(state.fault)}")
    sinks = [f"{says.format('The sink')} for {chain.topic}/{chain.partition}: {words(chain.fault)}" for chain in known.chains if chain.fault]
    found += sinks[:1]
    found += [f"{stage.name}: {stage.note}." for stage in known.stages[1:] if stage.state in ("late", "down")]
    if known.link_up:
        found += _silences(known)
    if loader is not None and loader.quarantined:
        found.append(f"{text.count(loader.quarantined)} objects are in quarantine and not in Snowflake.")
    return found


def _silences(known: Snapshot) -> list[str]:
    producer, audit, found = known.producer, known.audit, []
    if producer is not None and (silent := (known.now - producer.at).total_seconds()) > max(SILENT_SECONDS, 2 * producer.interval_seconds):
        found.append(f"The producer is silent for {text.age(silent)}: no new quotes are to be expected.")
    elif producer is not None and not producer.fault and (still := standstill(producer, known.stages[0].newest, known.now)):
        found.append(still)
    if audit is not None and (silent := (known.now - audit.at).total_seconds()) > AUDIT_SILENT_SECONDS:
        found.append(f"The auditor is silent for {text.age(silent)}: its verdict is of that time.")
    return found


def standstill(producer: ProducerStatus, newest: datetime | None, now: datetime) -> str | None:
    """For how long no quote has come to Kafka although a market is open, and who stands still; None while they come. `newest`: broker's time."""
    if newest is None or not any(market.open_now(item, now) for item in producer.markets):
        return None
    silent = (now - newest).total_seconds()
    if silent <= max(OLD_AT_LEAST_SECONDS, OLD_ROUNDS * producer.interval_seconds):
        return None
    quiet = (now - producer.at).total_seconds()
    if quiet > QUIET_SECONDS:
        who = f"the producer has not reported for {text.age(quiet)}"
    elif producer.outbox:
        who = f"the producer keeps {text.count(producer.outbox)} that Kafka does not take"
    else:
        who = "the producer is at work, its source gives nothing new"
    return f"No quote has come for {text.age(silent)} although the market is open: {who}."


def words(fault: str) -> str:
    """A fault as a service says it, as one sentence for a reader: what a driver adds in brackets and addresses is for the log."""
    if fault.startswith("unavailable: ") and "HTTPConnectionPool" in fault:
        return "what it writes to or reads from does not answer; it tries again by itself."
    return _sentence(fault)


def _sentence(fault: str) -> str:
    return fault if fault.endswith((".", "!", "?")) else f"{fault}."

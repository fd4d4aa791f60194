"""Pipeline: whether all records are there, how far each stage is, how long a quote takes, what it costs.

Everything on it is from stock-status. The page asks the warehouse nothing.
"""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import streamlit as st

from stock_common.status import ProducerStatus
from stock_dashboard import text
from stock_dashboard.data import runtime
from stock_dashboard.data.row import STAMP
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.health import faults, latency, notices
from stock_dashboard.health.partitions import PartitionRow, all_partitions
from stock_dashboard.health.snapshot import Snapshot, Stage, snapshot
from stock_dashboard.health.tiles import tiles
from stock_dashboard.live.store import LiveStore
from stock_dashboard.pages import base, download
from stock_dashboard.ui import html

FOOT = (
    "Offsets are each stage's last; ages are of the newest record there. "
    "Everything here is what the services say of themselves on stock-status; "
    "no warehouse query is made for it."
)
HEADS = (
    "Topic / partition",
    "Kafka",
    "S3",
    "Age on S3",
    "Snowflake",
    "Age in Snowflake",
    "To come",
    "Holes",
    "Missing",
    "Doubled",
    "Verdict",
)
FIELDS = (
    ("topic", pa.string()),
    ("partition", pa.int64()),
    ("kafka", pa.int64()),
    ("s3", pa.int64()),
    ("s3_time", STAMP),
    ("warehouse", pa.int64()),
    ("warehouse_time", STAMP),
    ("holes", pa.int64()),
    ("missing", pa.int64()),
    ("doubled", pa.int64()),
    ("verdict", pa.string()),
)
"""The columns of a partition in a file. kafka, s3, warehouse: last offsets, -1 for none."""
SHOWN_SYMBOLS = 12


def page() -> None:
    shared = runtime.current()
    base.show(
        shared,
        "pipeline",
        lambda _: _draw(shared),
        lambda rows: download.table([file_row(row) for row in rows], FIELDS),
    )


def _draw(shared: Runtime) -> list[PartitionRow]:
    """Draws the page. Returns the partitions."""
    store = shared.store
    state = snapshot(store, shared.now())
    st.html(verdict(state))
    st.html(html.flow(flow(state, store)))
    legs = latency.legs(store.delays(), state.chains, state.loader)
    st.html(html.head("How long each step takes") + latency.picture(legs))
    st.html(html.tiles(tiles(state)))
    rows = all_partitions(store)
    table = html.table(HEADS, [_line(row, state.now) for row in rows])
    st.html(
        html.head("Partitions") + (table if rows else html.note("No service has spoken of a partition yet."))
    )
    st.html(html.foot(FOOT))
    return rows


def verdict(state: Snapshot) -> str:
    """What is wrong, the worst first. Or that nothing is, or that the auditor has not reported yet."""
    audit, found = state.audit, faults.describe(state)
    if found:
        kind = "bad" if audit is not None and not audit.complete else "warn"
        return html.note(found[0], kind) + html.notes(found[1:])
    if audit is None:
        return html.note(
            "The auditor has not reported yet: nothing is known to be wrong, and nothing is proven."
        )
    rows = sum(part.rows for part in audit.partitions)
    on_the_way = sum(part.in_flight_s3 + part.in_flight_warehouse for part in audit.partitions)
    compared = "Kafka, S3 and Snowflake" if audit.warehouse_at else "Kafka and S3"
    share = on_the_way / max(1, rows + on_the_way)
    way = f", {text.count(on_the_way)} more ({share:.0%}) are not in Snowflake yet" if on_the_way else ""
    when = text.ago(text.since(audit.at, state.now))
    return html.note(
        f"Complete: {compared} hold the same {text.count(rows)} records (quotes, alerts, bars){way}; "
        f"none missing, none doubled. Audited {when}."
    )


def flow(state: Snapshot, store: LiveStore) -> list[tuple[str, str, str, list[str]]]:
    """The five stages of a quote, each with its age and the time from the stage before. See html.flow."""
    now, delays = state.now, store.delays()
    kafka, s3, warehouse = state.stages
    delay = f"{latency.duration(delays[0])} after the fetch" if delays else ""
    return [
        _fetched(state, store),
        (kafka.state, "Kafka", _age(kafka.newest, now), [_held(kafka), delay]),
        (s3.state, "S3", _age(s3.newest, now), [_held(s3), _s3_delay(state)]),
        (warehouse.state, "Snowflake", _age(warehouse.newest, now), [_held(warehouse), _load_delay(state)]),
        _shown(state, store),
    ]


def _fetched(state: Snapshot, store: LiveStore) -> tuple[str, str, str, list[str]]:
    producer = state.producer
    if producer is None:
        return ("unknown", "Fetched", _age(None, state.now), ["the producer has not reported"])
    lines = [
        f"{text.count(producer.symbols)} symbols watched, every {producer.interval_seconds:g} s",
        *_answered(producer, store, state.now),
    ]
    if producer.outbox:
        lines.append(f"{text.count(producer.outbox)} in the outbox")
    if producer.freshness == "end_of_day":
        lines.append(notices.next_due(producer))
    status = "ok" if faults.fetches(state) else "late"
    return (status, "Fetched", _age(producer.fetched_at, state.now), lines)


def _answered(producer: ProducerStatus, store: LiveStore, now: datetime) -> list[str]:
    """How many symbols have a quote, and which of them have no new one."""
    newest = store.newest()
    old = faults.standing(newest, producer, now)
    names = f"{', '.join(old[:SHOWN_SYMBOLS])}{' and others' if len(old) > SHOWN_SYMBOLS else ''}"
    return [
        f"{text.count(len(newest))} have a quote",
        f"{text.count(len(old))} without a new one: {names}" if old else "",
    ]


def _shown(state: Snapshot, store: LiveStore) -> tuple[str, str, str, list[str]]:
    delays = store.delays()
    newest = max((item.quote.fetched_at for item in store.newest().values()), default=None)
    delay = f"{latency.duration(sum(delays))} after the fetch" if delays else "no live quote yet"
    rate = f"{store.rate(state.now):,.1f} quotes a second"
    return ("ok" if state.kafka_up else "down", "Received", _age(newest, state.now), [delay, rate])


def _held(stage: Stage) -> str:
    if stage.records is None:
        return stage.note or "no record yet"
    lag = "" if stage.lag is None or stage.name == "Kafka" else f", {text.count(stage.lag)} to come"
    return f"{text.count(stage.records)} quotes{lag}"


def _age(time: datetime | None, now: datetime) -> str:
    return "none yet" if time is None else text.ago(text.since(time, now))


def _s3_delay(state: Snapshot) -> str:
    put = latency.to_s3(state.chains)
    return "" if put is None else f"put up to {latency.duration(put)} after the record"


def _load_delay(state: Snapshot) -> str:
    waited = state.loader.waited_seconds if state.loader else None
    return "" if waited is None else f"loaded up to {latency.duration(waited)} after the object"


def _line(row: PartitionRow, now: datetime) -> list[object]:
    """One partition as a row of the table."""
    return [
        f"{row.topic} / {row.partition}",
        _offset(row.kafka),
        _offset(row.s3),
        text.counting(text.since(row.s3_time, now)),
        _offset(row.warehouse),
        text.counting(text.since(row.warehouse_time, now)),
        text.count(row.on_the_way),
        text.count(row.holes),
        text.count(row.missing),
        text.count(row.doubled),
        _judged(row),
    ]


def _offset(offset: int | None) -> str:
    return text.NONE if offset is None else "none" if offset < 0 else text.count(offset)


def _judged(row: PartitionRow) -> tuple[str, str]:
    """The auditor's verdict in words, and its class."""
    found = row.verdict
    if found is None:
        return ("not judged", "sd-mute")
    if found.findings or found.missing or found.doubled:
        return (found.findings[0] if found.findings else "incomplete", "sd-bad")
    return ("complete", "sd-up")


def file_row(row: PartitionRow) -> dict[str, object]:
    """A partition for a file."""
    return {
        **row._asdict(),
        "holes": row.holes,
        "missing": row.missing,
        "doubled": row.doubled,
        "verdict": _judged(row)[0],
    }

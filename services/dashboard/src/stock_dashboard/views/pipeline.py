"""Pipeline: whether all is there, how far each stage is, how long the way takes, what it costs. All of it from stock-status."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import streamlit as st

from stock_dashboard import cards, download, frame, latency, markup, pipeline, runtime, text
from stock_dashboard.pipeline import PartitionRow, Snapshot, Stage
from stock_dashboard.store import LiveStore

FOOT = (
    "Offsets are each stage's last; ages are of the newest record there. "
    "Everything here is what the services say of themselves on stock-status; no warehouse query is made for it."
)


def page() -> None:
    shared = runtime.current()

    def draw() -> None:
        state = pipeline.snapshot(shared.store, shared.now())
        st.html(verdict(state))
        st.html(markup.flow(way(state, shared.store)))
        st.html(markup.head("How long the way takes") + latency.picture(latency.legs(shared.store.delays(), state.chains, state.loader)))
        st.html(markup.cards(cards.figures(state)))
        rows = [line(row, state.now) for row in pipeline.all_partitions(shared.store)]
        st.html(markup.head("Partitions") + (markup.table(HEADS, rows) if rows else markup.note("No service has spoken of a partition yet.")))
        st.html(markup.foot(FOOT))

    frame.live(draw)
    download.buttons("pipeline", shared.now(), lambda: download.table(exported(pipeline.all_partitions(shared.store)), FIELDS))


def verdict(state: Snapshot) -> str:
    """What is wrong, worst first; or that nothing is; or that nobody has judged yet."""
    if state.faults:
        bad = state.audit is not None and not state.audit.complete
        return markup.note(state.faults[0], "bad" if bad else "warn") + markup.notes(state.faults[1:])
    audit = state.audit
    if audit is None:
        return markup.note("The auditor has not reported yet: nothing is known to be wrong, and nothing is proven.")
    rows, flying = sum(part.rows for part in audit.partitions), sum(part.in_flight_s3 + part.in_flight_warehouse for part in audit.partitions)
    compared = "Kafka, S3 and Snowflake" if audit.warehouse_at else "Kafka and S3"
    way = f", {text.count(flying)} on the way" if flying else ""
    when = text.ago(text.since(audit.at, state.now))
    return markup.note(f"Complete: {compared} hold the same {text.count(rows)} records{way}; none missing, none doubled. Audited {when}.")


def way(state: Snapshot, store: LiveStore) -> list[tuple[str, str, str, list[str]]]:
    """The five stages of a quote's way, each with its age and what it takes from the stage before."""
    producer, now = state.producer, state.now
    delays = store.delays()
    kafka, s3, warehouse = state.stages
    fetched = producer.fetched_at if producer else None
    silent = producer is not None and any(fault.startswith(("The producer", "No quote has come")) for fault in state.faults)
    return [
        (
            "unknown" if producer is None else "late" if silent else "ok",
            "Fetched",
            _age(fetched, now),
            [
                f"{text.count(producer.symbols)} symbols every {producer.interval_seconds:g} s" if producer else "the producer has not reported",
                f"{text.count(producer.outbox)} in the outbox" if producer and producer.outbox else "",
            ],
        ),
        (kafka.state, "Kafka", _age(kafka.newest, now), [_held(kafka), f"{latency.duration(delays[0])} after the fetch" if delays else ""]),
        (s3.state, "S3", _age(s3.newest, now), [_held(s3), _s3_delay(state)]),
        (warehouse.state, "Snowflake", _age(warehouse.newest, now), [_held(warehouse), _load_delay(state)]),
        (
            "ok" if state.link_up else "down",
            "Shown",
            _age(max((item.quote.fetched_at for item in store.newest().values()), default=None), now),
            [
                f"{latency.duration(sum(delays))} after the fetch" if delays else "no live quote yet",
                f"{store.rate(now):,.1f} quotes a second",
            ],
        ),
    ]


def _held(stage: Stage) -> str:
    if stage.records is None:
        return stage.note or "no record yet"
    return f"{text.count(stage.records)} records" + (
        f", {text.count(stage.behind)} behind" if stage.behind is not None and stage.name != "Kafka" else ""
    )


def _age(time: datetime | None, now: datetime) -> str:
    return "none yet" if time is None else text.ago(text.since(time, now))


def _s3_delay(state: Snapshot) -> str:
    put = latency.to_s3(state.chains)
    return "" if put is None else f"put up to {latency.duration(put)} after the record"


def _load_delay(state: Snapshot) -> str:
    waited = state.loader.waited_seconds if state.loader else None
    return "" if waited is None else f"loaded up to {latency.duration(waited)} after the object"


HEADS = ("Topic / partition", "Kafka", "S3", "Age on S3", "Snowflake", "Age in Snowflake", "On the way", "Missing", "Doubled", "Verdict")


def line(row: PartitionRow, now: datetime) -> list[object]:
    """One partition as a row of the table."""
    verdict = row.verdict
    flying = verdict.in_flight_s3 + verdict.in_flight_warehouse if verdict else None
    return [
        f"{row.topic} / {row.partition}",
        _offset(row.kafka),
        _offset(row.s3),
        text.age(text.since(row.s3_time, now)),
        _offset(row.warehouse),
        text.age(text.since(row.warehouse_time, now)),
        text.count(flying),
        text.count(verdict.missing if verdict else None),
        text.count(verdict.doubled if verdict else None),
        _judged(row),
    ]


def _offset(offset: int | None) -> str:
    return text.NONE if offset is None else "none" if offset < 0 else text.count(offset)


def _judged(row: PartitionRow) -> tuple[str, str]:
    verdict = row.verdict
    if verdict is None:
        return ("not judged", "sd-mute")
    if verdict.findings or verdict.missing or verdict.doubled:
        return (verdict.findings[0] if verdict.findings else "incomplete", "sd-bad")
    return ("complete", "sd-up")


FIELDS = (
    ("topic", pa.string()),
    ("partition", pa.int64()),
    ("kafka", pa.int64()),
    ("s3", pa.int64()),
    ("s3_time", pa.timestamp("us", "UTC")),
    ("warehouse", pa.int64()),
    ("warehouse_time", pa.timestamp("us", "UTC")),
    ("missing", pa.int64()),
    ("doubled", pa.int64()),
    ("verdict", pa.string()),
)
"""The columns of a partition in a file; kafka, s3, warehouse: last offsets, -1: none."""


def exported(rows: list[PartitionRow]) -> list[dict[str, object]]:
    """The partitions for a file."""
    found = []
    for row in rows:
        judged = row.verdict
        found.append(
            row._asdict() | {"missing": judged.missing if judged else None, "doubled": judged.doubled if judged else None, "verdict": _judged(row)[0]}
        )
    return found

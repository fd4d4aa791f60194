"""The pipeline as the services report it: its stages with their records, their age and their state. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from stock_common.status import AuditStatus, ChainStatus, LoaderStatus, ProducerStatus
from stock_common.topics import QUOTES
from stock_dashboard import text
from stock_dashboard.health.partitions import PartitionRow, partitions
from stock_dashboard.live.store import SIMULATED, KafkaConnection, LiveStore

State = Literal["ok", "late", "down", "unknown"]
SILENT_SECONDS = 120.0
"""A service without a report for this long is silent. The loader and the auditor have limits of their own."""
S3_LATE_SECONDS = 300.0
S3_LATE_AT_LEAST = 45.0
LOAD_GRACE_SECONDS = 60.0


class Stage(NamedTuple):
    """One stage of the pipeline.

    records: how many of the log's records it holds.
    lag: how many records of the log it does not hold yet.
    newest: the broker's time of its newest record.
    note: what is wrong with it, "" for nothing.
    """

    name: str
    records: int | None
    lag: int | None
    newest: datetime | None
    state: State
    note: str = ""


class Snapshot(NamedTuple):
    """Everything that is known of the pipeline at `now`. It is taken once a refresh."""

    now: datetime
    stages: tuple[Stage, Stage, Stage]
    producer: ProducerStatus | None
    loader: LoaderStatus | None
    audit: AuditStatus | None
    chains: tuple[ChainStatus, ...]
    connection: KafkaConnection
    simulated: bool

    @property
    def kafka_up(self) -> bool:
        return self.connection.state == "up"


class _Silence(NamedTuple):
    """After how many seconds a service without a report is silent, and a stage without new records late."""

    service: str
    reported_at: datetime | None
    silent_after: float
    late_after: float


def snapshot(store: LiveStore, now: datetime) -> Snapshot:
    """The pipeline as it is known at `now`."""
    producer, loader, audit, chains = store.producer(), store.loader(), store.audit(), tuple(store.chains())
    rows = partitions(store.ends(), chains, loader, audit, QUOTES.name)
    kafka_up = store.connection.state == "up"
    stages = (
        _kafka(rows, store.newest_kafka, store.connection.state),
        _s3(rows, chains, now, kafka_up),
        _warehouse(rows, loader, now, kafka_up),
    )
    sources = {item.quote.source for item in store.newest().values()}
    if producer:
        sources.add(producer.source)
    simulated = SIMULATED in sources or store.stored_simulated
    return Snapshot(now, stages, producer, loader, audit, chains, store.connection, simulated)


def _records(offsets: Sequence[int | None]) -> int | None:
    """How many records partitions hold together, from the last offset of each."""
    numbers = [offset + 1 for offset in offsets if offset is not None]
    return sum(numbers) if numbers else None


def _lag(rows: Sequence[PartitionRow], reached: Sequence[int | None]) -> int | None:
    """How many records the stage does not hold yet. A partition that it has not reported counts whole."""
    if all(offset is None for offset in reached):
        return None
    pairs = [
        (-1 if row.kafka is None else row.kafka, -1 if offset is None else offset)
        for row, offset in zip(rows, reached, strict=True)
    ]
    return sum(max(0, kafka - offset) for kafka, offset in pairs)


def _kafka(rows: Sequence[PartitionRow], newest: datetime | None, connection: str) -> Stage:
    records = _records([row.kafka for row in rows])
    states: dict[str, State] = {"up": "ok", "down": "down"}
    note = "" if connection == "up" else "not reachable"
    lag = 0 if records is not None else None
    return Stage("Kafka", records, lag, newest, states.get(connection, "unknown"), note)


def _s3(rows: Sequence[PartitionRow], chains: Sequence[ChainStatus], now: datetime, kafka_up: bool) -> Stage:
    reached, times = [row.s3 for row in rows], [row.s3_time for row in rows if row.s3_time is not None]
    stage = Stage("S3", _records(reached), _lag(rows, reached), max(times, default=None), "ok")
    reported_at = max((chain.at for chain in chains), default=None)
    silence = _Silence("the sink", reported_at, SILENT_SECONDS, _late_after(chains))
    return _judged(stage, silence, now, kafka_up)


def _late_after(chains: Sequence[ChainStatus]) -> float:
    """Seconds from which S3 is late: three times as long as the last objects waited, within bounds."""
    waits = [
        (chain.put_at - chain.first_kafka_time).total_seconds()
        for chain in chains
        if chain.put_at and chain.first_kafka_time
    ]
    return min(S3_LATE_SECONDS, max(S3_LATE_AT_LEAST, 3 * max(waits))) if waits else S3_LATE_SECONDS


def _warehouse(
    rows: Sequence[PartitionRow], loader: LoaderStatus | None, now: datetime, kafka_up: bool
) -> Stage:
    reached = [row.warehouse for row in rows]
    times = [row.warehouse_time for row in rows if row.warehouse_time is not None]
    stage = Stage("Snowflake", _records(reached), _lag(rows, reached), max(times, default=None), "ok")
    allowed = 2 * loader.interval_seconds + LOAD_GRACE_SECONDS if loader else 0.0
    silence = _Silence("the loader", loader.at if loader else None, allowed, allowed + S3_LATE_SECONDS)
    return _judged(stage, silence, now, kafka_up)


def _judged(stage: Stage, silence: _Silence, now: datetime, kafka_up: bool) -> Stage:
    """The stage with its state. Reports come by Kafka: while it is away, silence means nothing."""
    if silence.reported_at is None:
        return stage._replace(state="unknown", note=f"{silence.service} has not reported")
    silent = (now - silence.reported_at).total_seconds()
    if silent > silence.silent_after:
        if not kafka_up:
            note = f"last heard of {text.ago(silent)}, before Kafka went away"
            return stage._replace(state="unknown", note=note)
        return stage._replace(state="down", note=f"{silence.service} is silent for {text.counting(silent)}")
    age = text.since(stage.newest, now)
    if stage.lag and age is not None and age > silence.late_after:
        note = f"{text.count(stage.lag)} records to come, the newest there is {text.counting(age)} old"
        return stage._replace(state="late", note=note)
    return stage

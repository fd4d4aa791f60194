"""What the services have said of themselves, read together: stages, lag, and what is wrong. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from stock_common.status import AuditStatus, ChainStatus, LoaderStatus, PartitionVerdict, ProducerStatus
from stock_common.topics import QUOTES, SUNK
from stock_dashboard import faults, text
from stock_dashboard.store import LiveStore

State = Literal["ok", "late", "down", "unknown"]
S3_LATE_SECONDS = 300.0
LOAD_GRACE_SECONDS = 60.0
SIMULATED = "simulated"
CREDIT_SECONDS = 3_600.0
"""An X-SMALL warehouse costs one credit an hour, billed by the second."""
CREDIT_DOLLARS = 2.0
"""Standard edition, on demand, AWS in the United States: Snowflake's service consumption table."""


class Stage(NamedTuple):
    """One stage of the way. `records`: how many offsets it holds of the whole log; `behind`: how many the log has that it has not;
    `newest`: broker's time of its newest record."""

    name: str
    records: int | None
    behind: int | None
    newest: datetime | None
    state: State
    note: str = ""


class Snapshot(NamedTuple):
    """Everything the page needs, taken once a refresh."""

    now: datetime
    stages: tuple[Stage, ...]
    faults: tuple[str, ...]
    producer: ProducerStatus | None
    loader: LoaderStatus | None
    audit: AuditStatus | None
    chains: tuple[ChainStatus, ...]
    link_up: bool
    simulated: bool


class PartitionRow(NamedTuple):
    """One partition in all stages; last offsets, -1: none yet, None: not known."""

    topic: str
    partition: int
    kafka: int | None
    s3: int | None
    warehouse: int | None
    s3_time: datetime | None
    warehouse_time: datetime | None
    verdict: PartitionVerdict | None


def snapshot(store: LiveStore, now: datetime) -> Snapshot:
    """The pipeline as it is known at `now`."""
    producer, loader, audit, chains = store.producer(), store.loader(), store.audit(), tuple(store.chains())
    rows = partitions(store.ends(), chains, loader, audit, QUOTES.name)
    up = store.link.state == "up"
    stages = (_kafka(rows, store.newest_kafka, store.link.state), _s3(rows, chains, now, up), _warehouse(rows, loader, now, up))
    sources = {item.quote.source for item in store.newest().values()} | ({producer.source} if producer else set())
    simulated = SIMULATED in sources or store.stored_simulated
    known = Snapshot(now, stages, (), producer, loader, audit, chains, up, simulated)
    return known._replace(faults=tuple(faults.told(known, store.link)))


def partitions(
    ends: dict[int, int], chains: tuple[ChainStatus, ...], loader: LoaderStatus | None, audit: AuditStatus | None, topic: str
) -> list[PartitionRow]:
    """A topic's partitions, by number, as far as anyone has spoken of them."""
    put = {chain.partition: chain for chain in chains if chain.topic == topic}
    loaded = {part.partition: part for part in loader.partitions if part.topic == topic} if loader else {}
    judged = {part.partition: part for part in audit.partitions if part.topic == topic} if audit else {}
    rows = []
    for number in sorted({*ends, *put, *loaded, *judged}):
        chain, part, verdict = put.get(number), loaded.get(number), judged.get(number)
        known = [end for end in (ends.get(number), verdict.kafka_end if verdict else None) if end is not None]
        s3 = [value for value in (chain.last_offset if chain else None, verdict.s3_last if verdict else None) if value is not None]
        stored = [value for value in (part.last_offset if part else None, verdict.warehouse_last if verdict else None) if value is not None]
        rows.append(
            PartitionRow(
                topic,
                number,
                max(known) - 1 if known else None,
                max(s3) if s3 else None,
                max(stored) if stored else None,
                chain.last_kafka_time if chain else None,
                part.last_kafka_time if part else None,
                verdict,
            )
        )
    return rows


def all_partitions(store: LiveStore) -> list[PartitionRow]:
    """Every partition of the topics that go to the warehouse."""
    chains, loader, audit = tuple(store.chains()), store.loader(), store.audit()
    return [row for topic in SUNK for row in partitions(store.ends(topic.name), chains, loader, audit, topic.name)]


def _sum(values: list[int | None]) -> int | None:
    known = [value + 1 for value in values if value is not None]
    return sum(known) if known else None


def _behind(rows: list[PartitionRow], reached: list[int | None]) -> int | None:
    """Records that the log has and the stage has not; a partition that the stage has never spoken of counts whole."""
    if all(value is None for value in reached):
        return None
    return sum(
        max(0, (row.kafka if row.kafka is not None else -1) - (value if value is not None else -1)) for row, value in zip(rows, reached, strict=True)
    )


def _kafka(rows: list[PartitionRow], newest: datetime | None, link: str) -> Stage:
    records = _sum([row.kafka for row in rows])
    state: State = "ok" if link == "up" else "down" if link == "down" else "unknown"
    return Stage("Kafka", records, 0 if records is not None else None, newest, state, "" if link == "up" else "not reachable")


def _s3(rows: list[PartitionRow], chains: tuple[ChainStatus, ...], now: datetime, up: bool) -> Stage:
    reached, times = [row.s3 for row in rows], [row.s3_time for row in rows if row.s3_time is not None]
    known = Stage("S3", _sum(reached), _behind(rows, reached), max(times, default=None), "ok")
    said = max((chain.at for chain in chains), default=None)
    return _judged(known, "the sink", said, faults.SILENT_SECONDS, S3_LATE_SECONDS, now, up)


def _warehouse(rows: list[PartitionRow], loader: LoaderStatus | None, now: datetime, up: bool) -> Stage:
    reached, times = [row.warehouse for row in rows], [row.warehouse_time for row in rows if row.warehouse_time is not None]
    known = Stage("Snowflake", _sum(reached), _behind(rows, reached), max(times, default=None), "ok")
    allowed = 2 * loader.interval_seconds + LOAD_GRACE_SECONDS if loader else 0.0
    return _judged(known, "the loader", loader.at if loader else None, allowed, allowed + S3_LATE_SECONDS, now, up)


def _judged(stage: Stage, service: str, said: datetime | None, silent_after: float, late_after: float, now: datetime, up: bool) -> Stage:
    """The stage with its state. What it says of itself comes by Kafka: while that is away, its silence means nothing."""
    if said is None:
        return stage._replace(state="unknown", note=f"{service} has not reported")
    silent = (now - said).total_seconds()
    if silent > silent_after:
        note = f"{service} is silent for {text.age(silent)}" if up else f"last heard of {text.ago(silent)}, before Kafka went away"
        return stage._replace(state="down" if up else "unknown", note=note)
    if stage.behind and stage.newest is not None and (now - stage.newest).total_seconds() > late_after:
        return stage._replace(
            state="late", note=f"{text.count(stage.behind)} records behind, the newest there is {text.age((now - stage.newest).total_seconds())} old"
        )
    return stage

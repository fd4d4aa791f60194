"""Status messages: each service's latest state, on the compacted topic `stock-status`.

The dashboard, the auditor and `make demo` read them. The message's key is the struct's `key`, so compaction
keeps the newest of each. Offsets are the last of what they name, -1 where there is none yet.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from stock_common import domain

Instant = Annotated[datetime, Meta(tz=True)]


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar's state. `next_open` and `next_close` are None for a market that never closes.

    data_due: when the next data of its symbols should be here, in the past where they are late.
    """

    calendar: str
    is_open: bool
    next_open: Instant | None = None
    next_close: Instant | None = None
    data_due: Instant | None = None


class ProducerStatus(msgspec.Struct, frozen=True, kw_only=True, tag="producer"):
    """The quota and the last round. `calls_limit_day` is None where the plan has no daily cap."""

    at: Instant
    source: str
    plan: str
    freshness: str
    symbols: int
    interval_seconds: float
    calls_today: int
    calls_limit_day: int | None
    calls_limit_minute: int | None
    refusals_today: int
    outbox: int
    fetched_at: Instant | None
    markets: list[MarketState]
    fault: str | None = None

    @property
    def key(self) -> str:
        return "producer"


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True, tag="chain"):
    """One partition's chain on S3, by the sink that owns it.

    `first_kafka_time` and `last_kafka_time` are the broker's times of the oldest and the newest record in the
    last object.
    """

    at: Instant
    topic: str
    topic_id: str
    partition: int
    last_offset: int
    last_object: str | None
    put_at: Instant | None
    last_kafka_time: Instant | None
    buffered: int
    first_kafka_time: Instant | None = None
    fault: str | None = None

    @property
    def key(self) -> str:
        return f"chain/{self.topic}/{self.partition}"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """One partition in the ledger."""

    topic: str
    topic_id: str
    partition: int
    last_offset: int
    rows: int
    last_kafka_time: Instant | None = None


class LoaderStatus(msgspec.Struct, frozen=True, kw_only=True, tag="loader"):
    """The ledger after the last cycle.

    loads: transactions since the start that loaded something. When it rises, the dashboard reads again.
    waited_seconds: how long the object that waited longest for the last load had been on S3.
    warehouse_seconds_today: the time that statements ran (UTC day), the lower bound of what is billed.
    """

    at: Instant
    loads: int
    loaded_at: Instant | None
    interval_seconds: float
    partitions: list[Loaded]
    quarantined: int
    warehouse_seconds_today: float
    waited_seconds: float | None = None
    fault: str | None = None

    @property
    def key(self) -> str:
        return "loader"


class PartitionVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One chain in all three stages. Counts are of offsets. Offsets of a stage without any are -1.

    findings: each gap, overlap or double, by range and object.
    warnings: what is explained but should be known (offsets lost to retention, a topic that was made again).
    """

    topic: str
    topic_id: str
    partition: int
    kafka_first: int
    kafka_end: int
    s3_last: int
    warehouse_last: int
    rows: int
    rejected: int
    holes: int
    lost: int
    in_flight_s3: int
    in_flight_warehouse: int
    missing: int
    doubled: int
    resent: int
    findings: list[str] = []
    warnings: list[str] = []


class AuditStatus(msgspec.Struct, frozen=True, kw_only=True, tag="audit"):
    """The auditor's verdict.

    complete: False on anything unexplained.
    at: when the stages were last compared. With a `fault`, everything else is as old as that.
    fault: what cannot be reached.
    warehouse_at: when the warehouse was last compared.
    findings: those of no partition (foreign objects, quarantined ones).
    """

    at: Instant
    complete: bool
    full: bool
    warehouse_at: Instant | None
    partitions: list[PartitionVerdict]
    dead_letters: int
    findings: list[str] = []
    fault: str | None = None

    @property
    def key(self) -> str:
        return "audit"


Status = ProducerStatus | ChainStatus | LoaderStatus | AuditStatus

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Status] = msgspec.json.Decoder(Status)


def encode(status: Status) -> bytes:
    """The status as JSON. Its `type` names the struct."""
    return _encoder.encode(status)


def decode(value: bytes) -> Status:
    """The status in a message's value. Raises domain.BadMessage, also where this version does not know it."""
    return domain.decode(_decoder, value)


def decode_under(key: str, value: bytes) -> Status:
    """The status of this key. Raises domain.BadMessage, also for one that stands under another key."""
    found = decode(value)
    if found.key != key:
        raise domain.BadMessage("key", f"the status of {found.key!r} stands under another key")
    return found

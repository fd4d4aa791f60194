"""Status messages: each service's latest state on the compacted topic `stock-status`, for the dashboard, the auditor and `make demo`.

The message key is `key` of the struct, so compaction keeps the newest of each. Offsets are the last of what they name, -1: none yet.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """One calendar's state. `next_open` and `next_close` are None for a market that never closes."""

    calendar: str
    is_open: bool
    next_open: Instant | None = None
    next_close: Instant | None = None


class ProducerStatus(msgspec.Struct, frozen=True, kw_only=True, tag="producer"):
    """The quota and the last round. `calls_limit_day` None: the plan has no daily cap."""

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

    `first_kafka_time` and `last_kafka_time` are the broker's times of the oldest and the newest record in the last object.
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
    """The ledger after the last cycle. `loads` counts the transactions that loaded something since the start: history is renewed when it rises.

    `waited_seconds`: how long the object that waited longest for the last load had been on S3.
    `warehouse_seconds_today` is the time that statements ran (UTC day), the lower bound of what is billed.
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
    """One chain in all three stages. Counts are of offsets; `findings` name each gap, overlap or double by range and object,

    `warnings` what is explained but should be known (offsets lost to retention, a topic made anew). Offsets of a stage without any are -1.
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
    """The auditor's verdict. `complete` is False on anything unexplained; `warehouse_at` is when the warehouse was last compared.

    `at` is when the stages were last compared: with a `fault`, which names what cannot be reached, the rest is as old as that.
    `findings` are those of no partition (foreign objects, quarantined ones).
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
    """The status as JSON; `type` says which."""
    return _encoder.encode(status)


def decode(value: bytes) -> Status:
    """The status in a message's value. Raises ValueError for one that this version does not know."""
    try:
        return _decoder.decode(value)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a status message: {error}") from None

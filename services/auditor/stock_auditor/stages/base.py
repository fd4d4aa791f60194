"""The stages as an audit reads them, and the error that one could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stock_auditor.compare.evidence import LedgerRow, Log, Probe, Readable, Reading, Rewritten, Stored
from stock_common.links import Link
from stock_common.run import FatalError
from stock_kafka.cluster import TopicState, Unreachable
from stock_objects.chain import Chain
from stock_objects.errors import Conflict, ObjectError
from stock_warehouse.errors import WarehouseError

STAGES = ("kafka", "s3", "snowflake")


class NotCompared(Exception):
    """A stage could not be read, so there is no verdict. `fatal` where an operator must act."""

    def __init__(self, stage: str, text: str, fatal: bool) -> None:
        super().__init__(text)
        self.stage = stage
        self.fatal = fatal


class WarehouseStage(Protocol):
    """Implemented by stages.warehouse."""

    def chains(self, topic: str) -> set[Chain]: ...
    def quarantined(self) -> list[tuple[str, str]]: ...
    def resent_across(self, topic: str) -> dict[Chain, int]: ...
    def read(self, chain: Chain, since: int, by_range: bool) -> Reading: ...


class BucketStage(Protocol):
    """Implemented by stages.bucket."""

    def chains(self, topic: str) -> set[Chain]: ...
    def read(
        self, chain: Chain, after: str | None, ledger: Iterable[LedgerRow], every_head: bool
    ) -> tuple[Stored, ...]: ...
    def strays(self, known: Collection[Chain], prefix: str = ...) -> list[str]: ...


class KafkaStage(Protocol):
    """Implemented by stages.kafka. `accepted` gives the findings that operators have accepted: text → why."""

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]: ...
    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log: ...
    def dead_letters(self) -> int: ...
    def accepted(self) -> Mapping[str, str]: ...


class RecordStage(Protocol):
    """Implemented by stages.records."""

    def readable(self, chain: Chain, links: Iterable[Link], log: Log) -> dict[str, Readable]: ...
    def probe(self, chain: Chain, begin: int, end: int) -> Probe: ...
    def rewritten(self, links: Iterable[Link], log: Log, again: bool) -> Rewritten | None: ...


@dataclass(frozen=True)
class Stages:
    """The three stages that an audit compares, and the records themselves where offsets do not say enough."""

    warehouse: WarehouseStage
    bucket: BucketStage
    kafka: KafkaStage
    records: RecordStage


@contextmanager
def reading(stage: str) -> Iterator[None]:
    """Turns what the stage raises into NotCompared."""
    try:
        yield
    except (Unreachable, ObjectError, Conflict, WarehouseError) as error:
        raise NotCompared(stage, str(error), False) from error
    except FatalError as error:
        raise NotCompared(stage, str(error), True) from error

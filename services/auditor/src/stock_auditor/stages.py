"""The three stages as an audit reads them, and what it means that one could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from stock_auditor.evidence import LedgerRow, Log, Reading, Stored
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
    def chains(self, topic: str) -> set[Chain]: ...
    def quarantined(self) -> list[tuple[str, str]]: ...
    def read(self, chain: Chain, since: int, by_range: bool) -> Reading: ...


class BucketStage(Protocol):
    def chains(self, topic: str) -> set[Chain]: ...
    def read(self, chain: Chain, after: str | None, ledger: Iterable[LedgerRow], every_head: bool) -> tuple[Stored, ...]: ...
    def strays(self, known: Collection[Chain], prefix: str = ...) -> list[str]: ...


class LogStage(Protocol):
    def topics(self, names: Iterable[str]) -> dict[str, TopicState]: ...
    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log: ...
    def dead_letters(self) -> int: ...
    def accepted(self) -> Mapping[str, str]: ...


@contextmanager
def reading(stage: str) -> Iterator[None]:
    """What the stage raises, as NotCompared."""
    try:
        yield
    except (Unreachable, ObjectError, Conflict, WarehouseError) as error:
        raise NotCompared(stage, str(error), False) from error
    except FatalError as error:
        raise NotCompared(stage, str(error), True) from error

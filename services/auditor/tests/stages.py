"""Kafka, S3 and Snowflake in memory, over worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from world import LIMIT, NOW, World

from stock_auditor.auditor import Auditor
from stock_auditor.bucket import BucketReader
from stock_auditor.evidence import QUARANTINED, Log, Reading
from stock_auditor.table_check import agrees
from stock_kafka.cluster import TopicState, Unreachable
from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_objects.store import PAGE, ObjectHead, ObjectInfo
from stock_warehouse.errors import WarehouseUnavailable


class MemoryBucket:
    """What reading chains needs of a store. `heads` and `lists` are what was asked for; objects outside of every chain are in `others`."""

    def __init__(self, worlds: Iterable[World]) -> None:
        self.worlds = list(worlds)
        self.others: list[str] = []
        self.heads: list[str] = []
        self.lists: list[str] = []
        self.down = False

    def head(self, key: str) -> ObjectHead | None:
        self.heads.append(key)
        for world in self.worlds:
            if stored := world.objects.get(key):
                return ObjectHead(key, 1, stored.etag, stored.modified, stored.link.metadata() if stored.link else {})
        return None

    def objects(self, prefix: str, after: str | None = None, first: int = PAGE) -> Iterator[ObjectInfo]:
        self.lists.append(prefix)
        if self.down:
            raise ObjectError("s3://bucket/: connection refused")
        stored = {key: (item.etag, item.modified) for world in self.worlds for key, item in world.objects.items()}
        for key, (etag, modified) in sorted((stored | dict.fromkeys(self.others, ("etag", NOW))).items()):
            if key.startswith(prefix) and key > (after or ""):
                yield ObjectInfo(key, 1, etag, modified)

    def prefixes(self, prefix: str) -> list[str]:
        below = {item.key[len(prefix) :].partition("/") for item in self.objects(prefix)}
        return sorted(f"{prefix}{name}/" for name, slash, _ in below if slash)


class MemoryWarehouse:
    """`asked` lists (chain, since, by range) of each reading."""

    def __init__(self, worlds: Iterable[World]) -> None:
        self.worlds = list(worlds)
        self.others: list[tuple[str, str]] = []
        self.asked: list[tuple[Chain, int, bool]] = []
        self.down = False

    def chains(self, topic: str) -> set[Chain]:
        self._answer()
        return {world.chain for world in self.worlds if world.chain.topic == topic and (world.ledger or world.table)}

    def quarantined(self) -> list[tuple[str, str]]:
        self._answer()
        own = [(row.key, row.reason) for world in self.worlds for row in world.ledger.values() if row.status == QUARANTINED]
        return own + self.others

    def read(self, chain: Chain, since: int, by_range: bool) -> Reading:
        self._answer()
        self.asked.append((chain, since, by_range))
        for world in self.worlds:
            if world.chain == chain:
                reading = world.reading(since, runs=True)
                held = [row for row in reading.ledger if row.status != QUARANTINED]
                return reading if by_range or not agrees(held, reading.totals) else reading._replace(runs=None)
        return Reading()

    def _answer(self) -> None:
        if self.down:
            raise WarehouseUnavailable("no answer")


class MemoryLog:
    def __init__(self, worlds: Iterable[World], letters: int = 0) -> None:
        self.worlds = list(worlds)
        self.letters = letters
        self.acceptances: dict[str, str] = {}
        self.down = False

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        if self.down:
            raise Unreachable("no answer to describe topic stock-data")
        live = [world.chain for world in self.worlds if world.log and world.chain.topic in set(names)]
        return {chain.topic: TopicState(chain.topic, chain.topic_id, sum(other.topic == chain.topic for other in live)) for chain in live}

    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log:
        (log,) = [world.log for world in self.worlds if world.log and world.chain[::2] == (topic, partition)]
        return log if limit else log._replace(due=log.end)

    def dead_letters(self) -> int:
        return self.letters

    def accepted(self) -> dict[str, str]:
        return self.acceptances


class Pipeline:
    """The stages over the same worlds, and an auditor of them."""

    def __init__(
        self,
        *worlds: World,
        topics: Iterable[str] = ("stock-data", "stock-alerts"),
        limit: float = LIMIT,
        wrap: Callable[[Any], Any] = lambda stage: stage,
    ) -> None:
        self.bucket, self.warehouse, self.log = MemoryBucket(worlds), MemoryWarehouse(worlds), MemoryLog(worlds)
        stages = (wrap(self.warehouse), BucketReader(wrap(self.bucket)), wrap(self.log))
        self.goes_on = True
        self.now = NOW
        self.auditor = Auditor(*stages, list(topics), limit, lambda: self.now, lambda: self.goes_on)

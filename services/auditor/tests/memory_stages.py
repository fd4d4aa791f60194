"""Kafka, S3 and Snowflake in memory, over worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from world import CHAIN, LIMIT, NOW, World, link

from stock_auditor.auditor import Auditor
from stock_auditor.compare.evidence import Log, Probe, Readable, Reading, Rewritten
from stock_auditor.compare.ledger_table import agrees
from stock_auditor.stages.base import Stages
from stock_auditor.stages.bucket import BucketReader
from stock_common.keys import Shape
from stock_common.ledger import QUARANTINED
from stock_common.links import Link
from stock_kafka.cluster import TopicState, Unreachable
from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_objects.store import PAGE, ObjectHead, ObjectInfo
from stock_warehouse.errors import WarehouseUnavailable

SECOND = Chain("stock-data", CHAIN.topic_id, 1)
ALERTS = Chain("stock-alerts", "a" * 32, 0)


class MemoryBucket:
    """What reading chains needs of a store.

    heads, lists: what was asked for.
    others: objects outside of every chain.
    """

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
                return ObjectHead(
                    key, 1, stored.etag, stored.modified, stored.link.metadata() if stored.link else {}
                )
        return None

    def objects(self, prefix: str, after: str | None = None, first: int = PAGE) -> Iterator[ObjectInfo]:
        self.lists.append(prefix)
        if self.down:
            raise ObjectError("s3://bucket/: connection refused")
        stored = {
            key: (item.etag, item.modified) for world in self.worlds for key, item in world.objects.items()
        }
        for key, (etag, modified) in sorted((stored | dict.fromkeys(self.others, ("etag", NOW))).items()):
            if key.startswith(prefix) and key > (after or ""):
                yield ObjectInfo(key, 1, etag, modified)

    def prefixes(self, prefix: str, shape: Shape | None = None) -> list[str]:
        below = (item.key[len(prefix) :].partition("/") for item in self.objects(prefix))
        return sorted({f"{prefix}{name}/" for name, slash, _ in below if slash})


class MemoryWarehouse:
    """`asked` lists (chain, since, by range) of each reading."""

    def __init__(self, worlds: Iterable[World]) -> None:
        self.worlds = list(worlds)
        self.others: list[tuple[str, str]] = []
        self.asked: list[tuple[Chain, int, bool]] = []
        self.across: dict[Chain, int] = {}
        self.down = False

    def chains(self, topic: str) -> set[Chain]:
        self._answer()
        return {
            world.chain
            for world in self.worlds
            if world.chain.topic == topic and (world.ledger or world.table)
        }

    def quarantined(self) -> list[tuple[str, str]]:
        self._answer()
        own = [
            (row.key, row.reason)
            for world in self.worlds
            for row in world.ledger.values()
            if row.status == QUARANTINED
        ]
        return own + self.others

    def resent_across(self, topic: str) -> dict[Chain, int]:
        self._answer()
        return {chain: events for chain, events in self.across.items() if chain.topic == topic}

    def read(self, chain: Chain, since: int, by_range: bool) -> Reading:
        self._answer()
        self.asked.append((chain, since, by_range))
        for world in self.worlds:
            if world.chain == chain:
                reading = world.reading(since, runs=True)
                held = [row for row in reading.ledger if row.status != QUARANTINED]
                return (
                    reading if by_range or not agrees(held, reading.totals) else reading._replace(runs=None)
                )
        return Reading()

    def _answer(self) -> None:
        if self.down:
            raise WarehouseUnavailable("no answer")


class MemoryKafka:
    def __init__(self, worlds: Iterable[World], letters: int = 0) -> None:
        self.worlds = list(worlds)
        self.letters = letters
        self.acceptances: dict[str, str] = {}
        self.down = False

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        if self.down:
            raise Unreachable("no answer to describe topic stock-data")
        live = [world.chain for world in self.worlds if world.log and world.chain.topic in set(names)]
        return {
            chain.topic: TopicState(
                chain.topic, chain.topic_id, sum(other.topic == chain.topic for other in live)
            )
            for chain in live
        }

    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log:
        (log,) = [world.log for world in self.worlds if world.log and world.chain[::2] == (topic, partition)]
        return log if limit else log._replace(due=log.end)

    def dead_letters(self) -> int:
        return self.letters

    def accepted(self) -> dict[str, str]:
        return self.acceptances


class MemoryRecords:
    """Every offset of a world's log holds a record, except what it lists as `holes` and from `broken` on.

    probed, counted: what was asked for.
    """

    def __init__(self, worlds: Iterable[World]) -> None:
        self.worlds = list(worlds)
        self.probed: list[tuple[Chain, int]] = []
        self.counted: list[str] = []

    def readable(self, chain: Chain, links: Iterable[Link], log: Log) -> dict[str, Readable]:
        world = self._of(chain)
        checked = [each for each in links if each.holes and log.first <= each.first and each.last < log.end]
        self.counted += [str(each.key) for each in checked]
        return {
            str(each.key): Readable(len(set(range(each.first, each.last + 1)) - world.holes))
            for each in checked
        }

    def probe(self, chain: Chain, begin: int, end: int) -> Probe:
        world = self._of(chain)
        self.probed.append((chain, begin))
        at = next((offset for offset in range(begin, end) if offset not in world.holes), end)
        broken = world.broken is not None and at >= world.broken
        return Probe(begin, at, "cannot read stock-data/0: Local: Bad message format" if broken else "")

    def rewritten(self, links: Iterable[Link], log: Log, again: bool) -> Rewritten | None:
        return None

    def _of(self, chain: Chain) -> World:
        return next(world for world in self.worlds if world.chain == chain)


class Pipeline:
    """The stages over the same worlds, and an auditor of them."""

    def __init__(
        self,
        *worlds: World,
        topics: Iterable[str] = ("stock-data", "stock-alerts"),
        limit: float = LIMIT,
        wrap: Callable[[Any], Any] = lambda stage: stage,
    ) -> None:
        self.bucket, self.warehouse, self.kafka = (
            MemoryBucket(worlds),
            MemoryWarehouse(worlds),
            MemoryKafka(worlds),
        )
        self.records = MemoryRecords(worlds)
        stages = Stages(wrap(self.warehouse), BucketReader(wrap(self.bucket)), wrap(self.kafka), self.records)
        self.goes_on = True
        self.now = NOW
        self.auditor = Auditor(stages, list(topics), limit, lambda: self.now, lambda: self.goes_on)


def three_chains() -> tuple[Pipeline, World, World]:
    """A pipeline, and its two chains that hold something."""
    first = World([link(0, 100), link(100, 100), link(200, 100)])
    second = World([link(0, 50, chain=SECOND)], chain=SECOND)
    return Pipeline(first, second, World([], chain=ALERTS)), first, second

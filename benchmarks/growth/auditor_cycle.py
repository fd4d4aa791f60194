"""The auditor's cycles over a history. Kafka is stood in for.

They are: everything, at rest, with six new objects, and after a load of six objects.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from benchmarks.growth.fake_s3_history import PARTITIONS, TOPIC, TOPIC_ID, new_link, require, rows_of
from benchmarks.growth.harness import SENT, SIZE, calls, measure, put, show
from benchmarks.growth.statements import count_statements
from stock_auditor.auditor import Auditor
from stock_auditor.compare.evidence import Log, Probe, Readable
from stock_auditor.stages.base import Stages
from stock_auditor.stages.bucket import BucketReader
from stock_auditor.stages.warehouse import WarehouseReader
from stock_common.links import Link
from stock_common.topics import SUNK
from stock_kafka.cluster import TopicState
from stock_objects.chain import Chain
from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore
from stock_warehouse.config import WarehouseSettings
from stock_warehouse.session import Warehouse

LOADED_BEFORE = int(os.environ["GROWTH_RUNS"])
"""Links of each partition that the loader's cycles, which run first, have loaded."""
BEGIN = SIZE // PARTITIONS * rows_of(SIZE)
"""The first offset after the history."""
LEDGER_ROW = """\
INSERT INTO RAW.LOADED_FILES
  (TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST,
   OBJECT_KEY, ETAG, STATUS, OBJECT_TIME)
SELECT ?, ?, ?, ?, ?, 0, 1, 0, 0, ?, ?, 'loaded', CURRENT_TIMESTAMP()"""


class FullLog:
    """Kafka holds what S3 holds."""

    def __init__(self) -> None:
        self.end = BEGIN + LOADED_BEFORE

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        return {topic.name: TopicState(topic.name, TOPIC_ID, topic.partitions) for topic in SUNK}

    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log:
        end = self.end if topic == TOPIC else 0
        return Log(max(0, end - 10), end, max(0, end - 10))

    def dead_letters(self) -> int:
        return 0

    def accepted(self) -> dict[str, str]:
        return {}

    def rewritten(self, links: Iterable[Link], log: Log, again: bool) -> None:
        """The log is the one that was read."""

    def readable(self, chain: Chain, links: Iterable[Link], log: Log) -> dict[str, Readable]:
        return {}  # no link of the history has a hole

    def probe(self, chain: Chain, begin: int, end: int) -> Probe:
        return Probe(begin, begin)


class Cycles:
    """The auditor with Kafka stood in for, and what changes between its cycles."""

    def __init__(self) -> None:
        self.log = FullLog()
        self._warehouse = Warehouse(WarehouseSettings(), "auditor")  # type: ignore[call-arg]
        self._store = ObjectStore(ObjectSettings())  # type: ignore[call-arg]
        self._auditor = Auditor(
            Stages(WarehouseReader(self._warehouse), BucketReader(self._store), self.log, self.log),
            [topic.name for topic in SUNK],
            3600.0,
            lambda: datetime.now(UTC),
        )
        self._warehouse.query("SELECT 1 AS CONNECTED")

    def everything(self) -> None:
        require(self._auditor.audit_all().status.complete, "not complete")

    def new(self, loaded: dict[Chain, int] | None = None) -> None:
        status = self._auditor.audit_new(loaded).status
        findings = [part.findings for part in status.partitions if part.findings] or status.findings
        require(status.complete, findings)

    def put(self, _: int) -> None:
        """Puts a link of each partition."""
        for partition in range(PARTITIONS):
            put(self._next(partition, self.log.end))
        self.log.end += 1

    def load(self, run: int) -> None:
        """Puts a link of each partition and enters them into the ledger."""
        begin = self.log.end
        self.put(run)
        for partition in range(PARTITIONS):
            self._enter(self._next(partition, begin), partition)

    def _next(self, partition: int, offset: int) -> Link:
        return new_link(partition, SIZE, offset - BEGIN)

    def _enter(self, new: Link, partition: int) -> None:
        head = self._store.head(str(new.key))
        self._warehouse.execute(
            LEDGER_ROW,
            (TOPIC, TOPIC_ID, partition, new.first, new.last, str(new.key), head.etag if head else ""),
        )

    def close(self) -> None:
        self._warehouse.close()


def main() -> None:
    count_statements()
    cycles = Cycles()
    calls()
    SENT.clear()
    begun = time.perf_counter()
    cycles.everything()
    show("auditor: everything, at the start and once a day", time.perf_counter() - begun, calls())
    cycles.new()
    measure("auditor: at rest", cycles.new)
    measure(
        "auditor: after a load of 6",
        lambda: cycles.new({Chain(TOPIC, TOPIC_ID, each): cycles.log.end - 1 for each in range(PARTITIONS)}),
        cycles.load,
    )
    measure("auditor: 6 new objects, not loaded yet", cycles.new, cycles.put)
    cycles.close()


if __name__ == "__main__":
    main()

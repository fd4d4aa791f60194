"""The auditor's cycles: everything, at rest, with six new objects, and with the warehouse after a load of six objects. Kafka is stood in for."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from growth.history import PARTITIONS, TOPIC, TOPIC_ID, new_link, require, rows_of
from growth.probe import SENT, SIZE, calls, measure, put, tell
from growth.statements import count_statements
from stock_auditor.auditor import Auditor
from stock_auditor.bucket import BucketReader
from stock_auditor.evidence import Log
from stock_auditor.warehouse import WarehouseReader
from stock_common.links import Link
from stock_common.topics import SUNK
from stock_kafka.cluster import TopicState
from stock_objects.chain import Chain
from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore
from stock_warehouse.config import WarehouseSettings
from stock_warehouse.session import Warehouse

LOADED_BEFORE = int(os.environ["GROWTH_RUNS"])
"""The loader's probe, which runs first, has loaded so many links of each partition."""
BEGIN = SIZE // PARTITIONS * rows_of(SIZE)
"""The first offset behind the history."""
LEDGER_ROW = """\
INSERT INTO RAW.LOADED_FILES
  (TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST, OBJECT_KEY, ETAG, STATUS, OBJECT_TIME)
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


def main() -> None:
    count_statements()
    warehouse, log = Warehouse(WarehouseSettings(), "auditor"), FullLog()  # type: ignore[call-arg]
    store = ObjectStore(ObjectSettings())  # type: ignore[call-arg]
    auditor = Auditor(WarehouseReader(warehouse), BucketReader(store), log, [topic.name for topic in SUNK], 3600.0, lambda: datetime.now(UTC))
    warehouse.query("SELECT 1 AS CONNECTED")

    def complete(loaded: dict[Chain, int] | None) -> None:
        status = auditor.audit_new(loaded).status
        require(status.complete, [part.findings for part in status.partitions if part.findings] or status.findings)

    def put_more(_: int) -> None:
        for partition in range(PARTITIONS):
            put(new_link(partition, SIZE, log.end - BEGIN))
        log.end += 1

    def load(run: int) -> None:
        ledgered = log.end
        put_more(run)
        for partition in range(PARTITIONS):
            new = new_link(partition, SIZE, ledgered - BEGIN)
            enter(new, partition)

    def enter(new: Link, partition: int) -> None:
        head = store.head(str(new.key))
        warehouse.execute(LEDGER_ROW, (TOPIC, TOPIC_ID, partition, new.first, new.last, str(new.key), head.etag if head else ""))

    calls()
    SENT.clear()
    begun = time.perf_counter()
    require(auditor.audit_all().status.complete, "not complete")
    tell("auditor: everything, at the start and once a day", time.perf_counter() - begun, calls())
    complete(None)
    measure("auditor: at rest", lambda: complete(None))
    measure("auditor: after a load of 6", lambda: complete({Chain(TOPIC, TOPIC_ID, each): log.end - 1 for each in range(PARTITIONS)}), load)
    measure("auditor: 6 new objects, not loaded yet", lambda: complete(None), put_more)
    warehouse.close()


if __name__ == "__main__":
    main()

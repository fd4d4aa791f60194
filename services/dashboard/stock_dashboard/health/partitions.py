"""Each partition in Kafka, S3 and the warehouse, from what the services report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from stock_common.status import AuditStatus, ChainStatus, Loaded, LoaderStatus, PartitionVerdict
from stock_common.topics import SUNK
from stock_dashboard.live.store import LiveStore


class PartitionRow(NamedTuple):
    """One partition in all stages. kafka, s3, warehouse: last offsets, -1 for none, None for not known."""

    topic: str
    partition: int
    kafka: int | None
    s3: int | None
    warehouse: int | None
    s3_time: datetime | None
    warehouse_time: datetime | None
    verdict: PartitionVerdict | None

    @property
    def holes(self) -> int | None:
        """Offsets that hold no record."""
        return self.verdict.holes if self.verdict else None

    @property
    def missing(self) -> int | None:
        return self.verdict.missing if self.verdict else None

    @property
    def doubled(self) -> int | None:
        return self.verdict.doubled if self.verdict else None

    @property
    def on_the_way(self) -> int | None:
        """Records that the last stage does not hold yet, S3 where nothing is known of the warehouse.

        From the same offsets as the row's: the auditor's own count is of its last audit.
        """
        reached = self.s3 if self.warehouse is None else self.warehouse
        return None if self.kafka is None or reached is None else max(0, self.kafka - reached)


def partitions(
    ends: dict[int, int],
    chains: Sequence[ChainStatus],
    loader: LoaderStatus | None,
    audit: AuditStatus | None,
    topic: str,
) -> list[PartitionRow]:
    """A topic's partitions that any service has reported, by number. `ends`: partition → end offset."""
    put = {chain.partition: chain for chain in chains if chain.topic == topic}
    loaded = {part.partition: part for part in loader.partitions if part.topic == topic} if loader else {}
    judged = {part.partition: part for part in audit.partitions if part.topic == topic} if audit else {}
    return [
        _row(topic, number, ends.get(number), put.get(number), loaded.get(number), judged.get(number))
        for number in sorted({*ends, *put, *loaded, *judged})
    ]


def _row(
    topic: str,
    number: int,
    end: int | None,
    chain: ChainStatus | None,
    loaded: Loaded | None,
    verdict: PartitionVerdict | None,
) -> PartitionRow:
    # Several services report the same offset at different times: the greatest one is the newest.
    kafka_end = _greatest(end, verdict.kafka_end if verdict else None)
    return PartitionRow(
        topic,
        number,
        None if kafka_end is None else kafka_end - 1,
        _greatest(chain.last_offset if chain else None, verdict.s3_last if verdict else None),
        _greatest(loaded.last_offset if loaded else None, verdict.warehouse_last if verdict else None),
        chain.last_kafka_time if chain else None,
        loaded.last_kafka_time if loaded else None,
        verdict,
    )


def _greatest(*offsets: int | None) -> int | None:
    return max((offset for offset in offsets if offset is not None), default=None)


def all_partitions(store: LiveStore) -> list[PartitionRow]:
    """Every partition of the topics that go to the warehouse."""
    chains, loader, audit = store.chains(), store.loader(), store.audit()
    return [
        row for topic in SUNK for row in partitions(store.ends(topic.name), chains, loader, audit, topic.name)
    ]

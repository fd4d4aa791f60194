from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stock_common.status import ChainStatus, Loaded, LoaderStatus
from stock_common.topics import ALERTS, QUOTES
from stock_stack.counts import Counts, Place, stages
from stock_stack.terminal import live_line

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def chain(topic: str, partition: int, last: int) -> ChainStatus:
    return ChainStatus(
        at=NOW,
        topic=topic,
        topic_id="0" * 32,
        partition=partition,
        last_offset=last,
        last_object=None,
        put_at=NOW,
        last_kafka_time=NOW,
        buffered=0,
    )


def loader(*loaded: tuple[str, int, int]) -> LoaderStatus:
    partitions = [
        Loaded(topic=t, topic_id="0" * 32, partition=p, last_offset=last, rows=last + 1, last_kafka_time=NOW)
        for t, p, last in loaded
    ]
    return LoaderStatus(
        at=NOW,
        loads=1,
        loaded_at=NOW,
        interval_seconds=5,
        partitions=partitions,
        quarantined=0,
        warehouse_seconds_today=0,
    )


def test_stages_count_the_next_offsets() -> None:
    kafka: dict[Place, int] = {(QUOTES.name, 0): 10, (QUOTES.name, 1): 5, (ALERTS.name, 0): 2}
    counts = stages(
        [
            chain(QUOTES.name, 0, 9),
            chain(QUOTES.name, 1, -1),
            loader((QUOTES.name, 0, 7), (ALERTS.name, 0, 1)),
        ],
        kafka,
    )
    assert (counts.quotes(counts.kafka), counts.quotes(counts.s3), counts.quotes(counts.snowflake)) == (
        15,
        10,
        8,
    )
    assert counts.newest == NOW


DRAINED = {
    "nothing yet": ({("stock-data", 0): 0}, {}, {}, True),
    "all": ({("stock-data", 0): 3}, {("stock-data", 0): 3}, {("stock-data", 0): 3}, True),
    "not on S3": ({("stock-data", 0): 3}, {("stock-data", 0): 2}, {("stock-data", 0): 2}, False),
    "not in Snowflake": ({("stock-data", 0): 3}, {("stock-data", 0): 3}, {}, False),
    "an alert is left": (
        {("stock-data", 0): 0, ("stock-alerts", 1): 1},
        {("stock-alerts", 1): 1},
        {("stock-alerts", 1): 0},
        False,
    ),
}


@pytest.mark.parametrize("case", DRAINED)
def test_drained_is_every_partition_in_every_stage(case: str) -> None:
    kafka, s3, snowflake, drained = DRAINED[case]
    assert Counts(kafka, s3, snowflake).drained() is drained


LINES = {
    "before the first load": (
        Counts({("stock-data", 0): 120}, {}, {}),
        "quotes: Kafka 120 · S3 0 · Snowflake 0 · 120 not loaded yet · no quote loaded yet",
    ),
    "running": (
        Counts(
            {("stock-data", 0): 1440},
            {("stock-data", 0): 1320},
            {("stock-data", 0): 1200},
            NOW - timedelta(seconds=6),
        ),
        "quotes: Kafka 1,440 · S3 1,320 · Snowflake 1,200 · 240 not loaded yet · newest loaded 6 s old",
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_the_line_has_counts_lag_and_age(case: str) -> None:
    counts, line = LINES[case]
    assert live_line(counts, NOW) == line

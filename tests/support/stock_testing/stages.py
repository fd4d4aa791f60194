"""The three stages compared by hand: Kafka, S3 and Snowflake hold the same offsets of the quotes."""

from __future__ import annotations

import io

import pyarrow.parquet as parquet

from stock_common.keys import topic_prefix
from stock_common.topics import QUOTES
from stock_testing.pipeline import Pipeline

LEAST = 240
SPANS = """
SELECT kafka_partition AS p, COUNT(*) AS n, COUNT(DISTINCT kafka_offset) AS d,
  MIN(kafka_offset) AS first, MAX(kafka_offset) AS last
FROM STOCKS.RAW.STOCK_QUOTES GROUP BY kafka_partition
"""
SYMBOLS = "SELECT COUNT(DISTINCT symbol) AS n FROM STOCKS.RAW.STOCK_QUOTES"


def check_stages_hold_the_same(pipeline: Pipeline) -> None:
    """Stops the producer meanwhile. Raises AssertionError when an offset is missing or doubled in a stage."""
    with pipeline.still() as counts:
        kafka = {place[1]: end for place, end in counts.kafka.items() if place[0] == QUOTES.name and end}
        assert sum(kafka.values()) >= LEAST
        assert offsets_on_s3(pipeline) == {place: list(range(end)) for place, end in kafka.items()}
        rows = {int(place): tuple(counted) for place, *counted in pipeline.query(SPANS)}
        assert rows == {place: (end, end, 0, end - 1) for place, end in kafka.items()}
        assert pipeline.query(SYMBOLS)[0][0] >= pipeline.symbols
        pipeline.check_complete()


def offsets_on_s3(pipeline: Pipeline) -> dict[int, list[int]]:
    """Partition → the offsets in its objects, in order."""
    found: dict[int, list[int]] = {}
    for _, body, _ in pipeline.objects(topic_prefix(QUOTES.name)):
        table = parquet.read_table(io.BytesIO(body), columns=["kafka_partition", "kafka_offset"])
        for partition, offset in zip(*(column.to_pylist() for column in table.columns), strict=True):
            found.setdefault(partition, []).append(offset)
    return {partition: sorted(offsets) for partition, offsets in found.items()}

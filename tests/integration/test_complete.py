"""All three stages hold the same offsets, counted by hand and by the auditor."""

from __future__ import annotations

import io

import pyarrow.parquet as parquet
from pipeline import Pipeline

from stock_common.keys import topic_prefix
from stock_common.topics import QUOTES
from stock_stack.site import BUCKET


def test_kafka_s3_and_snowflake_hold_the_same_quotes(pipeline: Pipeline) -> None:
    with pipeline.still() as counts:
        kafka = {partition: end for (topic, partition), end in counts.kafka.items() if topic == QUOTES.name and end}
        assert sum(kafka.values()) >= 240

        offsets: dict[int, list[int]] = {}
        bucket = pipeline.bucket()
        for page in bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=topic_prefix(QUOTES.name)):
            for entry in page.get("Contents", []):
                body = bucket.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                table = parquet.read_table(io.BytesIO(body), columns=["kafka_partition", "kafka_offset"])
                for partition, offset in zip(*(column.to_pylist() for column in table.columns), strict=True):
                    offsets.setdefault(partition, []).append(offset)
        assert {partition: sorted(held) for partition, held in offsets.items()} == {partition: list(range(end)) for partition, end in kafka.items()}

        rows = pipeline.query(
            "SELECT kafka_partition AS p, COUNT(*) AS n, COUNT(DISTINCT kafka_offset) AS d, MIN(kafka_offset) AS first, MAX(kafka_offset) AS last "
            "FROM STOCKS.RAW.STOCK_QUOTES GROUP BY kafka_partition"
        )
        assert {int(p): (n, d, first, last) for p, n, d, first, last in rows} == {p: (end, end, 0, end - 1) for p, end in kafka.items()}

        (symbols,) = pipeline.query("SELECT COUNT(DISTINCT symbol) AS n FROM STOCKS.RAW.STOCK_QUOTES")[0]
        assert symbols >= pipeline.symbols

        verdict = pipeline.audit()
        assert verdict["exit_code"] == 0, verdict

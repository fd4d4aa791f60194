"""The loop that most people write: poll, json.loads, a table, a put for each 10,000.

Arguments: brokers, topic, partitions, records, bucket.
"""

from __future__ import annotations

import io
import json
import os
import sys

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config
from confluent_kafka import Consumer, TopicPartition
from measure import Run

BATCH = 10_000


def main() -> None:
    brokers, topic, partitions, records, bucket = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
    )
    s3 = boto3.client(
        "s3",
        endpoint_url=os.environ["S3_ENDPOINT_URL"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    run, seen, rows = Run(), 0, []
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": "common-loop", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    run.begin()
    while seen < records:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        rows.append(json.loads(message.value()))
        seen += 1
        if len(rows) == BATCH or seen == records:
            file = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows), file, compression="zstd")
            s3.put_object(Bucket=bucket, Key=f"{topic}/{seen:012d}.parquet", Body=file.getvalue())
            consumer.commit(asynchronous=True)
            rows.clear()
    run.done(seen)
    consumer.close()


if __name__ == "__main__":
    main()

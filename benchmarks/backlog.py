"""A stack of Kafka and S3 alone, and a backlog of quotes on `stock-data` as the producer would have left it."""

from __future__ import annotations

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from confluent_kafka import Consumer, Producer, TopicPartition

from stock_common.topics import QUOTES
from stock_stack.ports import free
from stock_stack.site import Site
from stock_stack.stack import Stack

SYMBOLS = 600
"""Enough that the six partitions hold about the same."""
SLICE = 20_000
SEED = 1
START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def quotes(count: int, seed: int = SEED) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of `count` quotes of about 390 bytes in the producer's own form: prices that walk, ids that are random."""
    rand = random.Random(seed)
    prices = {f"{chr(65 + n % 26)}{chr(65 + n // 26)}{n:03d}": rand.uniform(5, 900) for n in range(SYMBOLS)}
    symbols = list(prices)
    for n in range(count):
        symbol = symbols[n % SYMBOLS]
        price = prices[symbol] = prices[symbol] * rand.gauss(1, 0.0005)
        at = START + timedelta(microseconds=n * 1_700 + rand.randrange(1_000))
        text = at.strftime("%Y-%m-%dT%H:%M:%S")
        value = (
            f'{{"event_id":"{uuid.UUID(int=rand.getrandbits(128), version=5)}","symbol":"{symbol}","price":{price:.4f},'
            f'"open":{price * 0.99:.4f},"high":{price * 1.01:.4f},"low":{price * 0.98:.4f},"previous_close":{price * 1.003:.4f},'
            f'"volume":{rand.randrange(10_000_000)},"trading_day":"2026-11-20","quoted_at":"{text}.{at.microsecond // 1000 * 1000:06d}Z",'
            f'"fetched_at":"{text}.{at.microsecond:06d}Z","source":"alphavantage","endpoint":"REALTIME_BULK_QUOTES",'
            '"entitlement":"realtime","session":"regular"}'
        )
        yield symbol.encode(), value.encode()


class Backlog:
    """The running stack and what a benchmark asks of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.environment = stack.environment("s3-sink")

    @property
    def brokers(self) -> str:
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    def fill(self, count: int) -> None:
        """Produces `count` quotes, compressed as the producer compresses. Raises RuntimeError when one is not delivered."""
        faults: list[str] = []
        producer = Producer(
            {
                "bootstrap.servers": self.brokers,
                "compression.type": "lz4",
                "linger.ms": 20,
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": 4 * SLICE,
            }
        )
        for number, (key, value) in enumerate(quotes(count)):
            producer.produce(QUOTES.name, value, key, on_delivery=lambda error, _: error and faults.append(str(error)))
            if number % SLICE == 0:
                producer.flush()
        if producer.flush(60) or faults:
            raise RuntimeError(f"quotes not delivered: {faults[:1]}")

    def ends(self) -> dict[int, int]:
        """Partition → the log's end."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": "bench-ends"})
        try:
            return {number: consumer.get_watermark_offsets(TopicPartition(QUOTES.name, number), 10)[1] for number in range(QUOTES.partitions)}
        finally:
            consumer.close()

    def s3(self) -> Any:
        env = self.environment
        return boto3.client(
            "s3",
            endpoint_url=env["S3_ENDPOINT_URL"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def make_bucket(self, name: str) -> None:
        self.s3().create_bucket(Bucket=name)

    def drop_bucket(self, name: str) -> None:
        """Removes the bucket and what is in it, so that a run leaves the S3 server as it found it."""
        client = self.s3()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
                client.delete_objects(Bucket=name, Delete={"Objects": keys})
        client.delete_bucket(Bucket=name)


@contextmanager
def backlog(count: int) -> Iterator[Backlog]:
    """A stack of ZooKeeper, Kafka and S3 with `count` quotes, gone at the end."""
    data = Path(tempfile.mkdtemp(prefix="stock-bench-"))
    try:
        with Stack(Site(data, free(), {}), lambda _: None) as stack:
            stack.start("topics", "bucket")
            held = Backlog(stack)
            held.fill(count)
            yield held
    finally:
        shutil.rmtree(data, ignore_errors=True)

"""A stack of Kafka and S3 alone, with a backlog of quotes on `stock-data` in the producer's form."""

from __future__ import annotations

import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from stock_common.topics import QUOTES
from stock_kafka.sender import Outgoing, deliver
from stock_stack.bucket import s3_client
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.stack import Stack
from stock_testing.messages import ends

SYMBOLS = 600
"""Enough that the six partitions hold about the same."""
SLICE = 20_000
DELIVERY_SECONDS = 60.0
SEED = 1
START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def quotes(count: int, seed: int = SEED, most: int = SYMBOLS) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of `count` quotes of 390 bytes in the producer's form. Prices walk, ids are random.

    most: so many symbols.
    """
    rand = random.Random(seed)
    prices = {f"{chr(65 + n % 26)}{chr(65 + n // 26)}{n:03d}": rand.uniform(5, 900) for n in range(most)}
    symbols = list(prices)
    for n in range(count):
        symbol = symbols[n % most]
        price = prices[symbol] = prices[symbol] * rand.gauss(1, 0.0005)
        at = START + timedelta(microseconds=n * 1_700 + rand.randrange(1_000))
        text = at.strftime("%Y-%m-%dT%H:%M:%S")
        value = (
            f'{{"event_id":"{uuid.UUID(int=rand.getrandbits(128), version=5)}","symbol":"{symbol}",'
            f'"price":{price:.4f},"open":{price * 0.99:.4f},"high":{price * 1.01:.4f},'
            f'"low":{price * 0.98:.4f},"previous_close":{price * 1.003:.4f},'
            f'"volume":{rand.randrange(10_000_000)},"trading_day":"2026-11-20",'
            f'"quoted_at":"{text}.{at.microsecond // 1000 * 1000:06d}Z",'
            f'"fetched_at":"{text}.{at.microsecond:06d}Z","source":"alphavantage",'
            '"endpoint":"REALTIME_BULK_QUOTES",'
            '"entitlement":"realtime","session":"regular","currency":"USD"}'
        )
        yield symbol.encode(), value.encode()


class Backlog:
    """The running stack, with what benchmarks need of Kafka and S3."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.environment = stack.environment("s3-sink")

    @property
    def brokers(self) -> str:
        return self.environment["KAFKA_BOOTSTRAP_SERVERS"]

    def fill(self, count: int, symbols: int = SYMBOLS) -> None:
        """Produces `count` quotes of so many symbols, compressed as the producer does.

        Raises Undelivered when one is missing.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.brokers,
                "compression.type": "lz4",
                "linger.ms": 20,
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": 4 * SLICE,
            }
        )
        messages = (Outgoing(QUOTES.name, value, key) for key, value in quotes(count, most=symbols))
        while part := list(islice(messages, SLICE)):
            deliver(producer, part, DELIVERY_SECONDS)

    def ends(self) -> dict[int, int]:
        """Partition → the log's end."""
        return ends(self.brokers, QUOTES)

    def s3(self) -> Any:
        return s3_client(self.environment)

    def make_bucket(self, name: str) -> None:
        self.s3().create_bucket(Bucket=name)

    def drop_bucket(self, name: str) -> None:
        """Removes the bucket with its objects, so that a run leaves nothing on the S3 server."""
        client = self.s3()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
                client.delete_objects(Bucket=name, Delete={"Objects": keys})
        client.delete_bucket(Bucket=name)


@contextmanager
def backlog(count: int, symbols: int = SYMBOLS) -> Iterator[Backlog]:
    """A stack of ZooKeeper, Kafka and S3 with `count` quotes of so many symbols, gone at the end."""
    data = Path(tempfile.mkdtemp(prefix="stock-bench-"))
    try:
        with Stack(Layout(data, free(), {}), lambda _: None) as stack:
            stack.start("topics", "bucket")
            held = Backlog(stack)
            held.fill(count, symbols)
            yield held
    finally:
        shutil.rmtree(data, ignore_errors=True)
